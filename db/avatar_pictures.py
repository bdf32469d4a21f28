"""Pictures as rows, for deployments whose replicas share no disk."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import avatar_pictures


async def has_picture(connection: AsyncConnection, key: str) -> bool:
    """Whether there is a picture of this key."""
    found = await connection.scalar(select(avatar_pictures.c.key).where(avatar_pictures.c.key == key))
    return found is not None


async def find_picture(connection: AsyncConnection, key: str) -> bytes | None:
    """The picture."""
    return await connection.scalar(select(avatar_pictures.c.picture).where(avatar_pictures.c.key == key))


async def insert_picture(connection: AsyncConnection, key: str, picture: bytes, now: datetime) -> None:
    """Keep a picture.

    Raises:
        ConflictError: when it is there already.
    """
    await connection.execute(insert(avatar_pictures).values(key=key, picture=picture, created_at=now))


async def delete_picture(connection: AsyncConnection, key: str) -> None:
    """Delete a picture; it need not exist."""
    await connection.execute(delete(avatar_pictures).where(avatar_pictures.c.key == key))


async def list_picture_keys(connection: AsyncConnection, older_than: datetime | None) -> list[str]:
    """The keys of the pictures that were stored before `older_than`; None: all."""
    keys = select(avatar_pictures.c.key).order_by(avatar_pictures.c.key)
    if older_than is not None:
        keys = keys.where(avatar_pictures.c.created_at < older_than)
    return list(await connection.scalars(keys))
