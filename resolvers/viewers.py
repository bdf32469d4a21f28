"""Who is calling: one read that joins sessions with accounts, never cached, so that what is revoked is gone at once.

Callers that come while a read is in flight share the next one (the DataLoader idea, across requests): the busier it
gets, the fewer queries there are for each caller, and every answer is still read after its question.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextvars import Context
from datetime import datetime
from itertools import chain
from typing import NamedTuple, Protocol

from db.engine import Database, DatabaseUnavailableError, StandingReader
from db.live_sessions import list_live_sessions
from db.sessions import SessionRow, renew_session
from resolvers.sessions import renewed_expiry
from resolvers.wait_budget import current_request, one_request

# More than this many sessions are read in one statement at no gain.
BATCH_MAXIMUM = 128

# One makes the largest batches. The second is for when the first is slow: one connection that hangs is not all.
READERS = 2


class _Question(NamedTuple):
    """One caller. `deadline` is a time of the loop's clock; `request` counts how long it waits."""

    token_hash: str
    answer: asyncio.Future[SessionRow | None]
    request: one_request | None
    deadline: float


class _Batch(NamedTuple):
    """Who one read is for, and since when it is under way by the loop's clock."""

    questions: list[_Question]
    since: float


class Viewers(Protocol):
    """Finds live sessions by the hash of their token."""

    def find(self, token_hash: str) -> Awaitable[SessionRow | None]:
        """The session, read after this call; None when it is revoked, expired or was never.

        Raises:
            DatabaseUnavailableError: at the latest when the request has no wait budget left.
        """


class SessionReader(Protocol):
    """Reads the live sessions among some; one read at a time."""

    async def read(self, token_hashes: Collection[str], now: datetime) -> list[SessionRow]:
        """Those of `token_hashes` that are alive at `now`.

        Raises:
            DatabaseUnavailableError: after the database's own time limit.
        """

    async def aclose(self) -> None:
        """Give back the connection."""


class StandingSessionReader:
    """Reads with a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._reader = StandingReader(database)

    async def read(self, token_hashes: Collection[str], now: datetime) -> list[SessionRow]:
        """See `SessionReader.read`."""
        return await self._reader.read(lambda connection: list_live_sessions(connection, token_hashes, now))

    async def aclose(self) -> None:
        """See `SessionReader.aclose`."""
        await self._reader.aclose()


class CoalescedViewers:
    """Answers all who ask at one time with one read.

    A failed read fails for its own batch only; a caller that is cancelled takes nobody along. Each caller's wait has an
    end of its own after `timeout_seconds`, since it may be for a turn after a read that fails only when its time is
    over; one timer sees to all of them. It looks every `slow_read_seconds` whether a read is slow, or anybody has
    waited too long.
    """

    def __init__(
        self,
        readers: Sequence[SessionReader],
        clock: Callable[[], datetime],
        *,
        timeout_seconds: float,
        slow_read_seconds: float,
    ) -> None:
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._slow_read_seconds = slow_read_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Question] = []
        self._in_flight: dict[SessionReader, _Batch] = {}
        # Up to then by the loop's clock, one of the reads in flight is not slow.
        self._prompt_until = 0.0
        self._look: asyncio.TimerHandle | None = None
        self._idle = list(readers)
        self._reading: set[asyncio.Task[None]] = set()

    def find(self, token_hash: str) -> asyncio.Future[SessionRow | None]:
        """See `Viewers.find`. It is no coroutine, so that the caller's own wait is all there is to suspend."""
        loop = self._loop
        if loop is None:
            # Asked once: Python 3.11 makes a system call of it.
            loop = self._loop = asyncio.get_running_loop()
        now = loop.time()
        request = current_request()
        limit = self._timeout_seconds
        seconds = limit if request is None else request.begin(limit)
        answer: asyncio.Future[SessionRow | None] = loop.create_future()
        self._waiting.append(_Question(token_hash, answer, request, now + seconds))
        if not self._in_flight or (self._idle and now > self._prompt_until):
            self._begin_to_read(loop)
        if self._look is None:
            self._look_later(loop)
        return answer

    async def aclose(self) -> None:
        """Let the reads in flight end, and give back the connections."""
        await asyncio.gather(*self._reading)
        if self._look is not None:
            self._look.cancel()
        for reader in self._idle:
            await reader.aclose()

    def _begin_to_read(self, loop: asyncio.AbstractEventLoop) -> None:
        # In a context of its own: the reading serves other requests too, and must not use up this one's budget.
        reader = self._idle.pop()
        self._begin_batch(reader, [], loop.time())
        task = loop.create_task(self._read_all(reader, loop), name="viewers", context=Context())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look = loop.call_later(self._slow_read_seconds, self._see_to_who_waits, loop, context=Context())

    def _see_to_who_waits(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell who has waited too long, read beside a read that is slow, and look again as long as anybody waits."""
        now = loop.time()
        asked = [*self._waiting, *chain.from_iterable(batch.questions for batch in self._in_flight.values())]
        asked = [one for one in asked if not one.answer.done()]
        late = [one for one in asked if one.deadline <= now]
        _tell(late, DatabaseUnavailableError("TimeoutError"))
        # Nothing is read for who does not wait any more; an outage would leave thousands of them.
        for one in self._waiting:
            if one.answer.cancelled():
                _end(one)
        self._waiting = [one for one in self._waiting if not one.answer.done()]
        self._look = None
        if len(late) < len(asked):
            self._look_later(loop)
        if self._waiting and self._idle and now > self._prompt_until:
            self._begin_to_read(loop)

    def _begin_batch(self, reader: SessionReader, questions: list[_Question], now: float) -> None:
        self._in_flight[reader] = _Batch(questions, now)
        self._prompt_until = now + self._slow_read_seconds

    def _end_batch(self, reader: SessionReader) -> None:
        self._in_flight.pop(reader, None)
        self._prompt_until = max(
            (batch.since + self._slow_read_seconds for batch in self._in_flight.values()), default=0
        )

    async def _read_all(self, reader: SessionReader, loop: asyncio.AbstractEventLoop) -> None:
        """Read batch after batch until nobody waits, or another reader does it."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_MAXIMUM], self._waiting[BATCH_MAXIMUM:]
                self._begin_batch(reader, batch, loop.time())
                found = await self._read(reader, batch)
                # Who asks in this turn of the loop comes along. These are told in the next, when the read for those
                # is under way: so the database works while they are served.
                loop.call_soon(loop.call_soon, _tell, batch, found)
                await asyncio.sleep(0)
                self._end_batch(reader)
                if loop.time() <= self._prompt_until:
                    break
        finally:
            self._end_batch(reader)
            self._idle.append(reader)

    async def _read(self, reader: SessionReader, batch: list[_Question]) -> dict[str, SessionRow] | Exception:
        """The live sessions by the hash of their token, or why they cannot be known."""
        hashes = {one.token_hash for one in batch}
        now = self._clock()
        try:
            rows = await reader.read(hashes, now)
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            return error
        except BaseException:
            # The reading itself is cut off, as when the process ends; nobody shall wait for it.
            _tell(batch, DatabaseUnavailableError("cut off"))
            raise
        return {row.token_hash: row for row in rows}


def _tell(batch: list[_Question], found: dict[str, SessionRow] | Exception) -> None:
    """Answer who still waits."""
    for one in batch:
        if one.answer.done():
            # Who gave up waits no more. Who was told that it takes too long has been counted then.
            if one.answer.cancelled():
                _end(one)
        else:
            if isinstance(found, Exception):
                one.answer.set_exception(found)
            else:
                one.answer.set_result(found.get(one.token_hash))
            _end(one)


def _end(one: _Question) -> None:
    """Its caller waits no more; said once of each question."""
    if one.request is not None:
        one.request.end()


async def renew(database: Database, session: SessionRow, now: datetime) -> None:
    """Prolong a session that is in use."""
    async with database.writing() as connection:
        await renew_session(
            connection, session.token_hash, last_used_at=now, expires_at=renewed_expiry(session, now)
        )
