"""What the running service clears away: expired state, ended sessions, and audit events past their time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from adapters.sql_state_store import SqlStateStore
from db.audit import delete_audit_events_before
from db.sessions import delete_expired_sessions
from db.sms_messages import delete_sms_messages_before
from resolvers.context import Services

INTERVAL_SECONDS = 60
BATCH_ROWS = 500

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def keeping_house(services: Services) -> AsyncIterator[None]:
    """Clear away every minute, in bounded batches, until the block ends."""
    task = asyncio.create_task(_keep_house(services), name="housekeeping")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def clear_away(services: Services) -> int:
    """One round; how many rows went."""
    now = services.clock()
    oldest_kept_event = now - timedelta(days=services.policy.audit_days)
    cleared = 0
    if isinstance(services.state, SqlStateStore):
        cleared += await services.state.purge_expired(BATCH_ROWS)
    async with services.database.writing() as connection:
        cleared += await delete_expired_sessions(connection, now, limit=BATCH_ROWS)
        cleared += await delete_audit_events_before(connection, oldest_kept_event, limit=BATCH_ROWS)
        cleared += await delete_sms_messages_before(connection, oldest_kept_event, limit=BATCH_ROWS)
    return cleared


async def _keep_house(services: Services) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await clear_away(services)
        except Exception as error:  # noqa: BLE001 - the task must outlive every failure of the database
            _log.warning("housekeeping.failed", cause=type(error).__name__)
