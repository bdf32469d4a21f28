"""What a request asks of the database and the state store, written down in its order."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from db.engine import Database
from resolvers.ports import Counter, StateStore, not_asked


class WatchedStore:
    """A state store that tells what it was asked: the operation, and the kind of key without its subject."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.operations: list[tuple[str, str]] = []

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        self._note("put", key)
        await self._store.put(key, value, ttl_seconds)

    async def get(self, key: str) -> str | None:
        self._note("get", key)
        return await self._store.get(key)

    async def take(self, key: str) -> str | None:
        self._note("take", key)
        return await self._store.take(key)

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        self._note(f"increment by {by}", key)
        return await self._store.increment(key, ttl_seconds, by, on_sent=on_sent)

    async def delete(self, key: str) -> None:
        self._note("delete", key)
        await self._store.delete(key)

    def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        return self._store.purge_expired(batch_rows)

    async def ping(self) -> None:
        await self._store.ping()

    async def aclose(self) -> None:
        await self._store.aclose()

    def _note(self, operation: str, key: str) -> None:
        self.operations.append((operation, key.rpartition(":")[0]))


@contextmanager
def watching_statements(database: Database) -> Iterator[list[str]]:
    """Every statement on `database` while the block lasts, its parameters as placeholders."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
