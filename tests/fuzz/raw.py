"""Bytes over real sockets, right and wrong HTTP: never a 5xx, never a traceback, never a request without an end."""

import asyncio
import re
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

from tests.fuzz import broken_bodies, broken_http
from tests.fuzz.attempts import MOBILE, Attempt, Visitor

# A picture may wait for another that takes as long as it may: 5 s.
SILENCE_SECONDS = 10.0
_TIMEOUT_SECONDS = 0.3
_AT_ONCE = 5
_SIGNED_IN = 0.4
_FAMILIES = broken_http.FAMILIES + broken_bodies.FAMILIES

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_TAKEN = re.compile(rb'"(?:avatarUrl|avatar)":"/avatars/')
_WRONG = {
    # 501 is what an unknown transfer coding asks for (RFC 9112, 6.1).
    "a status of 5xx": re.compile(rb"HTTP/1\.1 5(?!01)\d\d "),
    "errno 4500 or 4501": re.compile(rb'"errno":450[01]'),
    "the code INTERNAL": re.compile(rb'"code":"INTERNAL"'),
    "a traceback": re.compile(rb"Traceback \(most recent call last\)|\.py\", line \d"),
}


@dataclass(slots=True)
class Findings:
    """What came of a run. `statuses` counts answers by family and status; "" stands for no answer at all.

    `uploads` counts pictures that were taken: without any, the bodies hardly get past the sessions.
    """

    attempts: int = 0
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    uploads: int = 0
    defects: list[str] = field(default_factory=list)


def make_attempt(seed: int, index: int, tokens: list[str]) -> Attempt:
    """Attempt number `index` of the run `seed`; the same bytes each time, but for the session's token."""
    rng = Random(f"{seed}/{index}")
    address = f"198.{18 + index // 65536 % 2}.{index // 256 % 256}.{index % 256}"
    visitor = Visitor(address, rng.choice(tokens) if rng.random() < _SIGNED_IN else None)
    attempt = rng.choice(_FAMILIES)(rng, visitor)
    # Another mobile each time, for the same reason as the address.
    mobile = b"139%08d" % index
    return replace(attempt, pieces=tuple(piece.replace(MOBILE, mobile) for piece in attempt.pieces))


async def fuzz(host: str, port: int, *, seed: int, seconds: float, tokens: list[str]) -> Findings:
    """Send attempts, a few at a time, until the time is over."""
    findings = Findings()
    deadline = time.monotonic() + seconds
    indices = iter(range(10_000_000))

    async def visit() -> None:
        while time.monotonic() < deadline:
            index = next(indices)
            attempt = make_attempt(seed, index, tokens)
            await _try(host, port, attempt, f"seed {seed} index {index}", findings)

    await asyncio.gather(*(visit() for _ in range(_AT_ONCE)))
    return findings


async def _try(host: str, port: int, attempt: Attempt, name: str, findings: Findings) -> None:
    findings.attempts += 1
    answer, is_silent = await exchange(host, port, attempt)
    statuses = [status.decode() for status in _STATUS.findall(answer)] or [""]
    findings.statuses.update((attempt.family, status) for status in statuses)
    findings.uploads += len(_TAKEN.findall(answer))
    problems = [what for what, form in _WRONG.items() if form.search(answer)]
    if is_silent:
        problems.append(f"silence for {SILENCE_SECONDS:.0f} s")
    if attempt.must_answer and not answer:
        problems.append("no answer")
    findings.defects += [f"{problem}: {attempt.family}, {name}: {answer[:300]!r}" for problem in problems]


async def exchange(host: str, port: int, attempt: Attempt) -> tuple[bytes, bool]:
    """All that comes back, and whether the server then left the connection open for longer than it may.

    What may be unfinished is given a moment, and then ended as a client that goes away ends it.
    """
    loop = asyncio.get_running_loop()
    # Plain sockets: a stream forgets the answer when the server has closed before all was sent.
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, (host, port))
        with suppress(ConnectionError):
            for piece in attempt.pieces:
                await asyncio.wait_for(loop.sock_sendall(connection, piece), SILENCE_SECONDS)
        answer = b""
        if not attempt.must_answer:
            answer, is_over = await _receive(connection, _TIMEOUT_SECONDS)
            if is_over:
                return answer, False
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        rest, is_over = await _receive(connection, SILENCE_SECONDS)
        return answer + rest, not is_over


async def _receive(connection: socket.socket, seconds: float) -> tuple[bytes, bool]:
    """What comes until the connection closes, and whether it did so without `seconds` of silence."""
    loop = asyncio.get_running_loop()
    received = b""
    while True:
        try:
            data = await asyncio.wait_for(loop.sock_recv(connection, 65536), seconds)
        except TimeoutError:
            return received, False
        except ConnectionError:
            return received, True
        if not data:
            return received, True
        received += data
