"""Queries on credentials: what proves that an account is one's own. A password is one kind; an account may have none.

An older version that still runs reads and writes `accounts.password_hash`. So every password is written there too, and
read there where it is the only place; both end with the column.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import accounts, credentials

PASSWORD: Final = "password"


class Password(NamedTuple):
    """An account's password: its hash (PHC string), None where it has none, and how often it was changed."""

    hash: str | None
    version: int


ITS_PASSWORD = and_(credentials.c.account_id == accounts.c.id, credentials.c.kind == PASSWORD)
"""How an account's password is joined to it."""

PASSWORD_COLUMNS = (
    func.coalesce(credentials.c.secret, accounts.c.password_hash).label("password_hash"),
    accounts.c.password_version,
)
"""What makes a `Password`."""


async def find_password(connection: AsyncConnection, account_id: int) -> Password | None:
    """The password of the account numbered `account_id`; None when the account has gone."""
    found = await connection.execute(
        select(*PASSWORD_COLUMNS)
        .select_from(accounts.outerjoin(credentials, ITS_PASSWORD))
        .where(accounts.c.id == account_id)
    )
    row = found.one_or_none()
    return None if row is None else Password(*row)


async def insert_password(
    connection: AsyncConnection, account_id: int, password_hash: str, created_at: datetime
) -> None:
    """Give an account that has none a password."""
    await connection.execute(
        insert(credentials).values(
            account_id=account_id, kind=PASSWORD, secret=password_hash, created_at=created_at
        )
    )


async def set_password(
    connection: AsyncConnection, account_id: int, password_hash: str, created_at: datetime
) -> None:
    """Change an account's password, or give it one. The caller holds the account's row."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(password_hash=password_hash, password_version=accounts.c.password_version + 1)
    )
    await connection.execute(
        delete(credentials).where(credentials.c.account_id == account_id, credentials.c.kind == PASSWORD)
    )
    await insert_password(connection, account_id, password_hash, created_at)


async def delete_password(connection: AsyncConnection, account_id: int) -> None:
    """Leave an account without a password; a sign-in that the old one is just judged for begins no session."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(password_hash=None, password_version=accounts.c.password_version + 1)
    )
    await connection.execute(
        delete(credentials).where(credentials.c.account_id == account_id, credentials.c.kind == PASSWORD)
    )


async def rehash_password(connection: AsyncConnection, account_id: int, *, old: str, new: str) -> None:
    """Keep the same password under another hash, unless it has changed since `old` was read."""
    await connection.execute(
        update(credentials)
        .where(
            credentials.c.account_id == account_id,
            credentials.c.kind == PASSWORD,
            credentials.c.secret == old,
        )
        .values(secret=new)
    )
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash == old)
        .values(password_hash=new)
    )
