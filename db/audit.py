"""The audit trail: appended to, read, and purged by age; never changed."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
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


async def pseudonymise_audit_events(connection: AsyncConnection, account_id: int, subject: str) -> None:
    """Take out of an account's events whatever points at a person; what was done, and when, stays."""
    await connection.execute(
        update(audit_events)
        .where(audit_events.c.account_id == account_id)
        .values(subject=subject, address="", user_agent="", detail="")
    )
