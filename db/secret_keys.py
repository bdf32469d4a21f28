"""Queries on what is known of the installation's secret keys: their names, and a digest that each of them makes."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import identities, secret_keys


async def list_key_checks(connection: AsyncConnection) -> Mapping[str, str]:
    """The check value of each key that was ever used, by its name."""
    found = await connection.execute(select(secret_keys.c.key_id, secret_keys.c.check_value))
    return {row[0]: row[1] for row in found}


async def insert_key_check(connection: AsyncConnection, key_id: str, check_value: str, now: datetime) -> None:
    """Note a key.

    Raises:
        ConflictError: when it is noted already.
    """
    await connection.execute(
        insert(secret_keys).values(key_id=key_id, check_value=check_value, first_seen_at=now)
    )


async def list_encryption_keys(connection: AsyncConnection) -> list[str]:
    """The names of the keys that encrypted what is stored; each one found in the index."""
    names: list[str] = []
    while True:
        after = identities.c.key_id > (names[-1] if names else "")
        name = await connection.scalar(
            select(identities.c.key_id).where(after).order_by(identities.c.key_id).limit(1)
        )
        if name is None:
            return names
        names.append(name)
