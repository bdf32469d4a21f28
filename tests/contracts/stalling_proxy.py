"""A TCP proxy that can fall silent: it accepts and keeps connections, but nothing gets through."""

import asyncio

from drills.proxy import SlowProxy


class StallingProxy(SlowProxy):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(port, host)
        self._flowing = asyncio.Event()
        self._flowing.set()

    def stall(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    async def hold_back(self, *, is_answer: bool) -> None:
        del is_answer
        await self._flowing.wait()
