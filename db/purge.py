"""Deleting what has expired: the oldest first, by the index on its time, a bounded number of rows at a time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.engine import Database
from db.tables import audit_events, devices, sessions, sms_messages

T = TypeVar("T", datetime, int)


@dataclass(frozen=True, slots=True)
class Expiring:
    """A table whose rows are of no more use some time after `at`, on which there is an index."""

    key: Column[Any]
    at: Column[Any]


AUDIT_EVENTS = Expiring(audit_events.c.id, audit_events.c.at)
SESSIONS = Expiring(sessions.c.token_hash, sessions.c.expires_at)
DEVICES = Expiring(devices.c.id, devices.c.expires_at)
SMS_MESSAGES = Expiring(sms_messages.c.id, sms_messages.c.at)


async def delete_before(
    database: Database, rows: Expiring, before: datetime, *, limit: int
) -> AsyncIterator[int]:
    """Delete the rows of before `before`, oldest first, each batch of `limit` in a transaction of its own.

    Gives how many each batch was; ends when none is left.
    """
    since: datetime | None = None
    count = limit
    while count == limit:
        async with database.writing() as connection:
            found = await list_oldest(connection, rows, since=since, before=before, limit=limit)
            if found:
                keys = [key for key, _ in found]
                await connection.execute(delete(rows.key.table).where(rows.key.in_(keys)))
                since = found[-1][1]
        count = len(found)
        yield count


async def list_oldest(
    connection: AsyncConnection, rows: Expiring, *, since: T | None, before: T, limit: int
) -> list[tuple[Any, T]]:
    """Keys and times of the oldest `limit` rows from `since` on and before `before`; in a transaction.

    `since` is where the batch before has ended: without it each batch would walk past all entries of the index that
    the earlier ones have deleted, until the database clears those away.
    """
    if connection.dialect.name == "postgresql":
        # Old statistics may say that few rows have expired; to collect and sort them, which are millions, would take
        # longer than a statement may. To go by the index is right whatever the statistics say.
        await connection.exec_driver_sql("SET LOCAL enable_sort = off")
    found = await connection.execute(select_oldest(rows, since=since, before=before, limit=limit))
    return [(key, at) for key, at in found]


def select_oldest(rows: Expiring, *, since: T | None, before: T, limit: int) -> Select[tuple[Any, T]]:
    """The statement of `list_oldest`."""
    query = select(rows.key, rows.at).where(rows.at < before).order_by(rows.at).limit(limit)
    return query if since is None else query.where(rows.at >= since)
