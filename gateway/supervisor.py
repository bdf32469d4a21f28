"""The process above several workers: it starts another one where one dies or hangs, and says why as an error."""

import time
from collections.abc import Callable
from pathlib import Path
from socket import socket

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from gateway.shared_metrics import forget_worker
from gateway.timeouts import Timeouts

# A check that comes later was held up itself, perhaps with the whole machine, which is no silence of the worker's.
_LONGEST_TICK_SECONDS = 2

_log = structlog.get_logger("gateway.supervisor")


class SignsOfLife:
    """What a worker's watching thread answers; asked without waiting, since a stop must not wait for a worker."""

    def __init__(self, worker: Process, timeouts: Timeouts) -> None:
        self._worker = worker
        self._timeouts = timeouts
        self._is_asked = False
        self._silent_seconds = 0.0
        self._allowed_seconds = timeouts.worker_start_seconds

    def find_fault(self, elapsed_seconds: float) -> str | None:
        """Why the worker has to be replaced, if it has; `elapsed_seconds` since this was asked last."""
        if not self._worker.process.is_alive():
            return "it ended"
        self._silent_seconds += elapsed_seconds
        try:
            self._ask()
        except (OSError, EOFError):
            return "killed: it closed the line to its supervisor"
        if self._silent_seconds > self._allowed_seconds:
            return f"killed: it gave no sign of life for {self._allowed_seconds:g} s"
        return None

    def _ask(self) -> None:
        line = self._worker.parent_conn
        if line.poll(0):
            line.recv()
            self._is_asked, self._silent_seconds = False, 0.0
            self._allowed_seconds = self._timeouts.worker_silent_seconds
        # One question at a time, or the line of one that does not read would fill up and block us.
        if not self._is_asked:
            line.send(b"ping")
            self._is_asked = True


class Supervisor(Multiprocess):
    """uvicorn's, which gives a worker 5 s for each answer and calls its death information.

    `metrics` is where the workers count; `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        config: Config,
        sockets: list[socket],
        metrics: Path,
        clock: Callable[[], float] = time.monotonic,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        super().__init__(config, sockets)
        self._metrics = metrics
        self._clock = clock
        self._timeouts = timeouts
        self._checked_at = clock()
        self._signs: dict[Process, SignsOfLife] = {}

    def terminate_all(self) -> None:
        """Tell every worker to end, and let go of the sockets before.

        uvicorn's keeps them to its own end. Whoever connects after the last worker has stopped listening would be
        accepted by nobody and wait for the whole grace period, instead of being refused and going to another replica.
        """
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that died or hung; one that cannot start ends all, for another would not either."""
        now = self._clock()
        elapsed_seconds, self._checked_at = min(now - self._checked_at, _LONGEST_TICK_SECONDS), now
        self._signs = {
            worker: self._signs.get(worker) or SignsOfLife(worker, self._timeouts)
            for worker in self.processes
        }
        for place, (worker, signs) in enumerate(self._signs.items()):
            reason = None if self.should_exit.is_set() else signs.find_fault(elapsed_seconds)
            if reason is not None:
                self._replace(place, worker, reason)

    def _replace(self, place: int, worker: Process, reason: str) -> None:
        worker.kill()
        worker.join()
        if worker.exitcode == STARTUP_FAILURE:
            _log.error("worker.cannot_start", pid=worker.pid)
            self.should_exit.set()
            return
        successor = Process(self.config, self.sockets)
        successor.start()
        self.processes[place] = successor
        if worker.pid is not None:
            forget_worker(worker.pid, self._metrics)
        # A negative code is the signal that ended it.
        _log.error(
            "worker.died", pid=worker.pid, exit_code=worker.exitcode, reason=reason, successor=successor.pid
        )
