"""A TCP proxy that can fall silent: it accepts and keeps connections, but nothing gets through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class StallingProxy:
    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def stall(self) -> None:
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["StallingProxy"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # a side has gone, or the proxy is being closed
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            one_way = asyncio.create_task(self._copy(reader, far_writer))
            other_way = asyncio.create_task(self._copy(far_reader, writer))
            await asyncio.wait({one_way, other_way}, return_when=asyncio.FIRST_COMPLETED)
            for task in (one_way, other_way):
                task.cancel()
            await asyncio.gather(one_way, other_way, return_exceptions=True)
        finally:
            far_writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
