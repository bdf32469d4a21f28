"""Queries on the ledger of SMS messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import sms_messages

SENT = "sent"


@dataclass(frozen=True, slots=True)
class SmsMessageRow:
    """One message that was asked for, and what came of it."""

    at: datetime
    mobile_digest: str
    prefix: str
    address: str
    outcome: str
    used_at: datetime | None = None


_COLUMNS = tuple(sms_messages.c[name] for name in SmsMessageRow.__slots__)


async def insert_sms_message(connection: AsyncConnection, row: SmsMessageRow) -> int:
    """Note a message and give its number."""
    result = await connection.execute(
        insert(sms_messages).values({name: getattr(row, name) for name in SmsMessageRow.__slots__})
    )
    (message_id,) = result.inserted_primary_key or (None,)
    if message_id is None:
        raise RuntimeError("the database gave no number for a new row")
    return int(message_id)


async def set_sms_outcome(connection: AsyncConnection, message_id: int, outcome: str) -> None:
    """Note that a message turned out otherwise."""
    await connection.execute(
        update(sms_messages).where(sms_messages.c.id == message_id).values(outcome=outcome)
    )


async def set_sms_used_at(connection: AsyncConnection, message_id: int, used_at: datetime) -> None:
    """Note that a message's code was used."""
    await connection.execute(
        update(sms_messages).where(sms_messages.c.id == message_id).values(used_at=used_at)
    )


async def count_sms_to_prefix(
    connection: AsyncConnection, prefix: str, since: datetime, *, limit: int
) -> tuple[int, int]:
    """How many of the newest `limit` codes sent to `prefix` since then there are, and how many were used."""
    newest = (
        select(sms_messages.c.used_at)
        .where(
            sms_messages.c.prefix == prefix,
            sms_messages.c.at > since,
            sms_messages.c.outcome == SENT,
        )
        .order_by(sms_messages.c.at.desc())
        .limit(limit)
        .subquery()
    )
    row = (
        await connection.execute(select(func.count(), func.count(newest.c.used_at)).select_from(newest))
    ).one()
    return int(row[0]), int(row[1])


async def list_sms_messages(connection: AsyncConnection, since: datetime) -> list[SmsMessageRow]:
    """Every message since then, oldest first."""
    found = await connection.execute(
        select(*_COLUMNS).where(sms_messages.c.at >= since).order_by(sms_messages.c.at)
    )
    return [SmsMessageRow(*row) for row in found]


async def list_sms_messages_of(
    connection: AsyncConnection, mobile_digests: Sequence[str]
) -> list[SmsMessageRow]:
    """Every message to one mobile, oldest first."""
    found = await connection.execute(
        select(*_COLUMNS).where(sms_messages.c.mobile_digest.in_(mobile_digests)).order_by(sms_messages.c.at)
    )
    return [SmsMessageRow(*row) for row in found]


async def forget_sms_mobile(connection: AsyncConnection, mobile_digests: Sequence[str]) -> None:
    """Unlink every message from its mobile and address."""
    await connection.execute(
        update(sms_messages)
        .where(sms_messages.c.mobile_digest.in_(mobile_digests))
        .values(mobile_digest="", address="")
    )
