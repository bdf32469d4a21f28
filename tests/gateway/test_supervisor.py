"""What keeps several workers alive: it replaces who died or hangs, says why, and leaves who is only slow alone."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from uvicorn import Config
from uvicorn.supervisors.multiprocess import SIGNALS

from gateway.supervisor import Supervisor
from gateway.timeouts import Timeouts

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(os.name != "posix", reason="workers are stopped by signals"),
]

START_SECONDS = Timeouts().worker_start_seconds
SILENT_SECONDS = Timeouts().worker_silent_seconds


async def application(scope: object, receive: object, send: object) -> None:
    """What the workers serve: nothing; nobody calls."""


class Watched:
    """A supervisor of one worker whose clock goes on only with `tick`."""

    def __init__(self, metrics: Path) -> None:
        self._now = 0.0
        config = Config(
            "tests.gateway.test_supervisor:application", workers=1, lifespan="off", log_config=None
        )
        self.supervisor = Supervisor(config, [], metrics, clock=lambda: self._now)
        self.supervisor.init_processes()

    @property
    def pid(self) -> int:
        pid = self.supervisor.processes[0].pid
        assert pid is not None
        return pid

    def tick(self, seconds: float) -> list[Any]:
        """The supervisor looks once a second, and after that many seconds; what it logged."""
        with capture_logs() as logged:
            for _ in range(int(seconds)):
                self._now += 1
                self.supervisor.keep_subprocess_alive()
        return logged

    def stop_the_worker(self, *, once_it_answers: bool) -> None:
        """From now on it gives no sign of life."""
        if once_it_answers:
            self.tick(1)
            assert self.supervisor.processes[0].parent_conn.poll(60)
        os.kill(self.pid, signal.SIGSTOP)
        # Until then it may still answer.
        os.waitpid(self.pid, os.WUNTRACED)

    def skip(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    watched = Watched(tmp_path)
    try:
        yield watched
    finally:
        for worker in watched.supervisor.processes:
            worker.kill()
            worker.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_worker_may_start_slowly(watched: Watched) -> None:
    watched.stop_the_worker(once_it_answers=False)
    first = watched.pid

    assert watched.tick(START_SECONDS - 1) == []
    assert watched.pid == first


def test_worker_that_never_gives_a_sign_of_life_is_replaced_and_the_log_says_why(watched: Watched) -> None:
    watched.stop_the_worker(once_it_answers=False)
    first = watched.pid

    (line,) = watched.tick(START_SECONDS + 1)

    assert watched.pid != first
    assert (line["event"], line["log_level"], line["pid"]) == ("worker.died", "error", first)
    assert (line["exit_code"], line["successor"]) == (-signal.SIGKILL, watched.pid)
    assert line["reason"] == f"killed: it gave no sign of life for {START_SECONDS:g} s"


def test_worker_that_falls_silent_is_replaced_sooner(watched: Watched) -> None:
    watched.stop_the_worker(once_it_answers=True)
    first = watched.pid

    assert watched.tick(SILENT_SECONDS) == []
    (line,) = watched.tick(2)

    assert watched.pid != first
    assert line["reason"] == f"killed: it gave no sign of life for {SILENT_SECONDS:g} s"


def test_pause_of_the_whole_machine_is_no_silence_of_the_worker(watched: Watched) -> None:
    watched.stop_the_worker(once_it_answers=True)
    first = watched.pid
    watched.tick(2)

    watched.skip(10 * START_SECONDS)

    assert watched.tick(2) == []
    assert watched.pid == first


def test_worker_that_was_killed_by_somebody_else_is_told_apart(watched: Watched) -> None:
    first = watched.supervisor.processes[0]
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    first.join()

    (line,) = watched.tick(1)

    assert (line["reason"], line["exit_code"]) == ("it ended", -signal.SIGKILL)
    assert watched.pid != first.pid


def test_line_of_a_worker_that_does_not_read_never_blocks(watched: Watched) -> None:
    watched.stop_the_worker(once_it_answers=False)

    for _ in range(2_000):
        watched.supervisor.keep_subprocess_alive()

    assert watched.supervisor.processes[0].process.is_alive()
