"""The table: `me` by every peer and by ours, interleaved on pinned cores. `python -m benchmarks.compare --help`.

Sets up the peers, a PostgreSQL and a Redis of its own, and takes everything down again.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backing import Backing, open_backing
from benchmarks.gateway_server import production_settings
from benchmarks.load import Load, Result, ask
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError, Process, core_seconds
from benchmarks.seeding import ACCOUNTS, migrate, seed
from benchmarks.servers import TARGETS, Target
from benchmarks.table import Round, Row, as_data, compare_table, foreign_note

_RATIOS = {"strawberry": "stock", "yoga": "yoga", "mercurius": "mercurius"}
_CHECKED = (1, 2, 777)


@dataclass(frozen=True)
class Bench:
    """What a measurement needs: the data, the load, and a folder that is gone afterwards."""

    backing: Backing
    load: Load
    folder: Path
    server_cores: str


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
        self.rows[target.name] = Row(target.name, target.title, size)
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
        bench = self._bench
        meters = (process.cpu_seconds, bench.backing.cpu_seconds, lambda: core_seconds(bench.server_cores))
        before = [meter() for meter in meters]
        result = self._send(target, port, seconds)
        one = Round(result, *(meter() - start for meter, start in zip(meters, before, strict=True)))
        self.rows[target.name].resident_mib = process.resident_mib()
        process.empty_log()
        return one

    def measure(self, target: Target, seconds: float) -> None:
        """One round, kept; the answers are looked at again afterwards."""
        self.rows[target.name].rounds.append(self.run(target, seconds))
        self.check(target)

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
            _say(f"starting {target.name}")
            running.add(target, stack)
            running.run(target, min(seconds, 2))
        for number in range(rounds):
            turn = number % len(targets)
            for target in [*targets[turn:], *targets[:turn]]:
                running.measure(target, seconds)
                rate = running.rows[target.name].rounds[-1].result.rate
                _say(f"round {number + 1}/{rounds} {target.name}: {rate:,.0f} req/s")
        return list(running.rows.values())


def choose_targets(names: str | None) -> list[Target]:
    """The targets of a list of names with commas; all without one.

    Raises:
        BenchmarkError: an unknown name.
    """
    if names is None:
        return list(TARGETS)
    known = {target.name: target for target in TARGETS}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in known]:
        raise BenchmarkError(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in asked]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    try:
        server_cores, load_cores = choose_cores(options.server_cores, options.load_cores)
        targets = choose_targets(options.only)
        for need in dict.fromkeys(need for target in targets for need in target.server.needs):
            need()
        machine = describe_machine()
        with open_bench(server_cores, load_cores) as bench:
            rows = contest(
                bench,
                targets,
                rounds=options.rounds,
                seconds=options.seconds,
                connections=options.connections,
                sessions=options.sessions,
            )
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")
    _print(rows, machine, options)
    sys.exit(1 if any(row.problems() for row in rows) else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"names with commas: {', '.join(target.name for target in TARGETS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of one target in one round, at least 1")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections")
    parser.add_argument(
        "--sessions", type=int, default=ACCOUNTS, help="how many different sessions ask in turn"
    )
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1", help="of wrk, PostgreSQL and Redis")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file as well")
    return parser


def _print(rows: Sequence[Row], machine: Sequence[str], options: argparse.Namespace) -> None:
    print("\n".join(f"- {line}" for line in [*machine, foreign_note(rows)]))
    print(
        f"- {options.rounds} interleaved rounds of {options.seconds:g} s, {options.connections} keep-alive "
        f"connections, {options.sessions:,} sessions; server on core {options.server_cores}, wrk, PostgreSQL and "
        f"Redis on core {options.load_cores}; medians (least..most)\n"
    )
    print(compare_table(rows, _RATIOS))
    for row in rows:
        for problem in row.problems():
            print(f"\nWORTHLESS: {row.name}: {problem}")
    if options.json:
        data = {"machine": list(machine), "rows": [as_data(row) for row in rows]}
        options.json.write_text(json.dumps(data, indent=1))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
