"""Who is calling: one read that joins sessions with accounts, never cached, so that what is revoked is gone at once.

Callers that come while a read is in flight share the next one (the DataLoader idea, across requests): the busier it
gets, the fewer queries there are for each caller, and every answer is still read after its question.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from datetime import datetime
from typing import Protocol

from db.engine import Database, StandingReader
from db.live_sessions import list_live_sessions
from db.sessions import SessionRow, slide_session
from resolvers.sessions import is_due_to_slide, slid_expiry

# More than this many sessions are read in one statement at no gain.
BATCH_MAXIMUM = 128

_Question = tuple[str, asyncio.Future[SessionRow | None]]

# With two, the database works on one batch while the answers of the other are handed out.
READS_IN_FLIGHT = 2


class Viewers(Protocol):
    """Finds live sessions by the hash of their token."""

    async def find(self, token_hash: str) -> SessionRow | None:
        """The session, read after this call began; None when it is revoked, expired or was never."""


class CoalescedViewers:
    """Answers all who ask at one time with one read.

    A failed read fails for its own batch only; a caller that is cancelled takes nobody along.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: list[_Question] = []
        self._idle = [StandingReader(database) for _ in range(READS_IN_FLIGHT)]
        self._reading: set[asyncio.Task[None]] = set()

    async def find(self, token_hash: str) -> SessionRow | None:
        """See `Viewers.find`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[SessionRow | None] = loop.create_future()
        self._waiting.append((token_hash, answer))
        if self._idle:
            # In a context of its own: the reading serves other requests too, and must not use up this one's patience.
            task = loop.create_task(self._read_all(self._idle.pop()), name="viewers", context=Context())
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        return await answer

    async def aclose(self) -> None:
        """Let the reads in flight end, and give back the connections."""
        await asyncio.gather(*self._reading)
        for reader in self._idle:
            await reader.aclose()

    async def _read_all(self, reader: StandingReader) -> None:
        """Read batch after batch until nobody waits."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_MAXIMUM], self._waiting[BATCH_MAXIMUM:]
                await self._read(reader, batch)
        finally:
            self._idle.append(reader)

    async def _read(self, reader: StandingReader, batch: list[_Question]) -> None:
        hashes = {token_hash for token_hash, _ in batch}
        now = self._clock()
        try:
            rows = await reader.read(lambda connection: list_live_sessions(connection, hashes, now))
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            _fail(batch, error)
        else:
            _answer(batch, {row.token_hash: row for row in rows})


def _answer(batch: list[_Question], rows: dict[str, SessionRow]) -> None:
    for token_hash, answer in batch:
        if not answer.done():
            answer.set_result(rows.get(token_hash))


def _fail(batch: list[_Question], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)


async def slide_if_due(database: Database, session: SessionRow, now: datetime) -> None:
    """Prolong a session that is in use; one write an hour at most."""
    if not is_due_to_slide(session, now):
        return
    async with database.writing() as connection:
        await slide_session(connection, session.token_hash, slid_at=now, expires_at=slid_expiry(session, now))
