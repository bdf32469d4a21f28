"""What has to be undone in the state store, done as soon as the store answers.

An attempt is counted before it is judged. Where it could not be judged its count is taken back, also when the store
itself is what failed: then the debt is kept here until the store is there again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import NamedTuple

import structlog

from resolvers.ports import StateStore, StateStoreError

RETRY_SECONDS = 0.1
# An outage under attack must not fill the memory; the oldest debts are the first whose windows end.
MAXIMUM_DEBTS = 10_000

_log = structlog.get_logger(__name__)

Undo = Callable[[], Awaitable[object]]


class _Debt(NamedTuple):
    store: StateStore
    undo: Undo


class Refunds:
    """The debts of this process, each paid once, in their order. A process that is killed forgets them.

    A store that has failed is asked whether it answers before anything is undone: a command that was given up may
    still be on its way, and what undoes it must not come first, nor twice.
    """

    def __init__(self, *, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._debts: deque[_Debt] = deque(maxlen=MAXIMUM_DEBTS)
        self._worker: asyncio.Task[None] | None = None
        self._is_store_doubtful = False

    def owe(self, store: StateStore, undo: Undo, *, is_store_doubtful: bool) -> None:
        """Have `undo` called soon; it is a no-op where it comes too late to matter."""
        self._debts.append(_Debt(store, undo))
        self._is_store_doubtful |= is_store_doubtful
        if self._worker is None:
            # In a context of its own: it must not use up the time of the request that failed.
            loop = asyncio.get_running_loop()
            self._worker = loop.create_task(self._pay_all(), name="refunds", context=Context())

    async def settle(self) -> None:
        """Wait until nothing is owed, at most `settle_seconds`."""
        if self._worker is not None:
            await asyncio.wait({self._worker}, timeout=self._settle_seconds)

    async def aclose(self) -> None:
        """Try once more, then forget."""
        await self.settle()
        if self._worker is not None:
            self._worker.cancel()

    async def _pay_all(self) -> None:
        try:
            while self._debts:
                await self._pay(self._debts[0])
        finally:
            self._worker = None

    async def _pay(self, debt: _Debt) -> None:
        try:
            if self._is_store_doubtful:
                await debt.store.ping()
                self._is_store_doubtful = False
            await debt.undo()
        except StateStoreError:
            self._is_store_doubtful = True
            await asyncio.sleep(RETRY_SECONDS)
            return
        except Exception:  # noqa: BLE001 - a debt that cannot be paid must not hold up the others
            _log.exception("refund.failed")
        if self._debts and self._debts[0] is debt:
            self._debts.popleft()
