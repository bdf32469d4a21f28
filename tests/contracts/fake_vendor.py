"""An SMS vendor on this machine: it notes what it gets and answers as it is told, well or badly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """One request: the target is the path with its query, as sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class FakeVendor:
    status: int = 200
    answer: bytes = b"{}"
    headers: str = ""
    behaviour: str = "answer"
    port: int = 0
    received: list[Received] = field(default_factory=list)
    arrivals: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeVendor"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._open:
                writer.transport.abort()
            await asyncio.sleep(0)  # the handlers of what was aborted end

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            self.received.append(await _read_request(reader))
            self.arrivals.put_nowait(self.received[-1])
            await self._reply(reader, writer)
        self._open.discard(writer)
        writer.close()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.behaviour:
            case "hang":
                await reader.read()  # until the other side gives up
            case "reset":
                writer.transport.abort()
            case "garbage":
                writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            case "drip":
                await self._drip(writer)
            case "cut":
                writer.write(
                    b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"accepted": true, "Code": "OK"}'
                )
            case _:
                head = f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(self.answer)}\r\n{self.headers}\r\n"
                writer.write(head.encode() + self.answer)
                await writer.drain()

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        """Never be silent for long, and never come to an end."""
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\n \r\n")
            await writer.drain()
            await asyncio.sleep(0.05)


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)
