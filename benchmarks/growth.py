"""How the cost of `me` grows: `python -m benchmarks.growth [connections] [accounts]`.

connections: from 10 to 1,000 keep-alive connections. accounts: from a thousand to a million accounts and sessions in
PostgreSQL, with the plans of the query that finds viewers, which must be index scans only.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import event

from benchmarks.contest import Bench, Contest, Options, open_bench, say
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import ACCOUNTS, seed, token
from benchmarks.servers import OURS, Target, our_me
from benchmarks.table import Row, compare_table, foreign_note
from db.engine import Database
from db.sessions import list_live_sessions

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
        plans.append(f"{accounts:,} accounts: {_scans(bench, numbers)}")
        text = _explain_text(bench, numbers, _BATCHES[1])
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


def _scans(bench: Bench, numbers: Sequence[int]) -> str:
    return "; ".join(asyncio.run(_find_scans(bench, numbers[:batch])) for batch in _BATCHES)


def _explain_text(bench: Bench, numbers: Sequence[int], batch: int) -> str:
    lines = asyncio.run(_explain(bench, numbers[:batch], "ANALYZE, BUFFERS"))
    # A batch's hashes make one very long line.
    return "\n".join(line if len(line) < 120 else f"{line[:100]} …" for (line,) in lines)


async def _find_scans(bench: Bench, numbers: Sequence[int]) -> str:
    ((plan,),) = await _explain(bench, numbers, "ANALYZE, FORMAT JSON")
    nodes = list(_nodes(plan[0]["Plan"]))
    scans = sorted(
        {f"{node['Node Type']} on {node['Relation Name']}" for node in nodes if "Relation Name" in node}
    )
    is_good = all(scan.startswith(("Index", "Bitmap")) for scan in scans)
    return f"{'' if is_good else 'NOT BY INDEX: '}{', '.join(scans)}, {plan[0]['Execution Time']:.2f} ms"


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("Plans", ()) for below in _nodes(child))]


async def _explain(bench: Bench, numbers: Sequence[int], how: str) -> list[Any]:
    """Run the gateway's own query, catch it on its way to the driver, and have it explained."""
    database = Database(bench.backing.database_url, pool_size=1)
    caught: list[tuple[str, tuple[object, ...]]] = []

    def catch(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        caught.append((statement, parameters))

    try:
        event.listen(database.engine.sync_engine, "before_cursor_execute", catch)
        hashes = [sha256(token(number).encode()).hexdigest() for number in numbers]
        async with database.reading() as connection:
            if len(await list_live_sessions(connection, hashes, datetime.now(UTC))) != len(hashes):
                raise BenchmarkError("the query did not find every session")
            statement, parameters = caught[-1]
            found = await connection.exec_driver_sql(f"EXPLAIN ({how}) {statement}", parameters)
            return list(found.fetchall())
    finally:
        await database.aclose()


if __name__ == "__main__":
    main()
