"""The state store in the database: for one process with SQLite, or several with a shared server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from adapters.state_entry import Clock, check_key, check_value, lifetime_ms, unix_ms
from db.engine import Connection, Database, DatabaseUnavailableError
from db.state import (
    StateRow,
    count_down,
    count_up,
    delete_expired_state,
    delete_state,
    find_state,
    is_conflict,
    set_state,
    take_state,
)
from resolvers.ports import Counter, StateStoreError, not_asked

# MySQL breaks a deadlock by rolling back one of the two; it may meet the next one at once, but not for ever.
_ATTEMPTS = 5

_T = TypeVar("_T")


class SqlStateStore:
    """Keeps `StateStore`'s promises by one short transaction for each operation.

    It does not close the database: who opened that closes it.
    """

    def __init__(self, database: Database, clock: Clock, *, timeout_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        """Set `key`, replacing what was there, expiry included."""
        check_key(key)
        check_value(value)
        expires_at_ms = self._now_ms() + lifetime_ms(ttl_seconds)
        await self._write(lambda connection: set_state(connection, key, value, expires_at_ms))

    async def get(self, key: str) -> str | None:
        """Read `key`; a counter reads as its number."""
        check_key(key)
        async with self._bounded(), self._database.reading() as connection:
            row = await find_state(connection, key)
        return self._text(row)

    async def take(self, key: str) -> str | None:
        """Read and delete `key` in one step."""
        check_key(key)
        return self._text(await self._write(lambda connection: take_state(connection, key)))

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        """Add `by` to the counter `key`; until its commit nothing is sent.

        Raises:
            ValueError: when `key` holds text.
        """
        check_key(key)
        now_ms = self._now_ms()
        expires_at_ms = now_ms + lifetime_ms(ttl_seconds)

        async def change(connection: Connection) -> StateRow | None:
            row: StateRow | None
            if by > 0:
                row = await count_up(connection, key, by, now_ms=now_ms, expires_at_ms=expires_at_ms)
            else:
                row = await count_down(connection, key, -by, now_ms=now_ms)
            on_sent()
            return row

        row = await self._write(change)
        if row is None:
            return Counter(0, 0.0)
        if row.value is not None:
            raise ValueError("the key holds text, not a counter")
        return Counter(row.count, (row.expires_at_ms - now_ms) / 1000)

    async def delete(self, key: str) -> None:
        """Delete `key`; it need not exist."""
        check_key(key)
        await self._write(lambda connection: delete_state(connection, key))

    async def ping(self) -> None:
        """Answer, or raise `StateStoreError`."""
        async with self._bounded():
            await self._database.ping()

    async def aclose(self) -> None:
        """Do nothing: the database is its opener's."""

    async def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        """Delete what has expired, each batch in a transaction of its own."""
        now_ms, since_ms, count = self._now_ms(), None, batch_rows

        async def delete_batch(connection: Connection) -> tuple[int, int | None]:
            return await delete_expired_state(connection, since_ms=since_ms, now_ms=now_ms, limit=batch_rows)

        while count == batch_rows:
            count, since_ms = await self._write(delete_batch)
            yield count

    async def _write(self, work: Callable[[Connection], Awaitable[_T]]) -> _T:
        async with self._bounded():
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await self._attempt(work)
                except DatabaseUnavailableError as error:
                    if not is_conflict(error.__cause__):
                        raise
            return await self._attempt(work)

    async def _attempt(self, work: Callable[[Connection], Awaitable[_T]]) -> _T:
        async with self._database.writing() as connection:
            return await work(connection)

    def _text(self, row: StateRow | None) -> str | None:
        if row is None or row.expires_at_ms <= self._now_ms():
            return None
        return str(row.count) if row.value is None else row.value

    def _now_ms(self) -> int:
        return unix_ms(self._clock())

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except (DatabaseUnavailableError, TimeoutError) as error:
            raise StateStoreError(type(error).__name__) from error
