"""The table: `me` by every peer and by ours, interleaved on pinned cores. `python -m benchmarks.compare --help`.

Sets up the peers, a PostgreSQL and a Redis of its own, and takes everything down again.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import contest, open_bench
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import ACCOUNTS
from benchmarks.servers import TARGETS, Target
from benchmarks.table import Row, as_data, compare_table, foreign_note

_RATIOS = {"strawberry": "stock", "yoga": "yoga", "mercurius": "mercurius"}


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


if __name__ == "__main__":
    main()
