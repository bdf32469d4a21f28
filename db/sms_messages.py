"""Queries on the ledger of SMS messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Text, cast, func, insert, select, type_coerce, update
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


SmsGrouping = Literal["hour", "prefix", "address"]


@dataclass(frozen=True, slots=True)
class SmsCount:
    """How many messages of one group came to one outcome, and how many of them were used."""

    group: str
    outcome: str
    messages: int
    used: int


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


async def count_sms(
    connection: AsyncConnection, by: SmsGrouping, since: datetime, *, limit: int
) -> list[SmsCount]:
    """Messages since then, added up by the database: of the hour, prefix or address, and of what came of them.

    Only the `limit` groups with the most messages are told, or the newest `limit` hours.
    """
    group = _group_of(connection, by)
    counted = (
        select(group.label("group"), func.count().label("messages"))
        .where(sms_messages.c.at >= since)
        .group_by(group)
        .subquery()
    )
    order = counted.c.group.desc() if by == "hour" else counted.c.messages.desc()
    chosen = select(counted).order_by(order, counted.c.group).limit(limit).subquery()
    found = await connection.execute(
        select(chosen.c.group, sms_messages.c.outcome, func.count(), func.count(sms_messages.c.used_at))
        .join(chosen, chosen.c.group == group)
        .where(sms_messages.c.at >= since)
        .group_by(chosen.c.group, sms_messages.c.outcome)
    )
    return [SmsCount(*row) for row in found]


def _group_of(connection: AsyncConnection, by: SmsGrouping) -> ColumnElement[str]:
    if by != "hour":
        return sms_messages.c[by]
    at: ColumnElement[Any] = sms_messages.c.at
    if connection.dialect.name == "postgresql":
        at = cast(func.timezone("UTC", at), Text)
    # Every database writes a moment as `YYYY-MM-DD hh:mm:ss`.
    return func.substr(type_coerce(at, Text), 1, len("YYYY-MM-DD hh"))


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
