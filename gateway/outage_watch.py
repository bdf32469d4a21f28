"""Asks a dependency that is down whether it is back, so that the log says so although nobody calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from db.engine import DatabaseUnavailableError
from resolvers.context import Services
from resolvers.ports import StateStoreError

LOOK_SECONDS = 5


@asynccontextmanager
async def watch_outages(services: Services) -> AsyncIterator[None]:
    """Look every five seconds until the block ends."""
    task = asyncio.create_task(_watch(services), name="outages")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def look_after(services: Services) -> None:
    """One look. The pings tell of themselves how they end; vendors are not called without a reason."""
    outages = services.outages
    for outage, ping in (
        (outages.database, services.database.ping),
        (outages.state_store, services.state.ping),
    ):
        if outage.is_on:
            with suppress(DatabaseUnavailableError, StateStoreError):
                await ping()
    for outage in (outages.database, outages.state_store, outages.sms_vendor, outages.avatar_store):
        outage.look()


async def _watch(services: Services) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await look_after(services)
