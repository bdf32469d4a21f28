"""The HTTP server's limits: how long a client may take, and how much it may say before it is understood.

uvicorn bounds neither the size of a request's head nor the time in which a request must arrive, so that a few slow
or endless clients could hold all connections (RFC 9110, 15.5.9 and RFC 6585, 5 name the answers). It also writes an
answer's head and its body one by one, which takes twice the system calls.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn._types import ASGI3Application, ASGISendEvent, HTTPResponseBodyEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

HEAD_MAXIMUM_BYTES: Final = 16 * 1024
ARRIVAL_SECONDS: Final = 30.0
_CHECK_SECONDS: Final = 5.0
_EMPTY_LINES: Final = frozenset({b"\r\n", b"\n"})

# What may stand in a head: text and tabs (RFC 9110, 5.5). What is left of a right one without it is its line ends.
_HEAD_TEXT: Final = bytes(code for code in range(256) if code == 9 or (code >= 32 and code != 127))
_LEFT_TO_UVICORN: Final = frozenset({b"connection", b"transfer-encoding"})
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class _HeadTooLargeError(Exception):
    """Stops the parser; the answer has been written."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a bounded head (431) and a request that must arrive within 30 s (408).

    What stands round a body's chunks, extensions and trailers, is bounded as the head is. Trailers are dropped:
    taken for headers, they would pass by a proxy that sets or strips those (RFC 9110, 6.5.1). A client that takes
    nothing of its answer for 30 s is dropped.

    One timer for each connection looks every few seconds, so that a request costs a few assignments and no timer.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **kwargs)
        self._held_bytes = 0
        self._newest_bytes = 0
        self._shared_bytes = 0
        self._arriving_since: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        self._unread_since = 0.0
        # With pipelining it is not uvicorn's `cycle`, which is the newest: that one may be waiting still.
        self._served: RequestResponseCycle | None = None
        self._idle_since: float | None = None

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
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse a head, or what stands round a body's chunks, that does not end."""
        self._held_bytes += len(data)
        self._newest_bytes = len(data)
        # An empty line before a request is none of it (RFC 9112, 2.2): it neither begins one nor ends idleness.
        if data not in _EMPTY_LINES:
            self._idle_since = None
            if self._arriving_since is None:
                self._arriving_since = self.loop.time()
        super().data_received(data)
        if self._held_bytes > HEAD_MAXIMUM_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is known; a body may follow."""
        at_most_bytes = self._held_bytes + self._shared_bytes
        self._held_bytes = self._shared_bytes = 0
        if self._arriving_since is None:
            self._arriving_since = self.loop.time()
        # Measured only where it may be too large, which is nearly never.
        if (
            at_most_bytes > HEAD_MAXIMUM_BYTES
            and len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            > HEAD_MAXIMUM_BYTES
        ):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise _HeadTooLargeError
        super().on_headers_complete()
        # The application has the headers; what the parser adds from here on are trailers.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """A part of the body, for the application to bound."""
        self._held_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived."""
        self._arriving_since = None
        self._held_bytes = 0
        # A pipelined request may have begun in them.
        self._shared_bytes = self._newest_bytes
        if self.cycle.response_complete:
            # It was answered before its end had come; only now the connection waits for another one.
            self._idle_since = self.loop.time()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP, unless an answer was written already."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Hand a request to the application."""
        self._served = cycle
        # uvicorn makes the cycle deep inside what parses the head, and leaves no other way to have one's own.
        cycle.__class__ = _PlainAnswerCycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Go on with a request that waits behind this one, or begin to wait for one.

        uvicorn sets a timer for that after each answer; here the watch of the connection looks at the clock.
        """
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()

    def _look(self) -> None:
        """Send away who is too slow. Until the connection is lost: closing it waits for the client to read, too."""
        since, now = self._arriving_since, self.loop.time()
        if self._has_stopped_reading(now):
            self.transport.abort()
            return
        if self._idle_since is not None and now - self._idle_since > self.timeout_keep_alive:
            self.transport.close()
        if since is not None and now - since > ARRIVAL_SECONDS and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        self._watch = self.loop.call_later(_CHECK_SECONDS, self._look)

    def _has_stopped_reading(self, now: float) -> bool:
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes < self._unread_bytes or self._unread_bytes == 0:
            self._unread_since = now
        self._unread_bytes = unread_bytes
        return unread_bytes > 0 and now - self._unread_since > ARRIVAL_SECONDS

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer in the server's own name, and close."""
        cycle = self._served
        answering = cycle if cycle is not None and not cycle.response_complete else None
        if answering is None or not answering.response_started:
            body = f'{{"error":"{status.phrase}"}}'.encode()
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
                % (status, status.phrase.encode(), len(body))
                + body
            )
        if answering is not None:
            answering.disconnected = True
            answering.message_event.set()
        self.transport.close()


class _PlainAnswerCycle(RequestResponseCycle):
    """Writes a plain answer in one piece: the head is held until the body comes.

    Whatever is not plain (a body in parts, `HEAD`, a connection to be closed) goes uvicorn's way.
    """

    _start: HTTPResponseStartEvent | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """See ASGI's `send`."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if message["type"] == "http.response.body" and self._is_plain(start, message):
                self._write(start, message.get("body", b""))
                return
            await super().send(start)
        await super().send(message)

    def _is_plain(self, start: HTTPResponseStartEvent, message: HTTPResponseBodyEvent) -> bool:
        names = dict(cast("list[tuple[bytes, bytes]]", start.get("headers", [])))
        return (
            not message.get("more_body")
            and not self.disconnected
            and not self.flow.write_paused
            and self.keep_alive
            and self.scope["method"] != "HEAD"
            and start["status"] not in _BODILESS
            and names.get(b"content-length") == b"%d" % len(message.get("body", b""))
            and _LEFT_TO_UVICORN.isdisjoint(names)
        )

    def _write(self, start: HTTPResponseStartEvent, body: bytes) -> None:
        lines = [b": ".join(header) for header in self.default_headers]
        lines += map(b": ".join, start["headers"])
        head = b"\r\n".join(lines)
        if head.translate(None, _HEAD_TEXT) != b"\r\n" * (len(lines) - 1):
            raise RuntimeError("a header has a line end or another control character in it")
        self.transport.write(b"%b%b\r\n\r\n%b" % (STATUS_LINE[start["status"]], head, body))
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        self.on_response()
