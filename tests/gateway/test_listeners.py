"""Who has been accepted by the system is served, also when the server stops listening before it has looked."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
import uvloop
from uvicorn import Config, Server

from gateway.server import BoundedHttpProtocol
from gateway.server.listeners import stop_listening
from tests.gateway.test_http_answers import answering

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
CLIENTS = 20

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_who_waits_to_be_accepted_is_served_and_the_next_is_refused(run: Run) -> None:
    run(_stop_with_clients_waiting())


async def _stop_with_clients_waiting() -> None:
    app = cast("Any", answering(b"hello", headers=((b"content-length", b"5"),)))
    config = Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
    address = listener.getsockname()
    await server.startup(sockets=[listener])
    # All in one step: the loop accepts nobody meanwhile.
    clients = [socket.create_connection(address) for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(REQUEST)
    stopping = asyncio.create_task(stop_listening(server))
    await stopping
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    await server.shutdown(sockets=[listener])
    for client in clients:
        with client:
            assert client.recv(65_536).endswith(b"hello")
