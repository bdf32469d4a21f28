"""Queries on real-name records. Names and numbers come and go encrypted; nothing here can read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import identities


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One encrypted real-name record."""

    account_id: int
    key_id: str
    real_name_encrypted: bytes
    id_number_encrypted: bytes
    id_number_digest: str
    submitted_at: datetime


_COLUMNS = (
    identities.c.account_id,
    identities.c.key_id,
    identities.c.real_name_encrypted,
    identities.c.id_number_encrypted,
    identities.c.id_number_digest,
    identities.c.submitted_at,
)


async def find_identity(connection: AsyncConnection, account_id: int) -> IdentityRow | None:
    """The record of an account."""
    row = (
        await connection.execute(select(*_COLUMNS).where(identities.c.account_id == account_id))
    ).one_or_none()
    return None if row is None else IdentityRow(*row)


async def find_identity_encrypted_with(connection: AsyncConnection, key_id: str) -> IdentityRow | None:
    """Some record that this key encrypted."""
    row = (
        await connection.execute(select(*_COLUMNS).where(identities.c.key_id == key_id).limit(1))
    ).one_or_none()
    return None if row is None else IdentityRow(*row)


async def insert_identity(connection: AsyncConnection, row: IdentityRow) -> None:
    """Keep a record.

    Raises:
        ConflictError: when the account has one, or another account has this number.
    """
    await connection.execute(
        insert(identities).values(
            account_id=row.account_id,
            key_id=row.key_id,
            real_name_encrypted=row.real_name_encrypted,
            id_number_encrypted=row.id_number_encrypted,
            id_number_digest=row.id_number_digest,
            submitted_at=row.submitted_at,
        )
    )


async def has_any_digest(connection: AsyncConnection, digests: Sequence[str]) -> bool:
    """Whether a record has one of these digests of its number."""
    found = await connection.scalar(
        select(identities.c.account_id).where(identities.c.id_number_digest.in_(digests)).limit(1)
    )
    return found is not None


async def delete_identity(connection: AsyncConnection, account_id: int) -> bool:
    """Delete the record; whether there was one."""
    return (
        await connection.execute(delete(identities).where(identities.c.account_id == account_id))
    ).rowcount > 0


async def list_identities_not_encrypted_with(
    connection: AsyncConnection, key_id: str, *, limit: int
) -> list[IdentityRow]:
    """Up to `limit` records encrypted by another key than `key_id`."""
    found = await connection.execute(
        select(*_COLUMNS).where(identities.c.key_id != key_id).order_by(identities.c.account_id).limit(limit)
    )
    return [IdentityRow(*row) for row in found]


async def reencrypt_identity(connection: AsyncConnection, old: IdentityRow, new: IdentityRow) -> None:
    """Replace what `old` encrypted, unless it changed meanwhile."""
    await connection.execute(
        update(identities)
        .where(identities.c.account_id == old.account_id, identities.c.key_id == old.key_id)
        .values(
            key_id=new.key_id,
            real_name_encrypted=new.real_name_encrypted,
            id_number_encrypted=new.id_number_encrypted,
            id_number_digest=new.id_number_digest,
        )
    )
