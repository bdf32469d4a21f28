"""A command that measures several things, each by its name."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.contest import Bench, Options, open_bench
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import ACCOUNTS
from benchmarks.table import Row, compare_table, foreign_note

Run = Callable[[Bench, Options], None]


def run_named(
    runs: Mapping[str, Run],
    *,
    program: str,
    description: str | None,
    arguments: Sequence[str] | None = None,
    accounts: Mapping[str, int] | None = None,
) -> None:
    """Do the runs that the command line names, or all, each under its heading and with data of its own.

    `accounts` says of a run with how many it begins, where they are not `ACCOUNTS`.
    """
    parser = argparse.ArgumentParser(prog=program, description=(description or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(runs)}; all without one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in runs]:
        parser.error(f"unknown: {', '.join(unknown)}")
    try:
        cores = choose_cores(options.server_cores, options.load_cores)
        print("\n".join(f"- {line}" for line in describe_machine()))
        for name in options.names or runs:
            print(f"\n### {name}\n")
            with open_bench(*cores, accounts=(accounts or {}).get(name, ACCOUNTS)) as bench:
                runs[name](bench, Options(options.rounds, options.seconds))
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")


def print_rows(rows: Sequence[Row], *, is_sorted: bool = True) -> None:
    """The table, how quiet the machine was, and what makes a row worthless."""
    print(compare_table(rows, {}, is_sorted=is_sorted))
    print(foreign_note(rows))
    for row in rows:
        for problem in row.problems():
            print(f"WORTHLESS: {row.name}: {problem}")
