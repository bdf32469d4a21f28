"""Whether a change makes `me` faster: `python -m benchmarks.trees FOLDER FOLDER …`.

Each folder is a checkout (`git worktree add FOLDER REVISION`), run by the Python of its own `.venv` where it has one:
two Pythons can be compared as well. Their gateways run side by side on the same data and are measured in turn, a second
at a time: on a machine whose speed changes by the minute, nothing else can be compared.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.backing import Backing
from benchmarks.contest import contest, open_bench
from benchmarks.gateway_server import production_settings, start_gateway
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError, Process
from benchmarks.seeding import ACCOUNTS
from benchmarks.servers import TARGETS, Server, Target
from benchmarks.table import compare_table, foreign_note


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1")
    options = parser.parse_args(arguments)
    targets = [_target(tree.resolve()) for tree in options.trees]
    try:
        print("\n".join(f"- {line}" for line in describe_machine()))
        with open_bench(*choose_cores(options.server_cores, options.load_cores)) as bench:
            rows = contest(
                bench,
                targets,
                rounds=options.rounds,
                seconds=options.seconds,
                connections=options.connections,
                sessions=ACCOUNTS,
            )
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")
    print(f"- {foreign_note(rows)}\n")
    print(compare_table(rows, {targets[0].name: "first"}))


def _target(tree: Path) -> Target:
    """`me` by the gateway of `tree`."""

    def begin(backing: Backing, cores: str, folder: Path) -> tuple[Process, int]:
        name = tree.as_posix().strip("/").replace("/", "-")
        own = tree / ".venv" / "bin" / "python"
        return start_gateway(
            name,
            production_settings(backing, folder),
            cores=cores,
            folder=folder,
            tree=tree,
            python=str(own) if own.exists() else sys.executable,
        )

    me = next(target for target in TARGETS if target.name == "me")
    name = tree.name
    return replace(me, name=name, title=f"`{name}`", server=Server(name, begin))


if __name__ == "__main__":
    main()
