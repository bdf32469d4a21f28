"""A process ends although SQLite was locked by another and its callers have given up."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, sys
from db.engine import Database
from gateway.timeouts import Timeouts
from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import StateBackend

async def main(url):
    await StateBackend("sql", url).prepare()
    holder = Database(url, timeout_seconds=1.4)
    async with StateBackend("sql", url).open_store(MovableClock(), Timeouts()) as store:
        async with holder.engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            caller = asyncio.create_task(store.increment("k", 60))
            await asyncio.sleep(0.1)
            caller.cancel()
            await asyncio.sleep(0.01)
            caller.cancel()  # as a time limit and the end of the process do, one after the other
            outcome = await asyncio.gather(caller, return_exceptions=True)
    await holder.aclose()
    assert isinstance(outcome[0], asyncio.CancelledError), outcome

asyncio.run(main(sys.argv[1]))
"""


def test_process_ends_after_sqlite_was_locked(sqlite_url: str) -> None:
    command = [sys.executable, "-c", PROGRAM, sqlite_url]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], timeout=20, check=False)

    assert ended.returncode == 0
