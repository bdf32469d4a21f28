"""How long one request may wait for what it depends on, all its questions together.

Each question to the database or the state store has a time limit of its own. A request asks up to a dozen of them,
and where each is slow, or one fails and the next clears up after it, the answer would still come too late.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar, Token
from time import monotonic


class one_request:  # noqa: N801 - used as `contextlib`'s managers are, at a fifth of their cost
    """What is asked in this block, and in tasks that begin in it, shares one wait budget of `budget_seconds`.

    Questions that overlap, or are part of one another, count once. Every question gets `last_chance_seconds` even
    when nothing is left: enough for a dependency that works, to clear up after one that does not.
    """

    __slots__ = ("_asking", "_last_chance_seconds", "_left", "_monotonic", "_since", "_token")

    def __init__(
        self,
        budget_seconds: float,
        last_chance_seconds: float,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._left = budget_seconds
        self._last_chance_seconds = last_chance_seconds
        self._monotonic = monotonic
        self._asking = 0
        self._since = 0.0

    def __enter__(self) -> None:
        """The request begins."""
        self._token: Token[one_request | None] = _current.set(self)

    def __exit__(self, *_: object) -> None:
        """The request has ended."""
        _current.reset(self._token)

    def begin(self, limit_seconds: float) -> float:
        """A question begins; the seconds that it may take: at most `limit_seconds`, and at most what is left."""
        now = self._monotonic()
        if self._asking == 0:
            self._since = now
        self._asking += 1
        return min(limit_seconds, max(self._left - (now - self._since), self._last_chance_seconds))

    def end(self) -> None:
        """A question has ended."""
        self._asking -= 1
        if self._asking == 0:
            self._left -= self._monotonic() - self._since


_current: ContextVar[one_request | None] = ContextVar("wait_budget", default=None)


def current_request() -> one_request | None:
    """The request that this belongs to, for code that asks in one place and hears the answer in another."""
    return _current.get()


@asynccontextmanager
async def waiting(limit_seconds: float) -> AsyncIterator[float]:
    """One question whose limit is kept by a timer, and the seconds that it has: outside of requests all of them.

    Raises:
        TimeoutError: it took longer.
    """
    request = current_request()
    seconds = limit_seconds if request is None else request.begin(limit_seconds)
    try:
        async with asyncio.timeout(seconds):
            yield seconds
    finally:
        if request is not None:
            request.end()
