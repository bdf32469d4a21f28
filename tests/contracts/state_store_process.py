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
        taken = await asyncio.gather(*(store.take(key) for key in KEYS for _ in range(5)))
        counters = await asyncio.gather(*(store.increment("counter", 60) for _ in range(INCREMENTS)))
    return {
        "taken": [value for value in taken if value is not None],
        "counts": [counter.count for counter in counters],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(work(*sys.argv[1:]))))
