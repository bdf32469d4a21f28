"""Pictures as rows of the database: for replicas that share no disk. Not for SQLite, which has one writer only."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from adapters.avatar_key import check_avatar_key
from db import avatar_pictures
from db.engine import ConflictError, Database, DatabaseUnavailableError
from resolvers.ports import AvatarStoreError


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlAvatarStore:
    """Keeps `AvatarStore`'s promises in the table `avatar_pictures`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _utc_now) -> None:
        self._database = database
        self._clock = clock

    async def put(self, key: str, picture: bytes) -> None:
        """See `AvatarStore.put`."""
        check_avatar_key(key)
        async with _translated():
            async with self._database.reading() as connection:
                if await avatar_pictures.has_picture(connection, key):
                    return
            try:
                async with self._database.writing() as connection:
                    await avatar_pictures.insert_picture(connection, key, picture, self._clock())
            except ConflictError:
                # Somebody else has put the same picture meanwhile.
                return

    async def get(self, key: str) -> bytes | None:
        """See `AvatarStore.get`."""
        check_avatar_key(key)
        async with _translated(), self._database.reading() as connection:
            return await avatar_pictures.find_picture(connection, key)

    async def delete(self, key: str) -> None:
        """See `AvatarStore.delete`."""
        check_avatar_key(key)
        async with _translated(), self._database.writing() as connection:
            await avatar_pictures.delete_picture(connection, key)

    async def list_keys(self, *, older_than: datetime | None = None) -> list[str]:
        """See `AvatarStore.list_keys`."""
        async with _translated(), self._database.reading() as connection:
            return await avatar_pictures.list_picture_keys(connection, older_than)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except DatabaseUnavailableError as error:
        raise AvatarStoreError("the database does not answer") from error
