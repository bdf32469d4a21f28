"""A TCP proxy that delays what passes, to make a fast server slow."""

import asyncio

from drills.listener import Listener


class SlowProxy(Listener):
    """Forwards to a port of this machine; each piece of an answer is held back for `delay_seconds`."""

    def __init__(self, target_port: int) -> None:
        super().__init__()
        self._target_port = target_port
        self.delay_seconds = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See `Listener.serve`."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            ways = [
                asyncio.create_task(self._copy(reader, far_writer, is_delayed=False)),
                asyncio.create_task(self._copy(far_reader, writer, is_delayed=True)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            far_writer.close()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_delayed: bool
    ) -> None:
        while data := await reader.read(65536):
            if is_delayed and self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            writer.write(data)
            await writer.drain()
