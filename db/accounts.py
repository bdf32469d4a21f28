"""Queries on accounts."""

import secrets
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.credentials import ITS_PASSWORD, PASSWORD_COLUMNS, Password, insert_password
from db.tables import accounts, credentials

_PUBLIC_ID_BYTES = 16


class AccountRow(NamedTuple):
    """One account, without its password. `public_id` is what clients call it, `id` what this installation does."""

    id: int
    public_id: str
    mobile: str
    name: str
    avatar_key: str | None
    created_at: datetime
    locked_at: datetime | None


ACCOUNT_COLUMNS = (
    accounts.c.id,
    accounts.c.public_id,
    accounts.c.mobile,
    accounts.c.name,
    accounts.c.avatar_key,
    accounts.c.created_at,
    accounts.c.locked_at,
)


async def find_account_by_mobile(connection: AsyncConnection, mobile: str) -> AccountRow | None:
    """The account of `mobile` (E.164)."""
    return _account(
        (await connection.execute(select(*ACCOUNT_COLUMNS).where(accounts.c.mobile == mobile)))
        .mappings()
        .one_or_none()
    )


async def find_account(connection: AsyncConnection, account_id: int) -> AccountRow | None:
    """The account numbered `account_id`."""
    return _account(
        (await connection.execute(select(*ACCOUNT_COLUMNS).where(accounts.c.id == account_id)))
        .mappings()
        .one_or_none()
    )


async def find_account_and_password(
    connection: AsyncConnection, mobile: str
) -> tuple[AccountRow, Password] | None:
    """The account of `mobile` with its password."""
    found = await connection.execute(
        select(*ACCOUNT_COLUMNS, *PASSWORD_COLUMNS)
        .select_from(accounts.outerjoin(credentials, ITS_PASSWORD))
        .where(accounts.c.mobile == mobile)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return AccountRow(*row[: len(ACCOUNT_COLUMNS)]), Password(*row[len(ACCOUNT_COLUMNS) :])


async def insert_account(
    connection: AsyncConnection,
    *,
    mobile: str,
    name: str,
    name_key: str,
    password_hash: str | None,
    created_at: datetime,
) -> AccountRow:
    """Make an account for who proved its mobile just now; without a hash it has no password.

    Raises:
        ConflictError: when the mobile or the name is taken.
    """
    public_id = secrets.token_hex(_PUBLIC_ID_BYTES)
    result = await connection.execute(
        insert(accounts).values(
            public_id=public_id,
            mobile=mobile,
            mobile_verified_at=created_at,
            name=name,
            name_key=name_key,
            password_hash=password_hash,
            created_at=created_at,
        )
    )
    (account_id,) = result.inserted_primary_key or (None,)
    if account_id is None:
        raise RuntimeError("the database gave no number for a new row")
    if password_hash is not None:
        await insert_password(connection, account_id, password_hash, created_at)
    return AccountRow(account_id, public_id, mobile, name, None, created_at, None)


async def find_name_owner(connection: AsyncConnection, name_key: str) -> int | None:
    """The number of the account that has this name."""
    return await connection.scalar(select(accounts.c.id).where(accounts.c.name_key == name_key))


async def set_name(connection: AsyncConnection, account_id: int, *, name: str, name_key: str) -> None:
    """Rename an account.

    Raises:
        ConflictError: when the name is taken.
    """
    await connection.execute(
        update(accounts).where(accounts.c.id == account_id).values(name=name, name_key=name_key)
    )


async def set_locked_at(connection: AsyncConnection, account_id: int, locked_at: datetime | None) -> None:
    """Lock or unlock an account."""
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(locked_at=locked_at))


async def find_account_for_update(connection: AsyncConnection, account_id: int) -> AccountRow | None:
    """The account, its row locked until the transaction ends; None when it has gone."""
    return _account(
        (
            await connection.execute(
                select(*ACCOUNT_COLUMNS).where(accounts.c.id == account_id).with_for_update()
            )
        )
        .mappings()
        .one_or_none()
    )


async def find_password_version_for_update(
    connection: AsyncConnection, account_id: int
) -> tuple[AccountRow, int] | None:
    """As `find_account_for_update`, with how often the password was changed."""
    found = await connection.execute(
        select(*ACCOUNT_COLUMNS, accounts.c.password_version)
        .where(accounts.c.id == account_id)
        .with_for_update()
    )
    row = found.one_or_none()
    return None if row is None else (AccountRow(*row[:-1]), row[-1])


async def set_avatar_key(connection: AsyncConnection, account_id: int, avatar_key: str | None) -> None:
    """Point the account at a picture."""
    await connection.execute(
        update(accounts).where(accounts.c.id == account_id).values(avatar_key=avatar_key)
    )


async def is_avatar_in_use(
    connection: AsyncConnection, avatar_key: str, *, except_by: int | None = None
) -> bool:
    """Whether any account shows this picture, other than `except_by`."""
    shown = select(accounts.c.id).where(accounts.c.avatar_key == avatar_key).limit(1)
    if except_by is not None:
        shown = shown.where(accounts.c.id != except_by)
    return await connection.scalar(shown) is not None


def _account(row: RowMapping | None) -> AccountRow | None:
    return None if row is None else AccountRow(**row)


async def delete_account(connection: AsyncConnection, account_id: int) -> None:
    """Delete an account; its credentials, its sessions and its real-name record go with it."""
    await connection.execute(delete(accounts).where(accounts.c.id == account_id))
