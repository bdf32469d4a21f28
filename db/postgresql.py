"""Connecting to PostgreSQL: one host after the other, each with its share of the time."""

from contextlib import suppress

import asyncpg

from db.database_url import PostgresqlTarget

# A server that fell silent does not answer a goodbye.
_GOODBYE_SECONDS = 0.1

# A host that cannot serve just now, or is not the one that was asked for; the next may.
_TRY_NEXT = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.TargetServerAttributeNotMatched,
)


class _PromptlyClosed(asyncpg.Connection):  # type: ignore[misc]  # asyncpg tells no types
    """A connection that is closed in a moment, whatever the server does.

    SQLAlchemy closes it when a caller is cancelled, and the caller waits for that: 2 s, and when the process ends for
    ever. asyncpg drops the socket when its time is over.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own signature
        del timeout
        with suppress(TimeoutError):
            await super().close(timeout=_GOODBYE_SECONDS)


class PostgresqlConnector:
    """Opens connections to the first host that serves, beginning with one that did before.

    asyncpg tries several hosts too, but gives the first all the time: one that has lost its power would hide the rest.
    """

    def __init__(self, target: PostgresqlTarget, timeout_seconds: float) -> None:
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._first = 0

    async def connect(self) -> asyncpg.Connection:
        """A connection.

        Raises:
            Exception: what asyncpg raised for the last host.
        """
        count = len(self._target.hosts)
        for attempt in range(count - 1):
            chosen = (self._first + attempt) % count
            with suppress(*_TRY_NEXT):
                connection = await self._connect(self._target.hosts[chosen])
                self._first = chosen
                return connection
        return await self._connect(self._target.hosts[(self._first - 1) % count] if count else None)

    async def _connect(self, place: tuple[str, int] | None) -> asyncpg.Connection:
        host, port = place or (None, None)
        return await asyncpg.connect(
            host=host,
            port=port,
            timeout=self._timeout_seconds / max(1, len(self._target.hosts)),
            connection_class=_PromptlyClosed,
            **self._target.arguments,
        )
