"""How long one request may wait for what it depends on, all its questions together.

Each question to the database or the state store has a time limit of its own. A request asks up to a dozen of them,
and where each is slow, or one fails and the next clears up after it, the answer would still come too late.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from time import monotonic

# The contract promises an answer within 2 s when a dependency is down; what remains is for the door.
PATIENCE_SECONDS = 1.5

# What every question gets even so: enough for a dependency that works, to clear up after one that does not.
LAST_CHANCE_SECONDS = 0.1


class _Patience:
    """What is left for one request. Questions that overlap, or are part of one another, count once."""

    __slots__ = ("_asking", "_left", "_since")

    def __init__(self) -> None:
        self._left = PATIENCE_SECONDS
        self._asking = 0
        self._since = 0.0

    def begin(self) -> float:
        """A question begins; the seconds that it may take."""
        now = monotonic()
        if self._asking == 0:
            self._since = now
        self._asking += 1
        return max(self._left - (now - self._since), LAST_CHANCE_SECONDS)

    def end(self) -> None:
        """A question has ended."""
        self._asking -= 1
        if self._asking == 0:
            self._left -= monotonic() - self._since


_current: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def one_request() -> Iterator[None]:
    """What is asked in this block, and in tasks that begin in it, shares one patience."""
    token = _current.set(_Patience())
    try:
        yield
    finally:
        _current.reset(token)


@asynccontextmanager
async def waiting(limit_seconds: float) -> AsyncIterator[None]:
    """One question: at most `limit_seconds`, and at most what the request has left. Outside of requests only the first.

    Raises:
        TimeoutError: it took longer.
    """
    patience = _current.get()
    if patience is None:
        async with asyncio.timeout(limit_seconds):
            yield
        return
    try:
        async with asyncio.timeout(min(limit_seconds, patience.begin())):
            yield
    finally:
        patience.end()
