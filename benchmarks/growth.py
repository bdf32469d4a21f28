"""How the cost of `me` grows: `python -m benchmarks.growth [connections] [accounts]`.

connections: from 10 to 1,000 keep-alive connections. accounts: from a thousand to a million accounts and sessions in
PostgreSQL, with the plans of the query that finds viewers, which must be index scans only.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from benchmarks.contest import Bench, Contest, Options, open_bench, say
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.plans import describe_scans, draw, find_plan
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import ACCOUNTS, seed
from benchmarks.servers import OURS, Target, our_me
from benchmarks.table import Row, compare_table, foreign_note

_CONNECTIONS = (10, 32, 100, 316, 1000)
_ACCOUNTS = (1_000, 10_000, 100_000, 1_000_000)
_BATCHES = (1, 32, 128)


def run_connections(bench: Bench, options: Options) -> None:
    """`me` over more and more connections."""
    rows = []
    for connections in _CONNECTIONS:
        target = Target(f"{connections}-connections", f"{connections:,} connections", OURS, our_me)
        rows.append(_measure(bench, options, target, connections))
    _print(rows)


def run_accounts(bench: Bench, options: Options) -> None:
    """`me` over more and more accounts; the sessions that ask are drawn from all of them."""
    rows, plans, text = [], [], ""
    for accounts in _ACCOUNTS:
        say(f"filling up to {accounts:,} accounts")
        seed(bench.backing, accounts)
        # The same sample in each run: 1,000 numbers spread over all accounts.
        numbers = random.Random(accounts).sample(range(1, accounts + 1), min(accounts, ACCOUNTS))

        def build(number: int, numbers: Sequence[int] = numbers) -> bytes:
            return our_me(numbers[(number - 1) % len(numbers)])

        target = Target(f"{accounts}-accounts", f"{accounts:,} accounts", OURS, build, expected=None)
        rows.append(_measure(bench, options, target, connections=32))
        found = [find_plan(bench, numbers[:batch]) for batch in _BATCHES]
        plans.append(f"{accounts:,} accounts: {'; '.join(map(describe_scans, found))}")
        text = "\n".join(draw(found[1]))
    _print(rows)
    print("\nHow PostgreSQL finds viewers, in batches of " + ", ".join(map(str, _BATCHES)) + ":\n")
    print("\n".join(f"- {plan}" for plan in plans))
    print(f"\nThe plan of a batch of {_BATCHES[1]} at the end:\n\n```\n{text}\n```")


SCENARIOS: dict[str, Callable[[Bench, Options], None]] = {
    "connections": run_connections,
    "accounts": run_accounts,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}; all without one"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in SCENARIOS]:
        parser.error(f"unknown: {', '.join(unknown)}")
    try:
        cores = choose_cores(options.server_cores, options.load_cores)
        print("\n".join(f"- {line}" for line in describe_machine()))
        for name in options.names or SCENARIOS:
            print(f"\n### {name}\n")
            with open_bench(*cores, accounts=_ACCOUNTS[0] if name == "accounts" else ACCOUNTS) as bench:
                SCENARIOS[name](bench, Options(options.rounds, options.seconds))
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")


def _measure(bench: Bench, options: Options, target: Target, connections: int) -> Row:
    with ExitStack() as stack:
        running = Contest(bench, connections, sessions=ACCOUNTS)
        running.add(target, stack)
        running.run(target, min(options.seconds, 2))
        for _ in range(options.rounds):
            running.measure(target, options.seconds)
        say(f"{target.name}: {running.rows[target.name].rate:,.0f} req/s")
        return running.rows[target.name]


def _print(rows: list[Row]) -> None:
    print(compare_table(rows, {}, is_sorted=False))
    print(foreign_note(rows))
    for row in rows:
        for problem in row.problems():
            print(f"WORTHLESS: {row.name}: {problem}")


if __name__ == "__main__":
    main()
