"""The strict parser that the server is held to: h11, made as lenient as the RFC lets us be, and no more."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import h11

_HEAD_END = b"\r\n\r\n"
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)", re.DOTALL)


@dataclass(slots=True)
class Seen:
    """One request as far as it has been seen."""

    method: bytes
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    is_whole: bool = False

    @property
    def head(self) -> tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]:
        """What it is, without its body."""
        return self.method, self.path, self.query, self.headers


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What the server takes although h11 does not: the RFC's clause that lets it, and the head as h11 takes it."""

    what: str
    clause: str
    rewrite: Callable[[bytes], bytes]


def _without_empty_lines(head: bytes) -> bytes:
    return head.lstrip(b"\r\n")


def _with_single_blanks(head: bytes) -> bytes:
    line, end, rest = head.partition(b"\r\n")
    return re.sub(rb" +", b" ", line) + end + rest


def _of_http(head: bytes) -> bytes:
    line, end, rest = head.partition(b"\r\n")
    return re.sub(rb" (RTSP|ICE)/(?=1\.[01]$)", b" HTTP/", line) + end + rest


TOLERATED = (
    Tolerance("empty lines before a request", "RFC 9112, 2.2", _without_empty_lines),
    Tolerance("several blanks between the parts of a request line", "RFC 9112, 3", _with_single_blanks),
    # The parser does not tell which name it has read. No boundary moves by it.
    Tolerance("RTSP/1.0 for HTTP/1.0", "RFC 9112, 3: a bad request line SHOULD be refused", _of_http),
)
# `chunk-size` is any number of digits (RFC 9112, 7.1): leading zeros mean nothing. h11 stops at 20.
h11._readers.chunk_header_re = re.compile(h11._abnf.chunk_header.replace("{1,20}", "+").encode())
# The server hands these on, and the application answers 400 (RFC 9112, 3.2), after which the connection goes on.
_HOST_FAULTS = ("Missing mandatory Host", "Found multiple Host")


@dataclass(slots=True)
class Reference:
    """What h11 sees on one connection, whose requests are all answered. `is_open`: a refused `Host` ended the view."""

    requests: list[Seen] = field(default_factory=list)
    is_over: bool = False
    is_open: bool = False
    _held: bytes = b""
    _connection: h11.Connection | None = None

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        self._held += data
        while not self.is_over and self._step():
            pass

    def _step(self) -> bool:
        """Go on as far as to the end of a head or of a request; whether there may be more."""
        if self._connection is None:
            self._held = _without_empty_lines(self._held)
            end = self._held.find(_HEAD_END)
            if end < 0:
                return False
            head, self._held = self._held[: end + len(_HEAD_END)], self._held[end + len(_HEAD_END) :]
            for tolerance in TOLERATED:
                head = tolerance.rewrite(head)
            self._connection = h11.Connection(h11.SERVER)
            self._connection.receive_data(head)
        data, self._held = self._held, b""
        if data:
            self._connection.receive_data(data)
        try:
            return self._read(self._connection)
        except h11.RemoteProtocolError as error:
            self.is_over = True
            self.is_open = str(error).startswith(_HOST_FAULTS)
            return False

    def _read(self, connection: h11.Connection) -> bool:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                self.requests.append(_seen(event))
            elif isinstance(event, h11.Data):
                self.requests[-1].body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.requests[-1].is_whole = True
                self._answer(connection)
                return True
            else:
                return False

    def _answer(self, connection: h11.Connection) -> None:
        connection.send(h11.Response(status_code=404, headers=[("content-length", "0")]))
        connection.send(h11.EndOfMessage())
        self.is_over = connection.their_state is not h11.DONE
        self._held, self._connection = connection.trailing_data[0], None


def _seen(request: h11.Request) -> Seen:
    """As the application is to be told of it; RFC 9112, 3.2.2 and 3.2.4."""
    target, headers = bytes(request.target), [(bytes(name), bytes(value)) for name, value in request.headers]
    if absolute := _ABSOLUTE.fullmatch(target):
        authority, target = absolute.groups()
        headers = [(name, authority if name == b"host" else value) for name, value in headers]
        if target[:1] != b"/":
            target = (b"*" if request.method == b"OPTIONS" and target[:1] != b"?" else b"/") + target
    path, _, query = target.partition(b"#")[0].partition(b"?")
    return Seen(bytes(request.method), path, query, headers)
