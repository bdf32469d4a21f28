"""The audit trail: appended to, read, and purged by age; never changed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import audit_events


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What happened to whom, who did it, when and from where; the subject masked.

    `actor` is `visitor`, or `operator` and a name.
    """

    at: datetime
    action: str
    account_id: int | None
    subject: str
    actor: str
    address: str
    user_agent: str
    request_id: str
    detail: str


class NumberedAuditRow(NamedTuple):
    """An event and its number, which no other event of the installation has."""

    id: int
    event: AuditRow


async def insert_audit_event(connection: AsyncConnection, row: AuditRow) -> None:
    """Append one event."""
    await connection.execute(insert(audit_events).values(**asdict(row)))


async def list_audit_events(connection: AsyncConnection, account_id: int, *, limit: int) -> list[AuditRow]:
    """The newest `limit` events of an account, oldest first."""
    columns = [audit_events.c[name] for name in AuditRow.__slots__]
    found = await connection.execute(
        select(*columns)
        .where(audit_events.c.account_id == account_id)
        .order_by(audit_events.c.at.desc(), audit_events.c.id.desc())
        .limit(limit)
    )
    return [AuditRow(*row) for row in reversed(found.all())]


async def list_audit_page(
    connection: AsyncConnection, *, since: datetime, after: NumberedAuditRow | None, limit: int
) -> list[NumberedAuditRow]:
    """The first `limit` events from `since` on, oldest first, that come after `after`."""
    columns = [audit_events.c[name] for name in AuditRow.__slots__]
    query = select(audit_events.c.id, *columns).where(
        audit_events.c.at >= (after.event.at if after else since)
    )
    if after is not None:
        query = query.where(
            or_(
                audit_events.c.at > after.event.at,
                and_(audit_events.c.at == after.event.at, audit_events.c.id > after.id),
            )
        )
    found = await connection.execute(query.order_by(audit_events.c.at, audit_events.c.id).limit(limit))
    return [NumberedAuditRow(row[0], AuditRow(*row[1:])) for row in found]


async def pseudonymise_audit_events(connection: AsyncConnection, account_id: int, subject: str) -> None:
    """Take out of an account's events whatever points at a person; what was done, and when, stays."""
    await connection.execute(
        update(audit_events)
        .where(audit_events.c.account_id == account_id)
        .values(subject=subject, address="", user_agent="", detail="")
    )
