"""What the running service does beside its requests: it deletes state, sessions and records whose time is over."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from db.engine import DatabaseUnavailableError
from db.purge import AUDIT_EVENTS, DEVICES, SESSIONS, SMS_MESSAGES, delete_before
from gateway.lease import Lease
from resolvers.context import Services
from resolvers.metrics import PURGED_ROWS

INTERVAL_SECONDS = 60
BATCH_ROWS = 500
_LEAST_BATCH_ROWS = 20

# Two rounds and a half: a holder that lives renews it more often than that.
LAPSE_SECONDS = 150
_RENEWAL_SECONDS = 20

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def run_maintenance(services: Services, *, time_percent: int) -> AsyncIterator[None]:
    """Do a round every minute until the block ends, if no other process on this database does."""
    lease = Lease(services.database, "maintenance", lapse_seconds=LAPSE_SECONDS)
    task = asyncio.create_task(
        _run(Maintenance(services, lease, time_percent=time_percent)), name="maintenance"
    )
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(DatabaseUnavailableError):
            await lease.release()


class Maintenance:
    """One process's share in it: at most `time_percent` of its time while there is anything to delete."""

    def __init__(
        self,
        services: Services,
        lease: Lease,
        *,
        time_percent: int,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._lease = lease
        self._rest = (100 - time_percent) / time_percent
        self._pause = pause
        self._monotonic = monotonic
        self._renewed_at = -float(_RENEWAL_SECONDS)
        self._batch_rows = dict.fromkeys(purges(services), BATCH_ROWS)

    async def purge_expired(self) -> dict[str, int]:
        """Delete all that has expired, a batch of each table in turn; how many rows went.

        A table that fails is left for the next round, with smaller batches, and holds no other up.
        """
        deleted = dict.fromkeys(self._batch_rows, 0)
        left = {name: purge(self._batch_rows[name]) for name, purge in purges(self._services).items()}
        while left:
            for name, batches in list(left.items()):
                if not await self._is_ours():
                    return deleted
                count = await self._delete_batch(name, batches)
                if count is None:
                    del left[name]
                else:
                    deleted[name] += count
        await self._services.database.scrub()
        return deleted

    async def _is_ours(self) -> bool:
        now = self._monotonic()
        if now - self._renewed_at < _RENEWAL_SECONDS:
            return True
        if not await self._lease.hold():
            return False
        self._renewed_at = now
        return True

    async def _delete_batch(self, name: str, batches: AsyncIterator[int]) -> int | None:
        """How many rows went; None when none is left, or when it failed."""
        begun = self._monotonic()
        try:
            count = await anext(batches, None)
        except Exception as error:  # noqa: BLE001 - the task must outlive every failure of the database
            self._batch_rows[name] = max(self._batch_rows[name] // 2, _LEAST_BATCH_ROWS)
            _log.warning("maintenance.purge_failed", table=name, cause=str(error) or type(error).__name__)
            return None
        if count is None:
            self._batch_rows[name] = BATCH_ROWS
            return None
        PURGED_ROWS.labels(name).inc(count)
        await self._pause((self._monotonic() - begun) * self._rest)
        return count


def purges(services: Services) -> dict[str, Callable[[int], AsyncIterator[int]]]:
    """What expires, by its table: each takes the size of a batch, and deletes batch after batch."""
    database, now = services.database, services.clock()
    oldest_record = now - timedelta(days=services.policy.audit_days)
    return {
        "state_entries": services.state.purge_expired,
        "sessions": lambda rows: delete_before(database, SESSIONS, now, limit=rows),
        "audit_events": lambda rows: delete_before(database, AUDIT_EVENTS, oldest_record, limit=rows),
        "sms_messages": lambda rows: delete_before(database, SMS_MESSAGES, oldest_record, limit=rows),
        "devices": lambda rows: delete_before(database, DEVICES, now, limit=rows),
    }


async def _run(maintenance: Maintenance) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            deleted = await maintenance.purge_expired()
        except Exception as error:  # noqa: BLE001 - the task must outlive every failure of the database
            _log.warning("maintenance.failed", cause=str(error) or type(error).__name__)
            continue
        if any(deleted.values()):
            _log.info("maintenance.purged", **deleted)
