"""Whole answers: head and body in one piece, which takes half the system calls."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from gateway.server.uvicorn_parts import STATUS_LINE, RequestResponseCycle

WRITE_WHOLE: Final = "gateway.write_whole"
"""The ASGI extension that `WholeAnswerCycle.write_whole` is."""

# What may stand in a head: text and tabs (RFC 9110, 5.5). What is left of a right one without it is its line ends.
_HEAD_TEXT: Final = bytes(code for code in range(256) if code == 9 or (code >= 32 and code != 127))
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they go over the wire, each with its line end.

    Raises:
        RuntimeError: one has a line end or another control character in it.
    """
    lines = [*map(b": ".join, headers)]
    joined = b"\r\n".join([*lines, b""])
    if joined.translate(None, _HEAD_TEXT) != b"\r\n" * len(lines):
        raise RuntimeError("a header has a line end or another control character in it")
    return joined


class _DefaultLines:
    """The lines of the headers that every answer has, such as `Date`; uvicorn has a new list of them each second."""

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers, self._lines = headers, header_lines(headers)
        return self._lines


_default_lines = _DefaultLines()


class WholeAnswerCycle(RequestResponseCycle):
    """uvicorn's request and answer, with a shorter way for an answer that is plain."""

    def write_whole(self, status: int, headers: dict[bytes, bytes], more_lines: bytes, body: bytes) -> bool:
        """Write an answer in one piece, with `more_lines` (see `header_lines`) after `headers`.

        Whatever is not plain, such as `HEAD` or a connection to be closed, it leaves to `send`, and says so by False.

        Raises:
            RuntimeError: a header has a line end or another control character in it.
        """
        if (
            self.response_started
            or self.disconnected
            or self.flow.write_paused
            or not self.keep_alive
            or headers.get(b"content-length") != b"%d" % len(body)
            or b"connection" in headers
            or b"transfer-encoding" in headers
            or self.scope["method"] == "HEAD"
            or status in _BODILESS
        ):
            return False
        self.transport.write(
            b"%b%b%b%b\r\n%b"
            % (
                STATUS_LINE[status],
                _default_lines.of(self.default_headers),
                header_lines(headers.items()),
                more_lines,
                body,
            )
        )
        self.response_started = self.response_complete = True
        self.message_event.set()
        self.on_response()
        return True
