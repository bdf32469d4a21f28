"""Queries on sessions."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.accounts import AccountRow
from db.tables import sessions


class SessionRow(NamedTuple):
    """One live session with the account it belongs to."""

    token_hash: str
    created_at: datetime
    last_used_at: datetime
    account: AccountRow


async def insert_session(
    connection: AsyncConnection,
    *,
    token_hash: str,
    account_id: int,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    """Begin a session."""
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash,
            account_id=account_id,
            created_at=created_at,
            last_used_at=created_at,
            expires_at=expires_at,
        )
    )


async def renew_session(
    connection: AsyncConnection, token_hash: str, *, last_used_at: datetime, expires_at: datetime
) -> None:
    """Move a session's idle end. A session that was revoked meanwhile stays gone."""
    await connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash, sessions.c.last_used_at < last_used_at)
        .values(last_used_at=last_used_at, expires_at=expires_at)
    )


async def delete_session(connection: AsyncConnection, token_hash: str) -> int | None:
    """Revoke a session; the number of the account that it belonged to, or None when there was none."""
    account_id = await connection.scalar(
        select(sessions.c.account_id).where(sessions.c.token_hash == token_hash)
    )
    if account_id is not None:
        await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))
    return account_id


async def delete_sessions_of(connection: AsyncConnection, account_id: int) -> int:
    """Revoke every session of an account; how many there were."""
    return (await connection.execute(delete(sessions).where(sessions.c.account_id == account_id))).rowcount


async def delete_oldest_sessions(
    connection: AsyncConnection, account_id: int, now: datetime, *, kept: int
) -> None:
    """Revoke the live sessions of an account but the newest `kept`."""
    found = await connection.scalars(
        select(sessions.c.token_hash)
        .where(sessions.c.account_id == account_id, sessions.c.expires_at > now)
        .order_by(sessions.c.created_at.desc(), sessions.c.token_hash)
        .offset(kept)
    )
    if hashes := found.all():
        await connection.execute(delete(sessions).where(sessions.c.token_hash.in_(hashes)))


async def list_live_sessions_of(
    connection: AsyncConnection, account_id: int, now: datetime
) -> list[tuple[datetime, datetime, datetime]]:
    """When each live session of the account began, was last renewed, and ends."""
    found = await connection.execute(
        select(sessions.c.created_at, sessions.c.last_used_at, sessions.c.expires_at)
        .where(sessions.c.account_id == account_id, sessions.c.expires_at > now)
        .order_by(sessions.c.created_at)
    )
    return [(row[0], row[1], row[2]) for row in found]
