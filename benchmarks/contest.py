"""Measures targets in turn: the data, the load and the servers run, and each round begins with another target."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backing import Backing, open_backing
from benchmarks.gateway_server import production_settings
from benchmarks.load import Load, Result, ask
from benchmarks.processes import Process, core_seconds
from benchmarks.seeding import ACCOUNTS, migrate, seed
from benchmarks.servers import Target
from benchmarks.table import Round, Row

_CHECKED = (1, 2, 777)


@dataclass(frozen=True)
class Bench:
    """What a measurement needs: the data, the load, and a folder that is gone afterwards."""

    backing: Backing
    load: Load
    folder: Path
    server_cores: str


@dataclass(frozen=True)
class Options:
    """How long and how often everything is measured."""

    rounds: int
    seconds: float


@contextmanager
def open_bench(server_cores: str, load_cores: str, accounts: int = ACCOUNTS) -> Iterator[Bench]:
    """Data for `accounts` accounts, ready to be served."""
    with tempfile.TemporaryDirectory(prefix="account-gateway-bench-") as name:
        folder = Path(name)
        load = Load(folder, load_cores)
        with open_backing(folder, load_cores) as backing:
            migrate(production_settings(backing, folder), folder)
            seed(backing, accounts)
            yield Bench(backing, load, folder, server_cores)


class Contest:
    """Targets whose servers run, each measured when asked."""

    def __init__(self, bench: Bench, connections: int, sessions: int) -> None:
        self._bench = bench
        self._connections = connections
        self._sessions = sessions
        self._running: dict[str, tuple[Process, int]] = {}
        self.rows: dict[str, Row] = {}

    def add(self, target: Target, stack: ExitStack) -> None:
        """Start the target's server, if it is not running yet, and look at what it answers."""
        server = target.server
        if server.name not in self._running:
            process, port = server.start(self._bench.backing, self._bench.server_cores, self._bench.folder)
            stack.callback(process.stop)
            self._running[server.name] = process, port
        size = self.check(target)
        self.rows[target.name] = Row(target.name, target.title, size, target.answer_size_tolerance)
        numbers = range(1, self._sessions + 1)
        self._bench.load.prepare(target.name, [target.build(number) for number in numbers])

    def check(self, target: Target) -> int:
        """Hold a few answers against the data; how long one is."""
        _, port = self._running[target.server.name]
        size = 0
        for number in _CHECKED[: self._sessions]:
            answer = ask(port, target.build(number))
            target.check(number, answer)
            size = answer.size
        return size

    def run(self, target: Target, seconds: float) -> Round:
        """One run against one target."""
        process, port = self._running[target.server.name]
        before = self._read_meters(process)
        result = self._send(target, port, seconds)
        after = self._read_meters(process)
        one = Round(result, *(late - early for early, late in zip(before, after, strict=True)))
        self.rows[target.name].resident_mib = process.resident_mib()
        process.empty_log()
        return one

    def measure(self, target: Target, seconds: float) -> None:
        """One round, kept; the answers are looked at again afterwards."""
        self.rows[target.name].rounds.append(self.run(target, seconds))
        self.check(target)

    def _read_meters(self, process: Process) -> tuple[float, float, float, float]:
        bench = self._bench
        used = core_seconds(bench.server_cores)
        return process.cpu_seconds(), bench.backing.cpu_seconds(), used, time.monotonic()

    def _send(self, target: Target, port: int, seconds: float) -> Result:
        load = self._bench.load
        return load.run(load.script(target.name), port, connections=self._connections, seconds=seconds)


def contest(
    bench: Bench, targets: Sequence[Target], *, rounds: int, seconds: float, connections: int, sessions: int
) -> list[Row]:
    """Measure `targets` in turn, `rounds` times, each round beginning with another one."""
    with ExitStack() as stack:
        running = Contest(bench, connections, sessions)
        for target in targets:
            say(f"starting {target.name}")
            running.add(target, stack)
            running.run(target, min(seconds, 2))
        for number in range(rounds):
            turn = number % len(targets)
            for target in [*targets[turn:], *targets[:turn]]:
                running.measure(target, seconds)
                rate = running.rows[target.name].rounds[-1].result.rate
                say(f"round {number + 1}/{rounds} {target.name}: {rate:,.0f} req/s")
        return list(running.rows.values())


def say(text: str) -> None:
    """Tell who waits how far it is; not part of the result."""
    print(text, file=sys.stderr, flush=True)
