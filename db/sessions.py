"""Queries on sessions."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.accounts import AccountRow
from db.tables import sessions


class SessionRow(NamedTuple):
    """One live session with the account it belongs to."""

    token_hash: str
    created_at: datetime
    last_used_at: datetime
    account: AccountRow


class NewSession(NamedTuple):
    """A session that begins at `created_at`, by the proof of who it is."""

    token_hash: str
    public_id: str
    account_id: int
    created_at: datetime
    expires_at: datetime
    method: str
    user_agent: str
    address: str


async def insert_session(connection: AsyncConnection, row: NewSession) -> None:
    """Begin a session."""
    at = row.created_at
    await connection.execute(insert(sessions).values(**row._asdict(), last_used_at=at, authenticated_at=at))


async def find_authenticated_at(connection: AsyncConnection, token_hash: str) -> datetime | None:
    """When the session's owner last proved to be it; None where there is no such session."""
    found: datetime | None = await connection.scalar(
        select(func.coalesce(sessions.c.authenticated_at, sessions.c.created_at)).where(
            sessions.c.token_hash == token_hash
        )
    )
    return found


async def replace_token(
    connection: AsyncConnection, old_hash: str, new_hash: str, *, proof: tuple[datetime, str] | None
) -> datetime | None:
    """Give a session another token; when it ends, or None where it has ended already.

    `proof` is when and how its owner has just proved to be it; None leaves that as it is.
    """
    proved = {} if proof is None else dict(zip(("authenticated_at", "method"), proof, strict=True))
    await connection.execute(
        update(sessions).where(sessions.c.token_hash == old_hash).values(token_hash=new_hash, **proved)
    )
    return await connection.scalar(select(sessions.c.expires_at).where(sessions.c.token_hash == new_hash))


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


async def delete_session_of(connection: AsyncConnection, account_id: int, public_id: str) -> bool:
    """Revoke one session of an account; whether there was one."""
    deleted = await connection.execute(
        delete(sessions).where(sessions.c.account_id == account_id, sessions.c.public_id == public_id)
    )
    return deleted.rowcount > 0


async def delete_other_sessions(connection: AsyncConnection, account_id: int, token_hash: str) -> int:
    """Revoke every session of an account but one; how many there were."""
    deleted = await connection.execute(
        delete(sessions).where(sessions.c.account_id == account_id, sessions.c.token_hash != token_hash)
    )
    return deleted.rowcount


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


class SessionFacts(NamedTuple):
    """What is kept of a live session beside its account."""

    token_hash: str
    public_id: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    authenticated_at: datetime | None
    method: str
    user_agent: str
    address: str


async def list_live_sessions_of(
    connection: AsyncConnection, account_id: int, now: datetime
) -> list[SessionFacts]:
    """The live sessions of the account, oldest first."""
    columns = [sessions.c[name] for name in SessionFacts._fields]
    found = await connection.execute(
        select(*columns)
        .where(sessions.c.account_id == account_id, sessions.c.expires_at > now)
        .order_by(sessions.c.created_at)
    )
    return [SessionFacts(*row) for row in found]


async def set_public_id(connection: AsyncConnection, token_hash: str, public_id: str) -> None:
    """Name a session that has no name yet."""
    await connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash, sessions.c.public_id.is_(None))
        .values(public_id=public_id)
    )
