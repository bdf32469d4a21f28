"""One line for each request. The path only: a query string may carry a password.

There is one for each request, so it has to be cheap. In production lines are encoded by msgspec straight away and
written once for each turn of the event loop, in the form of all other lines; to go through structlog and write each
costs five times as much (`python -m benchmarks.profile_me`).
"""

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec
import structlog

AccessLog = Callable[[MutableMapping[str, Any]], None]

_log = structlog.get_logger("gateway.access")
_encode = msgspec.json.Encoder(enc_hook=repr).encode


def log_access(line: MutableMapping[str, Any]) -> None:
    """Hand a line to structlog, for development and for tests."""
    _log.info("request", **line)


class JsonAccessLog:
    """Writes lines as JSON to `stream`; those of one turn of the event loop together."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def __call__(self, line: MutableMapping[str, Any]) -> None:
        """Take a line."""
        line["event"] = "request"
        line["level"] = "info"
        line["timestamp"] = datetime.now(UTC)
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(_encode(line))

    def flush(self) -> None:
        """Write what there is. A log that cannot be written must not be the end of anything else."""
        lines, self._lines = self._lines, []
        if lines:
            with suppress(OSError, ValueError):
                self._stream.write(b"\n".join(lines) + b"\n")
                self._stream.flush()


def access_log(stream: BinaryIO, *, is_production: bool, level: str) -> AccessLog | None:
    """What the settings ask for; None where the level leaves no place for it."""
    if logging.getLevelName(level.upper()) > logging.INFO:
        return None
    return JsonAccessLog(stream) if is_production else log_access
