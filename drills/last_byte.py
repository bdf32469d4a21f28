"""Races with last-byte synchronisation: all requests are sent but for their last byte, then the last bytes together.

Threads that each send a request start them milliseconds apart, and miss what these find.
"""

import asyncio
import json
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from drills.findings import MISSING
from drills.visitors import Answer, read_answer

_SETTLE_SECONDS = 0.3
_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Shot:
    """One request of a race."""

    port: int
    path: str
    fields: dict[str, object]
    token: str | None = None
    address: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The request as it goes over the wire."""
        body = json.dumps(self.fields).encode()
        headers = {
            "host": f"127.0.0.1:{self.port}",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **({"authorization": f"Bearer {self.token}"} if self.token else {}),
            **({"x-forwarded-for": self.address} if self.address else {}),
            **self.headers,
        }
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def race(shots: Sequence[Shot]) -> list[Answer]:
    """Send all at one moment; the answers in the order of the shots."""
    return await asyncio.to_thread(_race, shots)


def _race(shots: Sequence[Shot]) -> list[Answer]:
    with ExitStack() as stack:
        connections = [_connect(stack, shot.port) for shot in shots]
        requests = [shot.encode() for shot in shots]
        for connection, request in zip(connections, requests, strict=True):
            connection.sendall(request[:-1])
        time.sleep(_SETTLE_SECONDS)
        started = time.perf_counter()
        for connection, request in zip(connections, requests, strict=True):
            connection.send(request[-1:])
        return [_read(connection, started) for connection in connections]


def _connect(stack: ExitStack, port: int) -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _read(connection: socket.socket, started: float) -> Answer:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except OSError as error:
        return Answer(f"{MISSING}: {type(error).__name__}", time.perf_counter() - started)
    seconds = time.perf_counter() - started
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 "):
        return Answer(f"{MISSING}: closed", seconds)
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    # Lower-casing spoils a token, and nobody asks for one here.
    return read_answer(int(lines[0].split()[1]), headers, body, seconds)
