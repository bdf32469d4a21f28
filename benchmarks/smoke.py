"""Speed and size at a glance, each figure with its target: `python -m benchmarks.smoke` (about a minute).

The embedded default, as `make run` serves it. Needs nothing but the gateway. Exits with 0 unless it cannot run: a busy
machine is no fault of the code.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import further_targets
from benchmarks.gateway_server import (
    DEVELOPMENT_COOKIE,
    embedded_settings,
    import_path,
    start_gateway,
)
from benchmarks.load import ask
from benchmarks.machine import describe_machine
from benchmarks.processes import BenchmarkError, Process, free_port, start, wait_for_port
from benchmarks.seeding import migrate, seed_embedded
from benchmarks.servers import OURS as ANY_SERVER
from benchmarks.servers import Target, me_request
from resolvers.captchas import draw_captcha

_ACCOUNTS = 9_010
_STARTS = 3
_CAPTCHAS = 200
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    value: float
    target: float | None
    unit: str

    def __str__(self) -> str:
        """The line."""
        shown = f"{self.name:<70} {self.value:9.2f} {self.unit:<4}"
        if self.target is None:
            return shown
        return (
            f"{shown} target < {self.target:g} {self.unit}: {'met' if self.value < self.target else 'MISSED'}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smoke", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4, help="of each storm")
    options = parser.parse_args()
    server_cores, load_cores = _choose_cores()
    print("\n".join(f"- {line}" for line in describe_machine()))
    print(f"- server on core {server_cores}, load on core {load_cores}\n")
    try:
        with tempfile.TemporaryDirectory(prefix="account-gateway-smoke-") as name:
            for figure in measure(Path(name), server_cores, load_cores, options.seconds):
                print(figure, flush=True)
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")


def measure(folder: Path, server_cores: str, load_cores: str, seconds: float) -> Iterator[Figure]:
    """Every figure, as soon as it is there."""
    starts = [measure_start(folder / f"start-{number}", server_cores) for number in range(_STARTS)]
    yield Figure("start-up to first answer, database made anew", median(one.first for one in starts), 2, "s")
    yield Figure("start-up to first answer, database there", median(one.again for one in starts), 2, "s")
    yield Figure("  of it CPU", median(one.again_cpu for one in starts), None, "s")
    yield Figure("one worker, idle, resident", median(one.resident_mib for one in starts), 120, "MiB")
    yield Figure("captcha picture, CPU", median(_time_captcha() for _ in range(_CAPTCHAS)), 5, "ms")
    os.sched_setaffinity(0, {int(core) for core in load_cores.split(",")})
    yield from measure_stalls(folder / "stalls", server_cores, seconds)


@dataclass(frozen=True)
class Start:
    """Seconds to the first answer with a new database, with one that is there, and CPU of the latter."""

    first: float
    again: float
    again_cpu: float
    resident_mib: float


def measure_start(folder: Path, cores: str) -> Start:
    """Start twice on one data directory."""
    folder.mkdir()
    first, _, _ = _start_once(folder, cores)
    return Start(first, *_start_once(folder, cores))


def _start_once(folder: Path, cores: str) -> tuple[float, float, float]:
    started = time.monotonic()
    process, port = start_gateway("gateway", embedded_settings(folder), cores=cores, folder=folder)
    try:
        ask(port, me_request(1, DEVELOPMENT_COOKIE))
        seconds, cpu = time.monotonic() - started, process.cpu_seconds()
        # Idle is what it is when everything that start-up left over is done.
        time.sleep(1)
        return seconds, cpu, process.resident_mib()
    finally:
        process.stop()


def measure_stalls(folder: Path, cores: str, seconds: float) -> Iterator[Figure]:
    """How long the event loop was held up while nothing, and while much, was asked."""
    folder.mkdir()
    settings = embedded_settings(folder)
    migrate(settings, folder)
    seed_embedded(folder / "data" / "gateway.db", _ACCOUNTS)
    sign_in, captcha = further_targets.sign_in(ANY_SERVER), further_targets.captcha(ANY_SERVER)
    avatar = further_targets.avatar(ANY_SERVER, DEVELOPMENT_COOKIE)
    storms: dict[str, Sequence[tuple[Target, int]]] = {
        "nothing asked": (),
        "16 connections sign in": ((sign_in, 16),),
        "8 connections fetch captchas": ((captcha, 8),),
        "4 connections upload photographs": ((avatar, 4),),
        "all of them at once": ((sign_in, 16), (captcha, 8), (avatar, 4)),
    }
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.stalls", str(port)]
    process = start("stalls", command, cores=cores, folder=folder, environment={**import_path(), **settings})
    try:
        wait_for_port(process, port)
        _take_report(process)
        for name, storm in storms.items():
            answers, refusals = _storm(port, storm, seconds)
            report = _take_report(process)
            rate = f" ({answers / seconds:.0f}/s, {refusals} refused)" if storm else ""
            yield Figure(f"longest stall, {name}{rate}", report["longest_ms"], 50, "ms")
            yield Figure("  most CPU of the loop's own thread in one go", report["longest_cpu_ms"], 50, "ms")
    finally:
        process.stop()


def _storm(port: int, storm: Sequence[tuple[Target, int]], seconds: float) -> tuple[int, int]:
    """Ask from many threads; how many answers and how many refusals there were."""
    ends = time.monotonic() + seconds
    outcomes: list[bool] = []

    def keep_asking(target: Target, numbers: Iterator[int]) -> None:
        while time.monotonic() < ends:
            number = next(numbers)
            try:
                target.check(number, ask(port, target.build(number)))
            except (BenchmarkError, OSError):
                # Overload is answered with a refusal, which is an answer too.
                outcomes.append(False)
            else:
                outcomes.append(True)

    threads = []
    for target, connections in storm:
        for first in range(1, connections + 1):
            numbers = iter(range(first, _ACCOUNTS, connections))
            threads.append(threading.Thread(target=keep_asking, args=(target, numbers), daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    for thread in threads:
        thread.join(_TIMEOUT_SECONDS)
    if not any(outcomes) and storm:
        raise BenchmarkError("the gateway answered nothing under load")
    return outcomes.count(True), outcomes.count(False)


def _take_report(process: Process) -> dict[str, float]:
    """The next line of the heart."""
    before = _reports(process)
    process.child.send_signal(signal.SIGUSR1)
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        found = _reports(process)
        if len(found) > len(before):
            report: dict[str, float] = json.loads(found[-1])
            return report
        time.sleep(0.01)
    raise BenchmarkError("the event loop did not report in time")


def _reports(process: Process) -> list[str]:
    lines = process.log.read_text(errors="replace").splitlines()
    return [line for line in lines if line.startswith('{"beats"')]


def _time_captcha() -> float:
    started = time.thread_time()
    draw_captcha("A3CE")
    return (time.thread_time() - started) * 1000


def _choose_cores() -> tuple[str, str]:
    """One core for the server and another for the load, if there are two."""
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))]
    return cores[0], cores[-1]


if __name__ == "__main__":
    main()
