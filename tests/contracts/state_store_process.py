"""A process of its own that works on a state store: `python -m tests.contracts.state_store_process KIND URL PREFIX`.

It says `ready`, waits for a line, then takes a key and counts, many times at once, and prints what it got.
"""

import asyncio
import json
import sys

from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import StateBackend

KEYS = [f"key{n}" for n in range(20)]
INCREMENTS = 60


async def work(kind: str, url: str, prefix: str) -> dict[str, list[str] | list[int]]:
    async with StateBackend(kind, url, prefix).open_store(MovableClock()) as store:
        await store.ping()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        # A few at a time: a slow machine shall not run into the time limits of the store.
        taken = [await asyncio.gather(*(store.take(key) for _ in range(3))) for key in KEYS]
        counters = [
            await asyncio.gather(*(store.increment("counter", 60) for _ in range(6)))
            for _ in range(INCREMENTS // 6)
        ]
    return {
        "taken": [value for values in taken for value in values if value is not None],
        "counts": [counter.count for some in counters for counter in some],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(work(*sys.argv[1:]))))
