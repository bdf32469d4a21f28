"""A state store that is there when the first request comes, though not yet when the application is put together."""

from collections.abc import AsyncIterator, Callable

from resolvers.ports import Counter, StateStore


class LateStateStore:
    """Hands every call on to the store that `find` gives by then."""

    def __init__(self, find: Callable[[], StateStore]) -> None:
        self._find = find

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        """See `StateStore.put`."""
        await self._find().put(key, value, ttl_seconds)

    async def get(self, key: str) -> str | None:
        """See `StateStore.get`."""
        return await self._find().get(key)

    async def take(self, key: str) -> str | None:
        """See `StateStore.take`."""
        return await self._find().take(key)

    async def increment(self, key: str, ttl_seconds: float, by: int = 1) -> Counter:
        """See `StateStore.increment`."""
        return await self._find().increment(key, ttl_seconds, by)

    async def delete(self, key: str) -> None:
        """See `StateStore.delete`."""
        await self._find().delete(key)

    def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        """See `StateStore.purge_expired`."""
        return self._find().purge_expired(batch_rows)

    async def ping(self) -> None:
        """See `StateStore.ping`."""
        await self._find().ping()

    async def aclose(self) -> None:
        """Nothing: the store belongs to who opened it."""
