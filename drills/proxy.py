"""A TCP proxy that holds back what passes, to make a fast server slow or silent."""

import asyncio

from drills.listener import Listener


class SlowProxy(Listener):
    """Forwards to a port, of this machine unless told otherwise; each piece of an answer waits `delay_seconds`."""

    def __init__(self, target_port: int, host: str = "127.0.0.1") -> None:
        super().__init__()
        self._target = (host, target_port)
        self.delay_seconds = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See `Listener.serve`."""
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            ways = [
                asyncio.create_task(self._copy(reader, far_writer, is_answer=False)),
                asyncio.create_task(self._copy(far_reader, writer, is_answer=True)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            far_writer.close()

    async def hold_back(self, *, is_answer: bool) -> None:
        """Wait before a piece of a request or of an answer is passed on."""
        if is_answer and self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await reader.read(65536):
            await self.hold_back(is_answer=is_answer)
            writer.write(data)
            await writer.drain()
