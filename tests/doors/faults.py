"""Parts that fail when they are told to: a state store and a database between the resolvers and the real ones."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from db.engine import Connection, Database, DatabaseUnavailableError
from resolvers.ports import Counter, StateStore, StateStoreError, not_asked
from tests.doors.harness import Harness


class BreakableStore:
    """A state store that answers nothing while `is_down`.

    `breaks_after` operations it goes down by itself; the one that breaks has written, as when only its answer is lost.
    While `is_crowded` an increment fails before it is sent, as when it waits too long for its turn. `increments` are
    all that were asked for.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.is_down = False
        self.breaks_after: int | None = None
        self.is_crowded = False
        self.increments = 0

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        self._require()
        await self._store.put(key, value, ttl_seconds)
        self._count()

    async def get(self, key: str) -> str | None:
        self._require()
        value = await self._store.get(key)
        self._count()
        return value

    async def take(self, key: str) -> str | None:
        self._require()
        value = await self._store.take(key)
        self._count()
        return value

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        self._require()
        self.increments += 1
        if self.is_crowded and by > 0:
            raise StateStoreError("no turn")
        counter = await self._store.increment(key, ttl_seconds, by, on_sent=on_sent)
        self._count()
        return counter

    async def delete(self, key: str) -> None:
        self._require()
        await self._store.delete(key)
        self._count()

    def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        return self._store.purge_expired(batch_rows)

    async def ping(self) -> None:
        self._require()
        await self._store.ping()

    async def aclose(self) -> None:
        await self._store.aclose()

    def _require(self) -> None:
        if self.is_down:
            raise StateStoreError("down")

    def _count(self) -> None:
        if self.breaks_after is None:
            return
        self.breaks_after -= 1
        if self.breaks_after < 0:
            self.is_down, self.breaks_after = True, None
            raise StateStoreError("the answer is lost")


class BreakableDatabase:
    """A database that gives no connection while `is_down`, and whose transactions fail while `fails_to_commit`.

    `on_connect` and `on_commit` are called when it is asked for a connection, and when a transaction has ended well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_down = False
        self.fails_to_commit = False
        self.on_connect: Callable[[], None] = lambda: None
        self.on_commit: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        self._require()
        async with self._database.reading() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        self._require()
        async with self._database.writing() as connection:
            yield connection
            if self.fails_to_commit:
                raise DatabaseUnavailableError("the commit is lost")
        self.on_commit()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a database has
        return getattr(self._database, name)

    def _require(self) -> None:
        self.on_connect()
        if self.is_down:
            raise DatabaseUnavailableError("down")


@dataclass(frozen=True, slots=True)
class Breakable:
    """A gateway and what can be broken under it."""

    harness: Harness
    store: BreakableStore
    database: BreakableDatabase
