"""Who is calling: one read that joins sessions with accounts, never cached, so that what is revoked is gone at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from db.engine import Database
from db.sessions import SessionRow, list_live_sessions, slide_session
from resolvers.sessions import is_due_to_slide, slid_expiry


class Viewers(Protocol):
    """Finds live sessions by the hash of their token."""

    async def find(self, token_hash: str) -> SessionRow | None:
        """The session, read after this call began; None when it is revoked, expired or was never."""


class DirectViewers:
    """One read for each question."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def find(self, token_hash: str) -> SessionRow | None:
        """See `Viewers.find`."""
        async with self._database.reading() as connection:
            rows = await list_live_sessions(connection, [token_hash], self._clock())
        return rows[0] if rows else None


async def slide_if_due(database: Database, session: SessionRow, now: datetime) -> None:
    """Prolong a session that is in use; one write an hour at most."""
    if not is_due_to_slide(session, now):
        return
    async with database.writing() as connection:
        await slide_session(connection, session.token_hash, slid_at=now, expires_at=slid_expiry(session, now))
