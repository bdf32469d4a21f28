"""The access log: the same lines whoever writes them, none lost, nothing stopped by a log that cannot be written."""

import asyncio
import io
import json
from contextlib import redirect_stderr
from select import PIPE_BUF
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
import structlog

from gateway.access_log import JsonAccessLog, PlainAccessLog, open_access_log
from gateway.logs import configure_logs

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

pytestmark = pytest.mark.anyio


def line() -> dict[str, object]:
    return {
        "method": "POST",
        "path": '/graphql/"\\',
        "status": 200,
        "milliseconds": 1.25,
        "request_id": "0123456789abcdef",
        "address": "1.2.3.4",
        "operation": "查询",
        "error_codes": ["UNAUTHENTICATED"],
    }


async def test_lines_are_what_structlog_would_have_written() -> None:
    kept = structlog.get_config()
    ours, theirs = io.BytesIO(), io.BytesIO()
    try:
        with redirect_stderr(io.TextIOWrapper(theirs)) as fake:
            configure_logs(is_production=True, level="info")
            structlog.get_logger("gateway.access").info("request", **line())
            fake.flush()
    finally:
        structlog.configure(**kept)
    log = JsonAccessLog(ours)
    log.add(line())
    log.flush()

    written, expected = json.loads(ours.getvalue()), json.loads(theirs.getvalue())
    assert written.pop("timestamp")[:16] == expected.pop("timestamp")[:16]
    assert written == expected


async def test_lines_are_written_together_and_soon() -> None:
    is_written = asyncio.Event()

    class Stream(io.BytesIO):
        def flush(self) -> None:
            is_written.set()

    stream = Stream()
    log = JsonAccessLog(stream, write_seconds=0)
    for _ in range(3):
        log.add(line())
    assert stream.getvalue() == b""
    await is_written.wait()
    log.add(line())
    log.flush()
    assert [json.loads(one)["status"] for one in stream.getvalue().splitlines()] == [200] * 4


async def test_lines_are_written_whole_and_in_pieces_that_a_pipe_takes_undivided() -> None:
    """Worker processes share one pipe, and would tear each other's lines apart."""
    pieces: list[bytes] = []

    class Stream(io.BytesIO):
        def write(self, piece: "Buffer") -> int:
            pieces.append(bytes(piece))
            return len(pieces[-1])

    log = JsonAccessLog(Stream())
    for _ in range(100):
        log.add(line())
    log.flush()

    assert len(pieces) > 1
    assert max(map(len, pieces)) <= PIPE_BUF
    assert all(json.loads(one) for piece in pieces for one in piece.splitlines())
    assert sum(piece.count(b"\n") for piece in pieces) == 100


async def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    class Full(io.RawIOBase):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    log = JsonAccessLog(cast("BinaryIO", Full()))
    log.add(line())
    log.flush()


@pytest.mark.parametrize(
    ("level", "is_production", "kind"),
    [
        ("info", True, JsonAccessLog),
        ("debug", False, PlainAccessLog),
        ("warning", True, type(None)),
        ("error", False, type(None)),
    ],
)
async def test_the_level_decides_whether_there_is_one(level: str, is_production: bool, kind: type) -> None:
    assert type(open_access_log(io.BytesIO(), is_production=is_production, level=level)) is kind
