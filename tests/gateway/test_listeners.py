"""Who has been accepted by the system is served, also when the server stops listening before it has looked."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
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


RUNS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@RUNS
def test_who_waits_to_be_accepted_is_served_and_the_next_is_refused(run: Run) -> None:
    run(_stop_with_clients_waiting())


async def _stop_with_clients_waiting() -> None:
    server, listener = await _start()
    address = listener.getsockname()
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


@RUNS
def test_request_that_has_come_on_a_kept_connection_is_served_and_the_connection_closed(run: Run) -> None:
    run(_end_with_requests_unread())


async def _end_with_requests_unread() -> None:
    server, listener = await _start()
    clients = [socket.create_connection(listener.getsockname()) for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(REQUEST)
        assert (await asyncio.to_thread(_receive, client)).endswith(b"hello")
    # All in one step again: the loop reads nothing of the second ones before it is told to end. The last says nothing.
    for client in clients[:-1]:
        client.sendall(REQUEST)
    await server.shutdown(sockets=[listener])
    answers = [_receive(client) for client in clients]
    for client in clients:
        client.close()

    assert answers[-1] == b""
    for answer in answers[:-1]:
        assert b"connection: close" in answer
        assert answer.endswith(b"hello")


def _receive(client: socket.socket) -> bytes:
    """One answer, or what came of it."""
    client.settimeout(10)
    answer = b""
    with suppress(ConnectionResetError):
        while not answer.endswith(b"hello") and (piece := client.recv(65_536)):
            answer += piece
    return answer


async def _start() -> tuple[Server, socket.socket]:
    app = cast("Any", answering(b"hello", headers=((b"content-length", b"5"),)))
    config = Config(app, http=BoundedHttpProtocol, lifespan="off", log_config=None)
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
    await server.startup(sockets=[listener])
    return server, listener
