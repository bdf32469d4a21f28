"""Queries on the devices that an account's owner has signed in from."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import accounts, devices


async def is_device_of_mobile(
    connection: AsyncConnection, token_hash: str, mobile: str, now: datetime
) -> bool:
    """Whether the owner of this mobile's account has signed in from the device."""
    found = await connection.scalar(
        select(devices.c.id)
        .join(accounts, accounts.c.id == devices.c.account_id)
        .where(devices.c.token_hash == token_hash, accounts.c.mobile == mobile, devices.c.expires_at > now)
    )
    return found is not None


async def list_accounts_of_device(connection: AsyncConnection, token_hash: str, now: datetime) -> set[int]:
    """The numbers of the accounts that have been signed in to from the device."""
    found = await connection.scalars(
        select(devices.c.account_id).where(devices.c.token_hash == token_hash, devices.c.expires_at > now)
    )
    return set(found)


async def insert_device(
    connection: AsyncConnection, account_id: int, token_hash: str, *, now: datetime, expires_at: datetime
) -> None:
    """Remember a device for an account."""
    await connection.execute(
        insert(devices).values(
            account_id=account_id,
            token_hash=token_hash,
            created_at=now,
            last_used_at=now,
            expires_at=expires_at,
        )
    )


async def renew_device(
    connection: AsyncConnection, account_id: int, token_hash: str, *, now: datetime, expires_at: datetime
) -> None:
    """Remember for longer a device that is used."""
    await connection.execute(
        update(devices)
        .where(devices.c.token_hash == token_hash, devices.c.account_id == account_id)
        .values(last_used_at=now, expires_at=expires_at)
    )


async def delete_oldest_devices(connection: AsyncConnection, account_id: int, *, kept: int) -> None:
    """Forget the devices of an account but the `kept` that were used last."""
    found = await connection.scalars(
        select(devices.c.id)
        .where(devices.c.account_id == account_id)
        .order_by(devices.c.last_used_at.desc(), devices.c.id.desc())
        .offset(kept)
    )
    if ids := found.all():
        await connection.execute(delete(devices).where(devices.c.id.in_(ids)))


async def delete_other_devices(connection: AsyncConnection, account_id: int, token_hash: str | None) -> int:
    """Forget the devices of an account but one; how many there were."""
    others = delete(devices).where(devices.c.account_id == account_id)
    if token_hash is not None:
        others = others.where(devices.c.token_hash != token_hash)
    return (await connection.execute(others)).rowcount


async def list_devices_of(
    connection: AsyncConnection, account_id: int
) -> list[tuple[datetime, datetime, datetime]]:
    """When each device of the account was first and last signed in from, and is forgotten."""
    found = await connection.execute(
        select(devices.c.created_at, devices.c.last_used_at, devices.c.expires_at)
        .where(devices.c.account_id == account_id)
        .order_by(devices.c.created_at)
    )
    return [(row[0], row[1], row[2]) for row in found]
