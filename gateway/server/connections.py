"""A bounded connection: how large a head may be, how long a request may take, and where each of them ends."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

import httptools

from gateway.server.cycles import Cycle
from gateway.server.heads import RefusedError, check_transfer_coding, name_host, split_target
from gateway.server.listeners import has_unread_bytes
from gateway.server.uvicorn_parts import (
    HIGH_WATER_LIMIT,
    ASGI3Application,
    ASGIVersions,
    HTTPScope,
    HttpToolsProtocol,
    service_unavailable,
)
from gateway.server.whole_answers import header_lines
from gateway.timeouts import Timeouts

HEAD_MAXIMUM_BYTES: Final = 16 * 1024

_CHECK_SECONDS: Final = 5.0
_EMPTY_LINES: Final = frozenset({b"\r\n", b"\n"})
_EMPTY_LINE_MAXIMUM_BYTES: Final = 2
_WAITING_REQUESTS_MAXIMUM: Final = 100
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_VERSIONS: Final = frozenset({"1.1", "1.0"})
_ASGI: Final[ASGIVersions] = {"version": "3.0", "spec_version": "2.3"}


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a bounded head (431) and a request that must arrive in time (408).

    A head has 30 s. A body may take 5 min, of which at most 30 s go by without a part of it.

    What stands round a body's chunks, extensions and trailers, is bounded as the head is. Trailers are dropped:
    taken for headers, they would pass by a proxy that sets or strips those (RFC 9110, 6.5.1). A client that takes
    nothing of its answer for 30 s is dropped.

    One timer for each connection looks every few seconds, so that a request costs a few assignments and no timer.
    """

    timeouts: ClassVar[Timeouts] = Timeouts()
    cycle: Cycle
    _new_task: Callable[..., asyncio.Task[None]] = asyncio.Task

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **kwargs)
        self._held_bytes = 0
        self._newest_bytes = 0
        self._shared_bytes = 0
        self._arriving_since: float | None = None
        # When the newest part of a body came, as long as there is one to come.
        self._progress_at: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        self._unread_since = 0.0
        # With pipelining it is not uvicorn's `cycle`, which is the newest: that one may be waiting still.
        self._served: Cycle | None = None
        self._is_refused = False
        self._is_upgrade_ignored = False
        self._idle_since: float | None = None
        self.is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the clock: a client that connects and says nothing is slow, too."""
        super().connection_made(transport)
        self._arriving_since = self.loop.time()
        self._watch = self.loop.call_later(_CHECK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching, and tell the request that is being served."""
        if self._watch is not None:
            self._watch.cancel()
        if self._served is not None and not self._served.response_complete:
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse a head, or what stands round a body's chunks, that does not end."""
        if self._is_refused:
            return
        size = len(data)
        self._held_bytes += size
        self._newest_bytes = size
        # An empty line before a request is none of it (RFC 9112, 2.2): it neither begins one nor ends idleness.
        if size > _EMPTY_LINE_MAXIMUM_BYTES or data not in _EMPTY_LINES:
            self._idle_since = None
            if self._arriving_since is None:
                self._arriving_since = self.loop.time()
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            refusal = error.__context__
            if isinstance(refusal, RefusedError):
                self._refuse(refusal.status)
            else:
                self.logger.warning("Invalid HTTP request received.")
                self._refuse(HTTPStatus.BAD_REQUEST)
        if self._held_bytes > HEAD_MAXIMUM_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _parse(self, data: bytes) -> None:
        """Feed the parser; where it stops for an `Upgrade` that is ignored, a fresh one reads on.

        The parser takes all behind such a head for another protocol, even a body of the request itself. The fresh one
        is first told what says how long that body is; see `on_headers_complete`.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as stop:
                rest = memoryview(rest)[stop.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(_framing_head(self.cycle))
            else:
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the request. The parser leaves the blanks behind a value on it (RFC 9110, 5.5)."""
        self.headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        """The head is known; a body may follow."""
        if self._is_upgrade_ignored:
            # It was told again to the parser that reads on.
            self._is_upgrade_ignored = False
            return
        at_most_bytes = self._held_bytes + self._shared_bytes
        self._held_bytes = self._shared_bytes = 0
        self._progress_at = self.loop.time()
        if self._arriving_since is None:
            self._arriving_since = self._progress_at
        # Measured only where it may be too large, which is nearly never.
        if (
            at_most_bytes > HEAD_MAXIMUM_BYTES
            and len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            > HEAD_MAXIMUM_BYTES
        ):
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        before: Cycle | None = self.cycle
        self.cycle = Cycle(self, self._make_scope(), is_last=self.is_ending)
        # The application has the headers; what the parser adds from here on are trailers.
        self.headers = []
        app: ASGI3Application = self.app
        limit = self.limit_concurrency
        if limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit):
            self.logger.warning("Exceeded concurrency limit.")
            app = service_unavailable
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))
            if len(self.pipeline) > _WAITING_REQUESTS_MAXIMUM:
                raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        # A server may ignore it, and this one does (RFC 9110, 7.8).
        self._is_upgrade_ignored = self.parser.should_upgrade()

    def on_body(self, body: bytes) -> None:
        """A part of the body, for the application to bound."""
        self._held_bytes = 0
        self._progress_at = self.loop.time()
        cycle = self.cycle
        if cycle.response_complete:
            return
        if cycle.add(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """The request has arrived."""
        if self._is_upgrade_ignored:
            return
        self._arriving_since = self._progress_at = None
        self._held_bytes = 0
        # A pipelined request may have begun in them.
        self._shared_bytes = self._newest_bytes
        cycle = self.cycle
        if cycle.response_complete:
            # It was answered before its end had come; only now the connection waits for another one.
            self._idle_since = self.loop.time()
            return
        cycle.end()

    def _make_scope(self) -> HTTPScope:
        """What the application is told of the request.

        Raises:
            RefusedError: it is none that is served here.
        """
        url, method, version = self.url, self.parser.get_method(), self.parser.get_http_version()
        headers = self.headers
        if version not in _VERSIONS or method == b"CONNECT":
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        check_transfer_coding(headers, version)
        path, raw_path, query, authority = split_target(url, method)
        if authority is not None:
            headers = name_host(headers, authority)
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": headers,
            "state": self.app_state.copy(),
        }

    def _start_asgi_task(self, cycle: Cycle, app: ASGI3Application) -> None:  # type: ignore[override]
        """Hand a request to the application."""
        self._served = cycle
        self._idle_since = None
        # As `create_task`, but for the number that it would write into each task's name.
        task = self._new_task(cycle.run_asgi(app), loop=self.loop, name="request")
        self.tasks.add(task)
        cycle.task = task

    def on_response_complete(self) -> None:
        """Go on with a request that waits behind this one, or begin to wait for one.

        Nothing more is read while requests wait: each read may bring thousands. uvicorn sets a timer after each answer
        for the idle connection; here the connection's watch looks at the clock.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            if not self.pipeline:
                self.flow.resume_reading()
            self._start_asgi_task(cast("Cycle", cycle), app)
            return
        self.flow.resume_reading()
        self._idle_since = self.loop.time()

    def shutdown(self) -> None:
        """Answer what has come and what is coming, as the last. uvicorn's would close on a request that arrives."""
        self.is_ending = True
        cycle: Cycle | None = self.cycle
        if self._idle_since is not None:
            if not has_unread_bytes(self.transport):
                self.transport.close()
        elif cycle is None:
            self.loop.call_later(self.timeouts.silent_seconds, self._close_if_silent)
        else:
            cycle.keep_alive = False

    def _close_if_silent(self) -> None:
        cycle: Cycle | None = self.cycle
        if cycle is None and self._held_bytes == 0:
            self.transport.close()

    def _look(self) -> None:
        """Send away who is too slow. Until the connection is lost: closing it waits for the client to read, too."""
        now = self.loop.time()
        if self._has_stopped_reading(now):
            self.transport.abort()
            return
        if self._idle_since is not None and now - self._idle_since > self.timeout_keep_alive:
            self.transport.close()
        if self._is_late(now):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        self._watch = self.loop.call_later(_CHECK_SECONDS, self._look)

    def _is_late(self, now: float) -> bool:
        """Whether a head takes too long, or a body stands still or takes too long."""
        if self._arriving_since is None:
            return False
        if self._progress_at is None:
            return now - self._arriving_since > self.timeouts.arrival_seconds
        if self.flow.read_paused:
            # It is not the client that holds it up.
            self._progress_at = now
        return (
            now - self._progress_at > self.timeouts.arrival_seconds
            or now - self._arriving_since > self.timeouts.body_seconds
        )

    def _has_stopped_reading(self, now: float) -> bool:
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes < self._unread_bytes or self._unread_bytes == 0:
            self._unread_since = now
        self._unread_bytes = unread_bytes
        return unread_bytes > 0 and now - self._unread_since > self.timeouts.arrival_seconds

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer in the server's own name, and close. Nothing is read any more.

        What comes behind a request that is being served is not answered: that one's answer is the last.
        """
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        served = self._served
        if served is not None and not served.response_complete:
            if served is not self.cycle or not served.more_body:
                served.keep_alive = False
                return
            served.disconnected = True
            served.message_event.set()
        if served is None or served.response_complete or not served.response_started:
            body = f'{{"error":"{status.phrase}"}}'.encode()
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
                % (status, status.phrase.encode(), len(body))
                + body
            )
        self.transport.close()


def _framing_head(cycle: Cycle) -> bytes:
    """A head with nothing but what says where its request's body ends, and whether another request may follow."""
    framing = [header for header in cycle.scope["headers"] if header[0] in _FRAMING]
    if not cycle.keep_alive:
        framing.append((b"connection", b"close"))
    return b"POST / HTTP/1.1\r\n%b\r\n" % header_lines(framing)
