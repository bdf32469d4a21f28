"""An SMS vendor that misbehaves on request."""

import asyncio
import json
import socket
import struct
from contextlib import suppress
from typing import Literal

from drills.listener import Listener

Manner = Literal["well", "hang", "reset", "nonsense", "refuse", "drip", "flood"]

_NONSENSE = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
HANG_SECONDS = 30.0


class Vendor(Listener):
    """Takes messages over HTTP in the manner that is set; keeps the codes and counts what arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.manner: Manner = "well"
        self.hang_seconds = HANG_SECONDS
        self.codes: dict[str, str] = {}
        self.arrived = 0

    @property
    def url(self) -> str:
        """Where the gateway posts to."""
        return f"http://127.0.0.1:{self.port}/messages"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See `Listener.serve`."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        message = json.loads(await reader.readexactly(length))
        self.arrived += 1
        match self.manner:
            case "well":
                self.codes[message["mobile"]] = message["code"]
                _answer(writer, 200, {"accepted": True})
            case "hang":
                await asyncio.sleep(self.hang_seconds)
                self.codes[message["mobile"]] = message["code"]
                _answer(writer, 200, {"accepted": True})
            case "reset":
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                writer.transport.abort()
            case "nonsense":
                writer.write(_NONSENSE)
            case "refuse":
                _answer(writer, 500, {"error": "out of order"})
            case "drip":
                await _drip(writer)
            case "flood":
                await _flood(writer)
        with suppress(OSError):
            await writer.drain()


def _answer(writer: asyncio.StreamWriter, status: int, body: dict[str, object]) -> None:
    encoded = json.dumps(body).encode()
    writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(encoded)))
    writer.write(encoded)


async def _drip(writer: asyncio.StreamWriter) -> None:
    """An answer that never ends, a byte at a time, so that no limit on silence ends it."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(60):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _flood(writer: asyncio.StreamWriter) -> None:
    """An answer that is far too long."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
    for _ in range(1000):
        writer.write(b"x" * 100_000)
        await writer.drain()
