"""Single use and exact counts between two processes of the operating system."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import StateBackend
from tests.contracts.state_store_process import INCREMENTS, KEYS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_two_processes_share_single_use_and_counts(backend: StateBackend, clock: MovableClock) -> None:
    async with backend.open_store(clock) as store:
        for key in KEYS:
            await store.put(key, key, 100)
    processes = [await start_process(backend) for _ in range(2)]

    outcomes = [
        json.loads(out) for out, _ in await asyncio.gather(*(p.communicate(b"go\n") for p in processes))
    ]

    assert sorted(outcomes[0]["taken"] + outcomes[1]["taken"]) == sorted(KEYS)
    assert sorted(outcomes[0]["counts"] + outcomes[1]["counts"]) == list(range(1, 2 * INCREMENTS + 1))


async def start_process(backend: StateBackend) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contracts.state_store_process",
        backend.kind,
        backend.url,
        backend.prefix,
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
