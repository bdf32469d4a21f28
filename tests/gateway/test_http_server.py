"""What the HTTP server refuses before any application is asked, byte by byte over a transport of our own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.server import HEAD_MAXIMUM_BYTES, BoundedHttpProtocol
from gateway.timeouts import Timeouts

ARRIVAL_SECONDS, BODY_SECONDS = Timeouts().arrival_seconds, Timeouts().body_seconds


class FakeTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False
        self.is_aborted = False
        self.unread_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    @property
    def status(self) -> int:
        return int(self.written.split(b" ", 2)[1]) if self.written else 0


class FakeTask:
    """A request that was handed to the application, and goes no further."""

    def add_done_callback(self, _: object) -> None: ...


class FakeLoop:
    """What the protocol asks of its loop, with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now

    def call_later(self, _delay: float, callback: Callable[[], None]) -> "FakeLoop":
        self.watch = callback
        return self

    def cancel(self) -> None:
        self.watch = None

    def new_task(self, coroutine: Coroutine[object, object, None], **_: object) -> Any:  # noqa: ANN401
        coroutine.close()
        return FakeTask()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        assert self.watch is not None
        self.watch()


@pytest.fixture
def connection() -> "Connection":
    async def app(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("the application must not be asked")

    loop = FakeLoop()
    config = Config(app=cast("Any", app), log_config=None)
    protocol = BoundedHttpProtocol(config, ServerState(), {}, cast("asyncio.AbstractEventLoop", loop))
    protocol._new_task = loop.new_task
    transport = FakeTransport()
    protocol.connection_made(transport)
    return protocol, transport, loop


Connection = tuple[BoundedHttpProtocol, FakeTransport, FakeLoop]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["both lengths", "two lengths", "a bad chunk", "no HTTP at all"],
)
def test_ambiguous_framing_is_400_and_closes(connection: Connection, request_bytes: bytes) -> None:
    protocol, transport, _ = connection
    protocol.data_received(request_bytes)
    assert (transport.status, transport.is_closed) == (400, True)


def test_a_head_over_16_kib_is_431(connection: Connection) -> None:
    protocol, transport, _ = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * HEAD_MAXIMUM_BYTES + b"\r\n\r\n")
    assert (transport.status, transport.is_closed) == (431, True)


def test_a_head_that_never_ends_is_431_as_soon_as_it_is_over_16_kib(connection: Connection) -> None:
    protocol, transport, _ = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    chunks = 0
    while not transport.is_closed and chunks < 100:
        protocol.data_received(b"a" * 1024)
        chunks += 1
    assert (transport.status, chunks) == (431, 16)


def test_a_head_just_within_16_kib_is_served(connection: Connection) -> None:
    protocol, transport, _ = connection
    protocol.data_received(
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (HEAD_MAXIMUM_BYTES - 64) + b"\r\n\r\n"
    )
    assert (transport.status, transport.is_closed, len(protocol.tasks)) == (0, False, 1)


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (CHUNKED + b"0\r\n", b"X: a\r\n"),
        (CHUNKED + b"0\r\nX: ", b"aaaaaa"),
        (CHUNKED + b"2;", b"aaaaaa"),
    ],
    ids=["trailers", "one trailer", "a chunk extension"],
)
def test_what_stands_round_the_chunks_is_431_as_soon_as_it_is_over_16_kib(
    connection: Connection, begin: bytes, more: bytes
) -> None:
    protocol, transport, _ = connection
    protocol.data_received(begin)
    sent = 0
    while not transport.is_closed and sent < 10 * HEAD_MAXIMUM_BYTES:
        protocol.data_received(more * 100)
        sent += len(more) * 100
    assert transport.status == 431
    assert sent <= HEAD_MAXIMUM_BYTES + 2 * len(more) * 100


def test_a_body_in_many_small_chunks_is_served(connection: Connection) -> None:
    protocol, transport, _ = connection
    protocol.data_received(CHUNKED)
    for _ in range(HEAD_MAXIMUM_BYTES):
        protocol.data_received(b"1\r\na\r\n")
    protocol.data_received(b"0\r\n\r\n")
    assert (transport.status, transport.is_closed) == (0, False)


def test_a_trailer_is_never_taken_for_a_header(connection: Connection) -> None:
    protocol, _, _ = connection
    protocol.data_received(CHUNKED + b"0\r\nCookie: session=stolen\r\n\r\n")
    assert [name for name, _ in protocol.cycle.scope["headers"]] == [b"host", b"transfer-encoding"]


JDK_UPLOAD = (
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 50\r\n\r\n"
)
UPLOAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n"


def test_a_head_that_trickles_is_408_after_30_seconds(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(UPLOAD[:-4])
    clock.advance(ARRIVAL_SECONDS - 1)
    protocol.data_received(UPLOAD[-4:-2])
    clock.advance(2)
    assert (transport.status, transport.is_closed) == (408, True)


@pytest.mark.parametrize(
    "begin", [UPLOAD, UPLOAD + b"{", JDK_UPLOAD + b"{", CHUNKED], ids=["nothing", "a byte", "JDK", "chunked"]
)
def test_a_body_that_stands_still_for_30_seconds_is_408(connection: Connection, begin: bytes) -> None:
    protocol, transport, clock = connection
    protocol.data_received(begin)
    clock.advance(ARRIVAL_SECONDS)
    assert not transport.is_closed
    clock.advance(1)
    assert (transport.status, transport.is_closed) == (408, True)


def test_a_body_that_trickles_is_taken_up_to_5_minutes(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(UPLOAD)
    seconds = 0.0
    while not transport.is_closed:
        protocol.data_received(b"a")
        clock.advance(29)
        seconds += 29
    assert (transport.status, seconds) == (408, 319)
    assert seconds - 29 <= BODY_SECONDS


def test_what_stands_round_the_chunks_is_no_progress(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(CHUNKED + b"2;a=")
    for _ in range(2):
        protocol.data_received(b"a")
        clock.advance(20)
    assert (transport.status, transport.is_closed) == (408, True)


def test_a_client_that_may_not_send_on_is_not_late(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(UPLOAD.replace(b"50", b"500000") + b"a" * 100_000)
    clock.advance(2 * ARRIVAL_SECONDS)
    assert not transport.is_closed


def test_a_client_that_says_nothing_is_sent_away_after_30_seconds(connection: Connection) -> None:
    _, transport, clock = connection
    clock.advance(ARRIVAL_SECONDS + 1)
    assert (transport.status, transport.is_closed) == (408, True)


def test_a_request_that_has_arrived_may_take_its_time(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    clock.advance(10 * ARRIVAL_SECONDS)
    assert not transport.is_closed


@pytest.mark.anyio
async def test_a_request_hears_that_its_client_has_gone_also_when_others_wait_behind_it(
    connection: Connection,
) -> None:
    protocol, _, _ = connection
    protocol.data_received(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
    first = protocol.cycle
    protocol.data_received(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    assert (await first.receive())["type"] == "http.request"
    # Two may wait for it: the application, and what watches whether the client is still there.
    waiting = [asyncio.create_task(first.receive()) for _ in range(2)]
    await asyncio.sleep(0)
    protocol.connection_lost(None)
    async with asyncio.timeout(1):
        assert [(await one)["type"] for one in waiting] == ["http.disconnect"] * 2


@pytest.mark.parametrize("is_closing", [False, True])
def test_a_client_that_takes_nothing_of_its_answer_for_30_seconds_is_dropped(
    connection: Connection, *, is_closing: bool
) -> None:
    protocol, transport, clock = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    transport.unread_bytes, transport.is_closed = 65536, is_closing
    clock.advance(5)
    clock.advance(ARRIVAL_SECONDS)
    assert not transport.is_aborted
    clock.advance(1)
    assert transport.is_aborted


def test_a_client_that_takes_its_answer_slowly_is_given_the_time(connection: Connection) -> None:
    protocol, transport, clock = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    for unread_bytes in range(65536, 0, -4096):
        transport.unread_bytes = unread_bytes
        clock.advance(ARRIVAL_SECONDS - 1)
    assert not transport.is_aborted
