"""One line for each request. The path only: a query string may carry a password.

There is one for each request, so it has to be cheap. In production lines are encoded by msgspec straight away, in the
form of all other lines, and written ten times a second; to go through structlog and write each costs five times as much
(`python -m benchmarks.profile_me`). Only a killed process loses the lines of its last moment.
"""

import asyncio
import atexit
import logging
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any, BinaryIO, Final, Protocol

import msgspec
import structlog

WRITE_SECONDS: Final = 0.1

_log = structlog.get_logger("gateway.access")
_encode = msgspec.json.Encoder(enc_hook=repr).encode


class AccessLog(Protocol):
    """Takes a line for each request."""

    def add(self, line: MutableMapping[str, Any]) -> None:
        """Take a line, and make it its own."""

    def flush(self) -> None:
        """Write what has not been written yet."""


class PlainAccessLog:
    """Hands each line to structlog, for development and for tests."""

    def add(self, line: MutableMapping[str, Any]) -> None:
        """See `AccessLog`."""
        _log.info("request", **line)

    def flush(self) -> None:
        """Nothing waits."""


class JsonAccessLog:
    """Writes lines as JSON to `stream`, those of `write_seconds` together."""

    def __init__(self, stream: BinaryIO, write_seconds: float = WRITE_SECONDS) -> None:
        self._stream = stream
        self._write_seconds = write_seconds
        self._lines: list[bytes] = []

    def add(self, line: MutableMapping[str, Any]) -> None:
        """See `AccessLog`."""
        line["event"] = "request"
        line["level"] = "info"
        line["timestamp"] = datetime.now(UTC)
        if not self._lines:
            asyncio.get_running_loop().call_later(self._write_seconds, self.flush)
        self._lines.append(_encode(line))

    def flush(self) -> None:
        """See `AccessLog`. A log that cannot be written must not be the end of anything else."""
        lines, self._lines = self._lines, []
        with suppress(OSError, ValueError):
            for piece in _pieces(lines):
                self._stream.write(piece)
                self._stream.flush()


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, as many as a pipe takes undivided: worker processes share one, and must not tear each other's."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) + 1 > PIPE_BUF:
            yield piece
            piece = b""
        piece += line + b"\n"
    if piece:
        yield piece


def open_access_log(stream: BinaryIO, *, is_production: bool, level: str) -> AccessLog | None:
    """What the settings ask for; None where the level leaves no place for it."""
    if logging.getLevelName(level.upper()) > logging.INFO:
        return None
    if not is_production:
        return PlainAccessLog()
    log = JsonAccessLog(stream)
    # For requests that were cut off at the end of the grace period, and clear up when the loop's timers are gone.
    atexit.register(log.flush)
    return log
