"""Who is calling: one read that joins sessions with accounts, never cached, so that what is revoked is gone at once.

Callers that come while a read is in flight share the next one (the DataLoader idea, across requests): the busier it
gets, the fewer queries there are for each caller, and every answer is still read after its question.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from db.engine import Database
from db.sessions import SessionRow, list_live_sessions, slide_session
from resolvers.sessions import is_due_to_slide, slid_expiry

# More than this many sessions are read in one statement at no gain.
BATCH_MAXIMUM = 128

# With two, the database works on one batch while the answers of the other are handed out.
READS_IN_FLIGHT = 2

# A connection is kept for the next batch while callers wait, but given back before its time limit comes near.
_BATCHES_A_CONNECTION = 20


class Viewers(Protocol):
    """Finds live sessions by the hash of their token."""

    async def find(self, token_hash: str) -> SessionRow | None:
        """The session, read after this call began; None when it is revoked, expired or was never."""


class CoalescedViewers:
    """Answers all who ask at one time with one read.

    A failed read fails for its own batch only; a caller that is cancelled takes nobody along.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[tuple[str, asyncio.Future[SessionRow | None]]] = []
        self._readers: set[asyncio.Task[None]] = set()

    async def find(self, token_hash: str) -> SessionRow | None:
        """See `Viewers.find`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[SessionRow | None] = loop.create_future()
        self._waiting.append((token_hash, answer))
        if len(self._readers) < READS_IN_FLIGHT:
            reader = loop.create_task(self._read_all(), name="viewers")
            self._readers.add(reader)
            reader.add_done_callback(self._readers.discard)
        return await answer

    async def _read_all(self) -> None:
        """Read batch after batch until nobody waits."""
        while self._waiting:
            batch: list[tuple[str, asyncio.Future[SessionRow | None]]] = []
            try:
                async with self._database.reading() as connection:
                    for _ in range(_BATCHES_A_CONNECTION):
                        batch, self._waiting = self._waiting[:BATCH_MAXIMUM], self._waiting[BATCH_MAXIMUM:]
                        if not batch:
                            break
                        hashes = {token_hash for token_hash, _ in batch}
                        rows = await list_live_sessions(connection, hashes, self._clock())
                        _answer(batch, {row.token_hash: row for row in rows})
            except Exception as error:  # noqa: BLE001 - handed on to who waits
                _fail(batch or self._drain(), error)

    def _drain(self) -> list[tuple[str, asyncio.Future[SessionRow | None]]]:
        """Those for whom no connection could be had."""
        batch, self._waiting = self._waiting, []
        return batch


def _answer(batch: list[tuple[str, asyncio.Future[SessionRow | None]]], rows: dict[str, SessionRow]) -> None:
    for token_hash, answer in batch:
        if not answer.done():
            answer.set_result(rows.get(token_hash))


def _fail(batch: list[tuple[str, asyncio.Future[SessionRow | None]]], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)


async def slide_if_due(database: Database, session: SessionRow, now: datetime) -> None:
    """Prolong a session that is in use; one write an hour at most."""
    if not is_due_to_slide(session, now):
        return
    async with database.writing() as connection:
        await slide_session(connection, session.token_hash, slid_at=now, expires_at=slid_expiry(session, now))
