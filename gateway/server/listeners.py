"""The end of listening, without losing whom the system has accepted already, or what it has received."""

import asyncio
import os
import socket
from contextlib import suppress

from uvicorn import Server


async def stop_listening(server: Server) -> None:
    """Take in whoever waits to be accepted, and close the listening sockets in the same step.

    The system accepts before the server does, and answers with a reset whom it has accepted when the socket is closed:
    a proxy may have sent a request by then, which it may not send to another replica unless it is a read.
    """
    waiting = [one for listener in _listeners(server) for one in _accept_all(listener)]
    for listening in server.servers:
        listening.close()
    loop, config = asyncio.get_running_loop(), server.config

    def make_protocol() -> asyncio.Protocol:
        protocol: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=server.server_state, app_state=server.lifespan.state
        )
        return protocol

    for one in waiting:
        with suppress(OSError):
            await loop.connect_accepted_socket(make_protocol, one)


def has_unread_bytes(transport: asyncio.BaseTransport) -> bool:
    """Whether the system has received what the loop has not read yet: closing now would answer it with a reset."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return False
    # A descriptor of its own: the loop's socket may not be read, and uvloop's cannot.
    with socket.socket(fileno=os.dup(connection.fileno())) as twin, suppress(OSError):
        twin.setblocking(False)  # noqa: FBT003 - its only argument
        return bool(twin.recv(1, socket.MSG_PEEK))
    return False


def _listeners(server: Server) -> list[int]:
    return [listener.fileno() for listening in server.servers for listener in listening.sockets]


def _accept_all(listener: int) -> list[socket.socket]:
    accepted = []
    # A descriptor of its own, for the loop's own socket may not be asked directly.
    with socket.socket(fileno=os.dup(listener)) as twin, suppress(BlockingIOError):
        while True:
            one, _ = twin.accept()
            one.setblocking(False)  # noqa: FBT003 - its only argument
            accepted.append(one)
    return accepted
