"""Turns at something of which there is one: of the accounts that wait, the one that was served longest ago is next."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Waiter = asyncio.Future[None]


class FairTurns:
    """A lock with a queue for each account; the queues take turns, however long one of them is."""

    def __init__(self) -> None:
        self._holder: int | None = None
        # In the order of their turns; an account that is served goes to the end.
        self._queues: dict[int, deque[Waiter]] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def turn(self, account_id: int) -> AsyncIterator[None]:
        """Wait for the account's turn, and hold it for the block."""
        if self._holder is None:
            self._holder = account_id
        else:
            await self._wait(account_id)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, account_id: int) -> None:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account_id, deque()).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                # The turn had come already.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        served = self._holder
        self._holder = None
        if served in self._queues:
            self._queues[served] = self._queues.pop(served)
        while self._queues and self._holder is None:
            account_id, queue = next(iter(self._queues.items()))
            waiter = queue.popleft()
            if not queue:
                del self._queues[account_id]
            if not waiter.done():
                self._holder = account_id
                waiter.set_result(None)
