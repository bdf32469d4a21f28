"""How answers reach the wire: whole ones in one piece, others uvicorn's way; and what becomes of idle connections."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.server import HEAD_MAXIMUM_BYTES, WRITE_WHOLE, BoundedHttpProtocol, Cycle
from gateway.timeouts import Timeouts
from tests.gateway.test_http_server import FakeLoop, FakeTask, FakeTransport

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
TEXT = (b"content-type", b"text/plain")
IDLE_SECONDS = 15

Send = Callable[[dict[str, object]], Coroutine[object, object, None]]
Receive = Callable[[], Coroutine[object, object, dict[str, object]]]
App = Callable[[Any, Any, Any], Coroutine[object, object, None]]

ARRIVAL_SECONDS = Timeouts().arrival_seconds


class WritingTransport(FakeTransport):
    """Counts the pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(data)
        self.pieces.append(bytes(data))


class RunningLoop(FakeLoop):
    """Runs each request as far as it goes."""

    def new_task(self, coroutine: Coroutine[object, object, None], **_: object) -> Any:  # noqa: ANN401
        with suppress(StopIteration):
            coroutine.send(None)
        return FakeTask()


def connect(app: App, loop: FakeLoop | None = None) -> tuple[BoundedHttpProtocol, WritingTransport, FakeLoop]:
    loop = loop or RunningLoop()
    config = Config(app=cast("Any", app), log_config=None, timeout_keep_alive=IDLE_SECONDS)
    protocol = BoundedHttpProtocol(config, ServerState(), {}, cast("asyncio.AbstractEventLoop", loop))
    protocol._new_task = loop.new_task
    transport = WritingTransport()
    protocol.connection_made(transport)
    return protocol, transport, loop


def answering(*bodies: bytes, headers: tuple[tuple[bytes, bytes], ...] = (), status: int = 200) -> App:
    """An application that answers with `bodies` one after the other."""

    async def app(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [TEXT, *headers]})
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    return app


def whole(body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> App:
    """An application that gives its answer in one piece where it may, as the edge does."""
    headers = ((b"content-length", b"%d" % len(body)), *headers)
    in_parts = answering(body, headers=headers, status=status)

    async def app(scope: dict[str, Any], receive: object, send: Send) -> None:
        if not scope["extensions"][WRITE_WHOLE](status, dict([TEXT, *headers]), b"", body):
            await in_parts(scope, receive, send)

    return app


def test_a_whole_answer_is_written_in_one_piece() -> None:
    protocol, transport, _ = connect(whole(b"hello", (b"x-a", b"1")))
    protocol.data_received(GET)
    expected = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\nx-a: 1\r\n\r\nhello"
    assert transport.pieces == [expected]
    assert not transport.is_closed


def test_the_connection_serves_on() -> None:
    protocol, transport, _ = connect(whole(b"hello"))
    protocol.data_received(GET + GET)
    protocol.data_received(POST)
    assert transport.written.count(b"\r\n\r\nhello") == 3


@pytest.mark.parametrize(
    "value", [b"1\r\nset-cookie: a=b", b"1\nx: y", b"1\rx", b"\x00"], ids=["CR LF", "LF", "CR", "NUL"]
)
def test_a_header_cannot_smuggle_another(value: bytes) -> None:
    protocol, transport, _ = connect(whole(b"hello", (b"x-a", value)))
    protocol.data_received(GET)
    assert transport.status == 500
    assert b"x-a" not in transport.written
    assert b"set-cookie" not in transport.written


@pytest.mark.parametrize(
    ("request_bytes", "app", "end"),
    [
        (GET, answering(b"he", b"llo"), b"\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
        (GET, answering(b"hello"), b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        (GET.replace(b"GET", b"HEAD"), whole(b"hello"), b"content-length: 5\r\n\r\n"),
        (GET, answering(b"", status=204), b"content-type: text/plain\r\n\r\n"),
    ],
    ids=["in parts", "of no declared length", "HEAD", "no content"],
)
def test_an_answer_that_is_not_plain_is_right_too(request_bytes: bytes, app: App, end: bytes) -> None:
    protocol, transport, _ = connect(app)
    protocol.data_received(request_bytes)
    assert transport.written.endswith(end)
    assert transport.written.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("request_bytes", "headers"),
    [
        (GET, ((b"connection", b"close"),)),
        (GET.replace(b"Host: a", b"Host: a\r\nConnection: close"), ()),
        (GET.replace(b"1.1", b"1.0"), ()),
    ],
    ids=["by the answer", "by the request", "HTTP/1.0"],
)
def test_a_connection_that_is_to_be_closed_is_closed(
    request_bytes: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    protocol, transport, _ = connect(whole(b"hello", *headers))
    protocol.data_received(request_bytes)
    assert transport.written.lower().count(b"connection: close") == 1
    assert transport.written.endswith(b"hello")
    assert transport.is_closed


def test_a_body_that_is_longer_than_declared_is_no_plain_answer() -> None:
    protocol, transport, _ = connect(answering(b"hello", headers=((b"content-length", b"2"),)))
    protocol.data_received(GET)
    assert b"hello" not in transport.written
    assert transport.is_closed


def test_an_idle_connection_is_closed_after_the_time_that_is_set() -> None:
    protocol, transport, loop = connect(whole(b"hello"))
    protocol.data_received(GET)
    loop.advance(IDLE_SECONDS - 0.1)
    assert not transport.is_closed
    loop.advance(0.2)
    assert transport.is_closed


def test_a_connection_that_is_used_is_not_idle() -> None:
    protocol, transport, loop = connect(whole(b"hello"))
    for _ in range(5):
        protocol.data_received(GET)
        loop.advance(IDLE_SECONDS - 0.1)
    assert not transport.is_closed


def test_a_connection_is_not_idle_while_a_request_arrives() -> None:
    """The next request's first line came before the answer went out."""
    protocol, transport, loop = connect(whole(b"hello"))
    protocol.data_received(GET + b"GET /second HTTP/1.1\r\n")
    protocol.data_received(b"Host: ")
    loop.advance(IDLE_SECONDS + 1)
    assert not transport.is_closed
    protocol.data_received(b"a\r\n\r\n")
    assert transport.written.count(b"\r\n\r\nhello") == 2


def test_empty_lines_keep_no_idle_connection_open() -> None:
    protocol, transport, loop = connect(whole(b"hello"))
    protocol.data_received(GET)
    for _ in range(2):
        loop.advance(8)
        protocol.data_received(b"\r\n")
    loop.advance(1)
    assert transport.is_closed


def test_a_connection_is_idle_when_the_rest_of_an_answered_request_has_come() -> None:
    """Such as a refusal before the body was read."""
    protocol, transport, loop = connect(whole(b"refused"))
    protocol.data_received(POST[:-1])
    loop.advance(10)
    protocol.data_received(POST[-1:])
    loop.advance(IDLE_SECONDS)
    assert not transport.is_closed
    loop.advance(1)
    assert transport.is_closed


def test_a_pipelined_head_over_16_kib_is_431_wherever_it_began() -> None:
    """The first bytes of the second head came together with the first request."""
    protocol, transport, _ = connect(whole(b"hello"))
    half = b"a" * (HEAD_MAXIMUM_BYTES // 2 + 100)
    protocol.data_received(GET + b"GET / HTTP/1.1\r\nHost: a\r\nX: " + half)
    protocol.data_received(half + b"\r\n\r\n")
    assert b"HTTP/1.1 431" in transport.written
    assert transport.is_closed


class TaskLoop(FakeLoop):
    """Its clock is moved by hand; its tasks are real."""

    def new_task(self, coroutine: Coroutine[object, object, None], **_: object) -> Any:  # noqa: ANN401
        return asyncio.get_running_loop().create_task(coroutine)


async def take_the_body(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    while (await receive())["more_body"]:
        pass
    await whole(b"hello")(scope, receive, send)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_pipelined_body_that_does_not_arrive_is_408() -> None:
    protocol, transport, loop = connect(take_the_body, TaskLoop())
    protocol.data_received(POST + POST[:-1])
    await settle()
    loop.advance(ARRIVAL_SECONDS + 1)
    assert transport.written.count(b"\r\n\r\nhello") == 1
    assert b"HTTP/1.1 408" in transport.written


@pytest.mark.anyio
async def test_an_empty_line_before_a_request_starts_no_clock() -> None:
    protocol, transport, loop = connect(take_the_body, TaskLoop())
    protocol.data_received(GET)
    await settle()
    protocol.data_received(b"\r\n")
    loop.advance(14)
    protocol.data_received(POST[:-1])
    await settle()
    loop.advance(ARRIVAL_SECONDS - 1)
    assert not transport.is_closed
    loop.advance(2)
    assert b"HTTP/1.1 408" in transport.written


class Slow:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await self.gate.wait()
        await whole(b"hello")(scope, receive, send)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "behind",
    [
        b"no HTTP at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * HEAD_MAXIMUM_BYTES,
        GET * 200,
        GET + b"no HTTP at all\r\n\r\n",
    ],
    ids=["garbage", "an endless head", "too many requests", "garbage behind another one"],
)
async def test_what_is_wrong_behind_a_request_does_not_cost_its_answer(behind: bytes) -> None:
    """It is the last one: the client must not take a refusal for the answer to what has been done for it."""
    slow = Slow()
    protocol, transport, _ = connect(slow, TaskLoop())
    protocol.data_received(POST)
    await settle()
    protocol.data_received(behind)
    protocol.data_received(GET * 3)
    assert transport.written == b""
    slow.gate.set()
    await settle()
    assert transport.written.count(b"HTTP/1.1 200 OK\r\n") == transport.written.count(b"HTTP/1.1") == 1
    assert b"connection: close\r\n" in transport.written
    assert transport.written.endswith(b"\r\n\r\nhello")
    assert transport.is_closed


@pytest.mark.anyio
async def test_what_comes_after_a_request_that_took_too_long_is_not_served() -> None:
    slow = Slow()
    protocol, transport, loop = connect(slow, TaskLoop())
    protocol.data_received(POST)
    await settle()
    protocol.data_received(GET[:-1])
    loop.advance(ARRIVAL_SECONDS + 1)
    protocol.data_received(GET[-1:] + GET)
    assert not protocol.pipeline
    slow.gate.set()
    await settle()
    assert transport.written.count(b"HTTP/1.1") == 1
    assert transport.written.endswith(b"hello")
    assert transport.is_closed


@pytest.mark.anyio
async def test_nothing_is_read_while_requests_wait_behind_one_another() -> None:
    """Each read may bring thousands, and one connection would fill the memory."""
    slow = Slow()
    protocol, transport, _ = connect(slow, TaskLoop())
    protocol.data_received(GET * 20)
    await settle()
    slow.gate.set()
    while transport.written.count(b"hello") < 18:
        assert protocol.flow.read_paused
        await asyncio.sleep(0)
    await settle()
    assert transport.written.count(b"hello") == 20
    assert not protocol.flow.read_paused
    assert not transport.is_closed


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("first", "second"),
    [([POST[:-1]], [POST[-1:] + GET]), ([], [GET + GET[:-2], b"\r\n"])],
    ids=["with the rest of one that was answered", "its last line end by itself"],
)
async def test_a_request_that_takes_long_is_not_idle_however_its_bytes_came(
    first: list[bytes], second: list[bytes]
) -> None:
    slow = Slow()
    answered: list[str] = []

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await (slow if answered else whole(b"first"))(scope, receive, send)
        answered.append(scope["path"])

    protocol, transport, loop = connect(app, TaskLoop())
    for pieces in (first, second):
        for piece in pieces:
            protocol.data_received(piece)
        await settle()
    loop.advance(IDLE_SECONDS + 1)
    assert not transport.is_closed
    slow.gate.set()
    await settle()
    assert transport.written.endswith(b"\r\n\r\nhello")


@pytest.fixture
def nothing_is_logged() -> Iterator[None]:
    """What is logged, pytest would keep."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_is_logged")
async def test_a_request_leaves_nothing_for_the_garbage_collector() -> None:
    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] == "/fails":
            raise LookupError
        await take_the_body(scope, receive, send)

    protocol, transport, loop = connect(app, TaskLoop())
    served: list[weakref.ref[Cycle]] = []
    gc.collect()
    gc.disable()
    try:
        for request in (GET, GET.replace(b"/", b"/fails", 1), POST, GET.replace(b"GET", b"HEAD"), GET):
            protocol.data_received(request)
            served.append(weakref.ref(protocol.cycle))
            await settle()
        assert [one() for one in served[:-1]] == [None] * 4
        connection = weakref.ref(protocol)
        protocol.connection_lost(None)
        loop.watch = None
        del protocol
        assert (connection(), served[-1]()) == (None, None)
    finally:
        gc.enable()
    assert transport.written.count(b"HTTP/1.1 200") == 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("request_bytes", "invitations"),
    [
        (POST[:-2].replace(b"Host: a", b"Host: a\r\nExpect: 100-Continue"), 1),
        (POST.replace(b"Host: a", b"Host: a\r\nExpect: 100-continue"), 0),
        (POST[:-2], 0),
        (POST[:-2].replace(b"1.1\r\nHost: a", b"1.0\r\nHost: a\r\nExpect: 100-continue"), 0),
    ],
    ids=["waits", "has sent it", "does not ask", "HTTP/1.0"],
)
async def test_a_client_that_waits_to_be_asked_for_the_body_is_asked_once(
    request_bytes: bytes, invitations: int
) -> None:
    protocol, transport, _ = connect(take_the_body, TaskLoop())
    protocol.data_received(request_bytes)
    await asyncio.sleep(0)
    assert transport.written.count(b"HTTP/1.1 100 Continue\r\n\r\n") == invitations
    for byte in (b"{", b"}") if request_bytes.endswith(b"\r\n") else ():
        protocol.data_received(byte)
        for _ in range(3):
            await asyncio.sleep(0)
    assert transport.written.count(b"100 Continue") == invitations
    assert transport.written.endswith(b"hello")


@pytest.mark.anyio
async def test_a_client_whose_body_is_not_wanted_is_not_asked_for_it() -> None:
    protocol, transport, _ = connect(whole(b"refused"), TaskLoop())
    protocol.data_received(POST[:-2].replace(b"Host: a", b"Host: a\r\nExpect: 100-continue"))
    await asyncio.sleep(0)
    assert b"100 Continue" not in transport.written
    assert transport.written.endswith(b"refused")
