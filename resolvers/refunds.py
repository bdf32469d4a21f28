"""What has to be undone in the state store, done as soon as the store answers.

An attempt is counted before it is judged. Where it could not be judged its count is taken back, also when the store
itself is what failed: then the debt is kept here until the store is there again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from resolvers.ports import StateStore, StateStoreError

RETRY_SECONDS = 0.1
# An outage under attack must not fill the memory. Beyond, nobody may begin what could have to be undone.
MAXIMUM_DEBTS = 10_000

# Near its end a window is left alone: the next one must not be lowered for it.
_WINDOW_END_SECONDS = 1
# How much later than the count its window may seem to have begun: counts are kept by the second.
_SAME_WINDOW_SECONDS = 2

_log = structlog.get_logger(__name__)

Undo = Callable[[], Awaitable[object]]


class Count(NamedTuple):
    """That the counter `key`, whose windows last `window_seconds`, was increased in the second `at`."""

    key: str
    window_seconds: int
    at: datetime

    @classmethod
    def of(cls, key: str, window_seconds: int, now: datetime) -> "Count":
        """A count of now."""
        return cls(key, window_seconds, now.replace(microsecond=0))

    @property
    def expires_at(self) -> datetime:
        """When its window has ended for sure."""
        return self.at + timedelta(seconds=self.window_seconds)


@dataclass(slots=True)
class _Debt:
    """How often one count is owed, and when its window ends if that is known."""

    store: StateStore
    times: int = 0
    ends_at: datetime | None = None


class _Deed(NamedTuple):
    """What is to be done about one key, unless the time is over."""

    store: StateStore
    undo: Undo
    expires_at: datetime


class Refunds:
    """The debts of this process: counts, added up for each counter and second, and deeds, one for each key.

    A count is taken back at most once, and only from the window that it was counted in. A process that is killed
    forgets what it owes; nothing else is forgotten. A store that has failed is asked whether it answers before
    anything is undone: a command that was given up may still be on its way, and what undoes it must not come first.
    """

    def __init__(
        self, clock: Callable[[], datetime], *, settle_seconds: float, maximum: int = MAXIMUM_DEBTS
    ) -> None:
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._maximum = maximum
        self._counts: dict[Count, _Debt] = {}
        self._deeds: dict[str, _Deed] = {}
        self._worker: asyncio.Task[None] | None = None
        self._is_store_doubtful = False

    def owe(self, store: StateStore, count: Count, *, ends_at: datetime | None) -> None:
        """Have one `count` taken back soon; `ends_at` is the end of its window, where the store has told it."""
        self._owe(count, store, 1, ends_at)
        self._begin()

    def owe_deed(self, store: StateStore, key: str, undo: Undo, *, expires_at: datetime) -> None:
        """Have `undo` called soon, for what is kept under `key`; of several the newest."""
        self._deeds[key] = _Deed(store, undo, expires_at)
        self._begin()

    def doubt_store(self) -> None:
        """The store has failed."""
        self._is_store_doubtful = True

    def require_room(self) -> None:
        """See to it that what begins now can be owed.

        Raises:
            StateStoreError: too much is owed already.
        """
        self._forget_expired()
        if self._owed >= self._maximum:
            raise StateStoreError("too much has to be given back first")

    async def settle(self) -> None:
        """Wait until nothing is owed, at most `settle_seconds`."""
        if self._worker is not None:
            await asyncio.wait({self._worker}, timeout=self._settle_seconds)

    async def aclose(self) -> None:
        """Try once more, then forget."""
        await self.settle()
        if self._worker is not None:
            self._worker.cancel()

    def _begin(self) -> None:
        if self._worker is None:
            # In a context of its own: it must not use up the time of the request that failed.
            loop = asyncio.get_running_loop()
            self._worker = loop.create_task(self._pay_all(), name="refunds", context=Context())

    async def _pay_all(self) -> None:
        try:
            while self._owed:
                await self._pay_next()
        finally:
            self._worker = None

    async def _pay_next(self) -> None:
        self._forget_expired()
        try:
            if self._deeds:
                await self._do(next(iter(self._deeds)))
            elif self._counts:
                await self._take_back(next(iter(self._counts)))
        except StateStoreError:
            self._is_store_doubtful = True
            await asyncio.sleep(RETRY_SECONDS)
        except Exception:  # noqa: BLE001 - a debt that cannot be paid must not hold up the others
            _log.exception("refund.failed")

    async def _take_back(self, count: Count) -> None:
        await self._require_answer(self._counts[count].store)
        debt = self._counts.pop(count)
        sent: list[bool] = []
        try:
            if await self._is_window_open(count, debt):
                await debt.store.increment(
                    count.key, count.window_seconds, -debt.times, on_sent=lambda: sent.append(True)
                )
        except BaseException:
            # What was sent may be done by now, and is not done twice.
            if not sent:
                self._owe(count, debt.store, debt.times, debt.ends_at)
            raise

    async def _is_window_open(self, count: Count, debt: _Debt) -> bool:
        """Whether the window in which it was counted goes on for a while."""
        now, ends_at = self._clock(), debt.ends_at
        if ends_at is None:
            counter = await debt.store.increment(count.key, count.window_seconds, 0)
            ends_at = now + timedelta(seconds=counter.remaining_seconds)
            if ends_at - count.expires_at > timedelta(seconds=_SAME_WINDOW_SECONDS):
                return False
        return ends_at - now > timedelta(seconds=_WINDOW_END_SECONDS)

    async def _do(self, key: str) -> None:
        await self._require_answer(self._deeds[key].store)
        deed = self._deeds.pop(key)
        try:
            await deed.undo()
        except StateStoreError:
            self._deeds.setdefault(key, deed)
            raise

    async def _require_answer(self, store: StateStore) -> None:
        if self._is_store_doubtful:
            await store.ping()
            self._is_store_doubtful = False

    @property
    def _owed(self) -> int:
        return len(self._counts) + len(self._deeds)

    def _owe(self, count: Count, store: StateStore, times: int, ends_at: datetime | None) -> None:
        debt = self._counts.setdefault(count, _Debt(store))
        debt.times += times
        debt.ends_at = debt.ends_at or ends_at

    def _forget_expired(self) -> None:
        """Let the oldest debts go whose windows have ended: they need no store."""
        now = self._clock()
        while (count := next(iter(self._counts), None)) and count.expires_at <= now:
            del self._counts[count]
        while (key := next(iter(self._deeds), None)) and self._deeds[key].expires_at <= now:
            del self._deeds[key]
