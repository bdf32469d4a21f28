"""How the cost of `me` grows: `python -m benchmarks.growth [connections] [accounts]`.

connections: from 10 to 1,000 keep-alive connections. accounts: from a thousand to a million accounts and sessions in
PostgreSQL, with the plans of the query that finds viewers, which must be index scans only.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import ExitStack

import asyncpg

from benchmarks.contest import Bench, Contest, Options, say
from benchmarks.named_runs import Run, print_rows, run_named
from benchmarks.plans import describe_scans, draw, find_plan
from benchmarks.seeding import ACCOUNTS, seed, viewer
from benchmarks.servers import OURS, Target, our_me
from benchmarks.table import Row

_CONNECTIONS = (10, 32, 100, 316, 1000)
_ACCOUNTS = (1_000, 10_000, 100_000, 1_000_000)
_BATCHES = (1, 32, 128)


def run_connections(bench: Bench, options: Options) -> None:
    """`me` over more and more connections."""
    rows = []
    for connections in _CONNECTIONS:
        target = Target(f"{connections}-connections", f"{connections:,} connections", OURS, our_me)
        rows.append(_measure(bench, options, target, connections))
    print_rows(rows, is_sorted=False)


def run_accounts(bench: Bench, options: Options) -> None:
    """`me` over more and more accounts; the sessions that ask are drawn from all of them."""
    rows, plans, sizes, text = [], [], [], ""
    for accounts in _ACCOUNTS:
        say(f"filling up to {accounts:,} accounts")
        seed(bench.backing, accounts)
        # The same sample in each run, spread over all accounts.
        numbers = random.Random(accounts).sample(range(1, accounts + 1), min(accounts, ACCOUNTS))

        rows.append(_measure(bench, options, _drawn_target(accounts, numbers), connections=32))
        found = [find_plan(bench, numbers[:batch]) for batch in _BATCHES]
        sizes.append(f"{accounts:,} accounts: {_sizes(bench, accounts)}")
        plans.append(f"{accounts:,} accounts: {'; '.join(map(describe_scans, found))}")
        text = "\n".join(draw(found[1]))
    print_rows(rows, is_sorted=False)
    print("\nWhat is on the disk, indexes included:\n")
    print("\n".join(f"- {size}" for size in sizes))
    print("\nHow PostgreSQL finds viewers, in batches of " + ", ".join(map(str, _BATCHES)) + ":\n")
    print("\n".join(f"- {plan}" for plan in plans))
    print(f"\nThe plan of a batch of {_BATCHES[1]} at the end:\n\n```\n{text}\n```")


def _drawn_target(accounts: int, numbers: Sequence[int]) -> Target:
    """`me` as the accounts of `numbers`, in their order."""

    def drawn(number: int) -> int:
        return numbers[(number - 1) % len(numbers)]

    return Target(
        f"{accounts}-accounts",
        f"{accounts:,} accounts",
        OURS,
        lambda number: our_me(drawn(number)),
        expected=lambda number: viewer(drawn(number)),
    )


SCENARIOS: dict[str, Run] = {
    "connections": run_connections,
    "accounts": run_accounts,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    run_named(
        SCENARIOS,
        program="python -m benchmarks.growth",
        description=__doc__,
        arguments=arguments,
        accounts={"accounts": _ACCOUNTS[0]},
    )


def _measure(bench: Bench, options: Options, target: Target, connections: int) -> Row:
    with ExitStack() as stack:
        running = Contest(bench, connections, sessions=ACCOUNTS)
        running.add(target, stack)
        running.run(target, min(options.seconds, 2))
        for _ in range(options.rounds):
            running.measure(target, options.seconds)
        say(f"{target.name}: {running.rows[target.name].rate:,.0f} req/s")
        return running.rows[target.name]


def _sizes(bench: Bench, accounts: int) -> str:
    found = asyncio.run(_read_sizes(bench))
    return ", ".join(
        f"{table} {size / 2**20:,.0f} MiB ({size / accounts:,.0f} bytes each)"
        for table, size in found.items()
    )


async def _read_sizes(bench: Bench) -> dict[str, int]:
    connection = await asyncpg.connect(bench.backing.database_url)
    try:
        tables = ("accounts", "sessions")
        return {
            table: await connection.fetchval(f"SELECT pg_total_relation_size('{table}')") for table in tables
        }
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
