"""The lock on a picture: its row is held while the picture is put or deleted; the two cannot cross."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import avatars


async def lock_avatar(connection: AsyncConnection, key: str, now: datetime) -> None:
    """Hold the row of `key`, made if need be, until the transaction ends."""
    values = {"key": key, "created_at": now}
    match connection.dialect.name:
        case "postgresql":
            await connection.execute(postgresql.insert(avatars).values(values).on_conflict_do_nothing())
        case "sqlite":
            await connection.execute(sqlite.insert(avatars).values(values).on_conflict_do_nothing())
        case _:
            await connection.execute(mysql.insert(avatars).values(values).on_duplicate_key_update(key=key))
    await connection.execute(select(avatars.c.key).where(avatars.c.key == key).with_for_update())


async def delete_avatar(connection: AsyncConnection, key: str) -> None:
    """Forget the row of `key`."""
    await connection.execute(delete(avatars).where(avatars.c.key == key))
