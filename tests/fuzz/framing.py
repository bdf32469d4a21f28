"""Feed our server and h11 the same bytes, cut at every place: `python -m tests.fuzz.framing --cases 1000000`.

Exits with 1 when the application ever sees a request, a part of a body or an end that h11 does not see on the same
bytes, when there are more answers than requests and one refusal, or when proper requests are not all served whole.
What h11 alone refuses and the RFC lets us take is in `framing_reference.TOLERATED`. There are no sockets.
"""

import argparse
import asyncio
import logging
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, cast

import uvloop
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.server import BoundedHttpProtocol
from tests.fuzz.framing_cases import Case, make_case
from tests.fuzz.framing_reference import Reference, Seen

_FINAL_ANSWER = re.compile(rb"HTTP/1\.1 [2-5][0-9][0-9] ")
_BODY = b"answered"
# As many turns of the loop as a request needs from its last byte to its answer.
_TURNS = 4

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Transport(asyncio.Transport):
    """Keeps what is written, up to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closing:
            self.written += data

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def is_closing(self) -> bool:
        return self._is_closing

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@dataclass(slots=True)
class Subject:
    """Our server on one connection, and what its application is told.

    `is_hasty`: it answers before it has read; then nothing is known of bodies. `turns`: how long it dawdles.
    """

    is_hasty: bool = False
    turns: int = 0
    requests: list[Seen] = field(default_factory=list)
    transport: _Transport = field(default_factory=_Transport)

    def connect(self) -> BoundedHttpProtocol:
        """The server's end of a fresh connection."""
        loop = asyncio.get_running_loop()
        protocol = BoundedHttpProtocol(_config(), ServerState(), {"subject": self}, loop)
        protocol.connection_made(self.transport)
        return protocol

    async def serve(self, seen: Seen, receive: Receive, send: Send) -> None:
        """Read one request, and answer it."""
        self.requests.append(seen)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        while not self.is_hasty and not seen.is_whole:
            message = await receive()
            if message["type"] != "http.request":
                return
            seen.body += message["body"]
            seen.is_whole = not message["more_body"]
        headers = [(b"content-length", b"%d" % len(_BODY))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})


async def _application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    subject: Subject = scope["state"]["subject"]
    # Names of codings have no case (RFC 9112, 7), and h11 makes them small.
    headers = [(n, v.lower() if n == b"transfer-encoding" else v) for n, v in scope["headers"]]
    method = scope["method"].encode()
    await subject.serve(Seen(method, scope["raw_path"], scope["query_string"], headers), receive, send)


@cache
def _config() -> Config:
    return Config(app=cast("Any", _application), log_config=None, lifespan="off")


async def find_difference(case: Case, subject: Subject) -> str | None:
    """What the application has seen of `case` and h11 has not, or what it should have seen."""
    reference, protocol = Reference(), subject.connect()
    try:
        for piece in case.pieces:
            reference.feed(piece)
            if not subject.transport.is_closing():
                protocol.data_received(piece)
            # The application may lag behind: what it sees too much of, it sees later.
            await asyncio.sleep(0)
            if difference := _compare(subject, reference):
                return difference
        await _turn((subject.turns + _TURNS) * (len(reference.requests) + 1))
        return _compare(subject, reference) or (_find_missing(subject, reference) if case.is_proper else None)
    finally:
        protocol.connection_lost(None)
        await _turn(_TURNS)


async def _turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def _compare(subject: Subject, reference: Reference) -> str | None:
    """What is too much."""
    ours, theirs = subject.requests, reference.requests
    # Behind a request whose Host it does not take, h11 says nothing more; that one the application refuses.
    if reference.is_open and len(ours) > len(theirs):
        refused, ours = ours[len(theirs)], ours[: len(theirs)]
        if [name for name, _ in refused.headers].count(b"host") == 1:
            return f"a request with one Host: {refused}"
    if len(ours) > len(theirs):
        return f"a request that is none: {ours[len(theirs)]}"
    for our, their in zip(ours, theirs, strict=False):
        if our.head != their.head:
            return f"{our.head} instead of {their.head}"
        if not their.body.startswith(our.body) or (
            our.is_whole and (our.body, True) != (their.body, their.is_whole)
        ):
            return f"the body {our.body!r}, whole {our.is_whole}, instead of {their.body!r}, {their.is_whole}"
    answers = len(_FINAL_ANSWER.findall(subject.transport.written))
    if answers > len(subject.requests) + 1:
        return f"{answers} answers to {len(subject.requests)} requests"
    return None


def _find_missing(subject: Subject, reference: Reference) -> str | None:
    """What is too little of requests that are as they should be."""
    if len(subject.requests) != len(reference.requests):
        return f"{len(subject.requests)} of {len(reference.requests)} requests"
    if not subject.is_hasty and not all(seen.is_whole for seen in subject.requests):
        return "a body that does not end"
    answers = len(_FINAL_ANSWER.findall(subject.transport.written))
    return (
        None if answers == len(subject.requests) else f"{answers} answers to {len(subject.requests)} requests"
    )


def make_subject(rng: Random) -> Subject:
    """A server whose application reads at once, reads later, or answers before it reads."""
    return Subject(is_hasty=rng.random() < 0.2, turns=rng.choice((0, 0, 5)))


@dataclass(slots=True)
class Findings:
    """What a run has found."""

    cases: int = 0
    requests: int = 0
    differences: list[str] = field(default_factory=list)


async def fuzz(seed: int, first: int, cases: int, limit: int = 5) -> Findings:
    """Try so many cases of a seed, from the one of that number on, up to the `limit`th difference."""
    findings = Findings()
    for number in range(first, first + cases):
        rng = Random(f"{seed} {number}")
        case, subject = make_case(rng), make_subject(rng)
        difference = await find_difference(case, subject)
        findings.cases += 1
        findings.requests += len(subject.requests)
        if difference:
            findings.differences.append(f"case {number} of seed {seed}: {difference}\n  {case}")
            if len(findings.differences) == limit:
                break
    return findings


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.framing", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same cases")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    asked = parser.parse_args()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    started = time.perf_counter()
    findings = uvloop.run(fuzz(asked.seed, asked.first, asked.cases))
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{findings.cases} cases, {findings.requests} requests seen, {seconds:.0f} s\n")
    sys.stdout.writelines(f"DIFFERENCE {difference}\n" for difference in findings.differences)
    return 1 if findings.differences else 0


if __name__ == "__main__":
    sys.exit(main())
