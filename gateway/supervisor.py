"""The process above several workers: it starts another one where one dies, and says so as an error."""

from pathlib import Path
from socket import socket

import structlog
from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from gateway.shared_metrics import forget_worker

_log = structlog.get_logger("gateway.supervisor")


class Supervisor(Multiprocess):
    """uvicorn's, which calls the death of a worker information. `metrics` is where the workers count."""

    def __init__(self, config: Config, sockets: list[socket], metrics: Path) -> None:
        super().__init__(config, sockets)
        self._metrics = metrics

    def terminate_all(self) -> None:
        """Tell every worker to end, and let go of the sockets before.

        uvicorn's keeps them to its own end. Whoever connects after the last worker has stopped listening would be
        accepted by nobody and wait for the whole grace period, instead of being refused and going to another replica.
        """
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that died or hung."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if old is not new and old.pid is not None:
                forget_worker(old.pid, self._metrics)
                # A negative code is the signal that ended it; one that hung was ended by 9.
                _log.error("worker.died", pid=old.pid, exit_code=old.exitcode, successor=new.pid)
