"""Whether deleting what has expired keeps up: `python -m benchmarks.purge [--seconds 60]`.

PostgreSQL holds 12 million audit rows and 2 million sessions, half of each expired, and 1 million expired state rows.
First the plans: by statistics from when the tables were small, by none, and by fresh ones. Then the service's own
maintenance deletes for a while, beside writers that make 1,000 rows a second that expire at once.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.dialects import postgresql

from benchmarks.backing import open_backing
from benchmarks.contest import say
from benchmarks.machine import describe_machine
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import migrate
from db.purge import AUDIT_EVENTS, SESSIONS, Expiring, select_oldest
from db.state import EXPIRING_STATE
from gateway.lease import Lease
from gateway.maintenance import BATCH_ROWS, Maintenance
from gateway.parts import utc_now
from gateway.settings import Settings
from gateway.wiring import open_services

TABLES = ("audit_events", "sessions", "state_entries")
_NEW_ROWS_PER_SECOND = 1000
_WRITES_PER_SECOND = 20

_ACCOUNT = """INSERT INTO accounts (id, mobile, name, name_key, password_hash, created_at)
VALUES (1, '+8613900000001', 'one', 'one', '-', now())"""
# $1 rows, whose times are spread evenly from $2 to $3 from now.
_SEEDS = {
    "audit_events": """INSERT INTO audit_events
(at, action, account_id, subject, address, user_agent, request_id, detail)
SELECT now() + $2::interval + ($3::interval - $2::interval) * (i / $1::float8), 'sign-in', i % 1000000,
'+86139****0001', '198.51.100.' || i % 256, 'Mozilla/5.0 (X11; Linux x86_64)', md5(i::text), ''
FROM generate_series(1, $1::int) AS i""",
    "sessions": """INSERT INTO sessions (token_hash, account_id, created_at, last_used_at, expires_at)
SELECT md5(random()::text) || md5(random()::text), 1, now(), now(),
now() + $2::interval + ($3::interval - $2::interval) * random()
FROM generate_series(1, $1::int) AS i""",
    "state_entries": """INSERT INTO state_entries (key, value, count, expires_at_ms)
SELECT md5(random()::text) || i, 'v', 0,
(extract(epoch FROM now() + $2::interval + ($3::interval - $2::interval) * random()) * 1000)::bigint
FROM generate_series(1, $1::int) AS i""",
}
# Rows, and from when to when their times reach.
_SMALL = dict.fromkeys(TABLES, (1000, "0 seconds", "10 days"))
_LARGE = {
    "audit_events": (12_000_000, "-360 days", "0 days"),
    "sessions": (2_000_000, "-7 days", "7 days"),
    "state_entries": (1_000_000, "-2 days", "-1 second"),
}
# What a new row's time is, so that it has expired already.
_NEW = {"audit_events": "-181 days", "sessions": "-1 second", "state_entries": "-1 second"}


@dataclass
class Seen:
    """What happened while it deleted."""

    made: int = 0
    write_milliseconds: list[float] = field(default_factory=list)
    rest_seconds: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.purge", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--share", type=float, default=1, help="of the rows to fill the tables with")
    parser.add_argument("--percent", type=int, default=20, help="GATEWAY_PURGE_TIME_PERCENT")
    options = parser.parse_args()
    print("\n".join(f"- {line}" for line in describe_machine()))
    try:
        with tempfile.TemporaryDirectory(prefix="account-gateway-bench-") as name:
            folder = Path(name)
            with open_backing(folder, "0,1") as backing:
                # A server that has just started may take longer to answer than `migrate` waits.
                asyncio.run(_greet(backing.database_url))
                migrate({"GATEWAY_DATABASE_URL": backing.database_url}, folder)
                asyncio.run(_measure(backing.database_url, folder, options))
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")


async def _greet(url: str) -> None:
    for _ in range(100):
        with suppress(asyncpg.CannotConnectNowError, OSError):
            await (await asyncpg.connect(url)).close()
            return
        await asyncio.sleep(0.1)


async def _measure(url: str, folder: Path, options: argparse.Namespace) -> None:
    connection = await asyncpg.connect(url)
    try:
        await _print_plans(connection, options.share)
        await _print_progress(url, folder, connection, options.seconds, options.percent)
    finally:
        await connection.close()


async def _print_plans(connection: Any, share: float) -> None:
    await connection.execute(_ACCOUNT)
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    await _seed(connection, _SMALL)
    await connection.execute("ANALYZE")
    say("filling the tables")
    await _seed(connection, {table: (round(rows * share), *when) for table, (rows, *when) in _LARGE.items()})
    print("\n| statistics | table | plan of a batch | rows | ms |\n|---|---|---|---|---|")
    await _print_plan_rows(connection, "from 1,000 rows, none expired")
    await connection.execute("DELETE FROM pg_statistic WHERE starelid::regclass::text = ANY($1)", TABLES)
    await connection.execute("UPDATE pg_class SET reltuples = -1 WHERE relname = ANY($1)", TABLES)
    await _print_plan_rows(connection, "none")
    await connection.execute("ANALYZE")
    await _print_plan_rows(connection, "fresh")
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
    await connection.execute("CHECKPOINT")


async def _seed(connection: Any, sizes: dict[str, tuple[int, str, str]]) -> None:
    for table, (rows, begin, end) in sizes.items():
        # Told as text, since a parameter of this type would have to be a timedelta.
        statement = _SEEDS[table].replace("$2", f"'{begin}'").replace("$3", f"'{end}'")
        await connection.execute(statement, rows)


async def _print_plan_rows(connection: Any, statistics: str) -> None:
    for table, statement in _statements():
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_sort = off")
            # A second time: the first one reads the pages from the disk.
            for _ in range(2):
                lines = [
                    row[0] for row in await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}")
                ]
        scan = next(line for line in lines if "Scan" in line).strip(" ->")
        plan, _, actual = scan.partition(" (actual ")
        milliseconds = lines[-1].removeprefix("Execution Time: ").removesuffix(" ms")
        rows = actual.partition("rows=")[2].partition(" ")[0]
        print(f"| {statistics} | {table} | {plan} | {rows} | {milliseconds} |")


def _statements() -> Iterator[tuple[str, str]]:
    now = utc_now()
    expiring: dict[str, tuple[Expiring, Any]] = {
        "audit_events": (AUDIT_EVENTS, now - timedelta(days=180)),
        "sessions": (SESSIONS, now),
        "state_entries": (EXPIRING_STATE, int(now.timestamp() * 1000)),
    }
    for table, (rows, before) in expiring.items():
        query = select_oldest(rows, since=None, before=before, limit=BATCH_ROWS)
        compiled = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        yield table, str(compiled)


async def _print_progress(url: str, folder: Path, connection: Any, seconds: float, percent: int) -> None:
    seen = Seen()
    before = await _count_expired(connection)
    settings = Settings.load(_env_file=None, data_dir=folder, database_url=url)
    async with open_services(settings) as services:
        lease = Lease(services.database, "maintenance", lapse_seconds=60)

        async def pause(rest: float) -> None:
            seen.rest_seconds += rest
            await asyncio.sleep(rest)

        keeper = Maintenance(services, lease, time_percent=percent, pause=pause)
        begun = time.monotonic()
        tasks = [asyncio.create_task(keeper.purge_expired()), asyncio.create_task(_write(url, seen))]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*tasks)
        took = time.monotonic() - begun
    after = await _count_expired(connection)
    print(f"\n{percent} % of a worker for {took:.0f} s, beside {seen.made / took:,.0f} new rows a second:\n")
    print("| table | expired before | made | expired after | deleted a second |\n|---|---|---|---|---|")
    for table in TABLES:
        made = seen.made // len(TABLES)
        rate = (before[table] + made - after[table]) / took
        print(f"| {table} | {before[table]:,} | {made:,} | {after[table]:,} | {rate:,.0f} |")
    times = sorted(seen.write_milliseconds)
    median, late, longest = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
    print(
        f"\nIt rested {seen.rest_seconds / took:.0%} of the time. {len(times)} writes of new rows beside it took"
    )
    print(f"{median:.1f} ms in the median, {late:.1f} at the 99th percentile, {longest:.0f} at most.")


async def _write(url: str, seen: Seen) -> None:
    """Make new rows, evenly over the second and the tables."""
    connection = await asyncpg.connect(url)
    rows = _NEW_ROWS_PER_SECOND // _WRITES_PER_SECOND // len(TABLES) + 1
    due = time.monotonic()
    try:
        while True:
            begun = time.monotonic()
            await _seed(connection, {table: (rows, ago, ago) for table, ago in _NEW.items()})
            seen.write_milliseconds.append((time.monotonic() - begun) * 1000)
            seen.made += rows * len(TABLES)
            due += 1 / _WRITES_PER_SECOND
            await asyncio.sleep(due - time.monotonic())
    finally:
        await connection.close()


async def _count_expired(connection: Any) -> dict[str, int]:
    return {
        "audit_events": await connection.fetchval(
            "SELECT count(*) FROM audit_events WHERE at < now() - interval '180 days'"
        ),
        "sessions": await connection.fetchval("SELECT count(*) FROM sessions WHERE expires_at < now()"),
        "state_entries": await connection.fetchval(
            "SELECT count(*) FROM state_entries WHERE expires_at_ms < extract(epoch FROM now()) * 1000"
        ),
    }


if __name__ == "__main__":
    main()
