"""How long one request may wait for what it depends on, all its questions together.

Each question to the database or the state store has a time limit of its own. A request asks up to a dozen of them,
and where each is slow, or one fails and the next clears up after it, the answer would still come too late.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar, Token
from time import monotonic

# The contract promises an answer within 2 s when a dependency is down; what remains is for the door.
WAIT_BUDGET_SECONDS = 1.5

# What every question gets even so: enough for a dependency that works, to clear up after one that does not.
LAST_CHANCE_SECONDS = 0.1


class one_request:  # noqa: N801 - used as `contextlib`'s managers are, at a fifth of their cost
    """What is asked in this block, and in tasks that begin in it, shares one wait budget.

    Questions that overlap, or are part of one another, count once.
    """

    __slots__ = ("_asking", "_left", "_since", "_token")

    def __enter__(self) -> None:
        """The request begins."""
        self._left = WAIT_BUDGET_SECONDS
        self._asking = 0
        self._since = 0.0
        self._token: Token[one_request | None] = _current.set(self)

    def __exit__(self, *_: object) -> None:
        """The request has ended."""
        _current.reset(self._token)

    def begin(self, limit_seconds: float) -> float:
        """A question begins; the seconds that it may take: at most `limit_seconds`, and at most what is left."""
        now = monotonic()
        if self._asking == 0:
            self._since = now
        self._asking += 1
        return min(limit_seconds, max(self._left - (now - self._since), LAST_CHANCE_SECONDS))

    def end(self) -> None:
        """A question has ended."""
        self._asking -= 1
        if self._asking == 0:
            self._left -= monotonic() - self._since


_current: ContextVar[one_request | None] = ContextVar("wait_budget", default=None)


def current_request() -> one_request | None:
    """The request that this belongs to, for who asks in one place and hears the answer in another."""
    return _current.get()


@asynccontextmanager
async def waiting(limit_seconds: float) -> AsyncIterator[None]:
    """One question whose limit is kept by a timer; outside of requests it has the whole of it.

    Raises:
        TimeoutError: it took longer.
    """
    request = current_request()
    seconds = limit_seconds if request is None else request.begin(limit_seconds)
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        if request is not None:
            request.end()
