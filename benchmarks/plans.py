"""How PostgreSQL really finds viewers: the gateway's own read is made, and the server's log says by which plan."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import asyncpg

from benchmarks.contest import Bench
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import token
from db.engine import Database, StandingReader
from db.live_sessions import list_live_sessions

# From the sixth time on PostgreSQL may take one plan for every batch.
_TIMES = 8
_EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_format": "json",
}
_MARK = "plan:\n"


def find_plan(bench: Bench, numbers: Sequence[int]) -> dict[str, Any]:
    """The plan by which the sessions of accounts `numbers` are found when that has been done a few times.

    Raises:
        BenchmarkError: they are not found, or the plan is not in the log.
    """
    asyncio.run(_set_explained(bench, is_on=True))
    try:
        asyncio.run(_read(bench, numbers))
    finally:
        asyncio.run(_set_explained(bench, is_on=False))
    plans = [plan for plan in _logged_plans(bench) if "sessions" in plan["Query Text"]]
    if len(plans) < _TIMES:
        raise BenchmarkError("the plan is not in PostgreSQL's log; is auto_explain installed?")
    found: dict[str, Any] = plans[-1]["Plan"]
    bench.backing.postgres.empty_log()
    return found


def describe_scans(plan: dict[str, Any]) -> str:
    """The indexes that a plan goes by, and the tables that it reads whole, with what it took."""
    nodes = _nodes(plan)
    indexes = sorted({node["Index Name"] for node in nodes if "Index Name" in node})
    whole = sorted({f"ALL OF {node['Relation Name']}" for node in nodes if node["Node Type"] == "Seq Scan"})
    return f"{', '.join([*whole, *indexes])} in {plan['Actual Total Time']:.2f} ms"


def draw(plan: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """The plan as a tree, a line for each step."""
    place = plan.get("Index Name") or plan.get("Relation Name")
    rows, loops = plan["Actual Rows"], plan["Actual Loops"]
    pages = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    line = f"{plan['Node Type']}{f' on {place}' if place else ''}"
    yield f"{'  ' * depth}{line}: {rows} rows × {loops}, {plan['Actual Total Time']:.3f} ms, {pages} pages"
    for child in plan.get("Plans", ()):
        yield from draw(child, depth + 1)


async def _read(bench: Bench, numbers: Sequence[int]) -> None:
    database = Database(bench.backing.database_url, timeout_seconds=60, pool_size=1)
    reader = StandingReader(database)
    hashes = [sha256(token(number).encode()).hexdigest() for number in numbers]
    try:
        for _ in range(_TIMES):
            found = await reader.read(lambda lent: list_live_sessions(lent, hashes, datetime.now(UTC)))
            if len(found) != len(hashes):
                raise BenchmarkError("the query did not find every session")
    finally:
        await reader.aclose()
        await database.aclose()


async def _set_explained(bench: Bench, *, is_on: bool) -> None:
    connection = await asyncpg.connect(bench.backing.database_url)
    try:
        for name, value in _EXPLAINED.items():
            change = f"SET {name} = '{value}'" if is_on else f"RESET {name}"
            await connection.execute(f"ALTER DATABASE postgres {change}")
    finally:
        await connection.close()


def _logged_plans(bench: Bench) -> Iterator[dict[str, Any]]:
    # The log indents what follows the first line with a tab.
    text = bench.backing.postgres.log.read_text().replace("\n\t", "\n")
    for part in text.split(_MARK)[1:]:
        plan, _ = json.JSONDecoder().raw_decode(part)
        yield plan


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("Plans", ()) for below in _nodes(child))]
