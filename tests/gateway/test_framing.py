"""Where a request ends: an `Upgrade` is ignored, and the application never sees what a strict parser does not see."""

import asyncio
import logging
import shutil
import subprocess
from pathlib import Path

import pytest
import uvloop

from tests.fuzz.framing import Subject, find_difference, fuzz
from tests.fuzz.framing_cases import Case
from tests.fuzz.framing_reference import Seen
from tests.gateway.actors import PASSWORD, Person
from tests.gateway.processes import serving

# What the JDK's HttpClient sends first on every clear-text connection, byte for byte.
_JDK_HEAD = (
    b"POST /api/login HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n%bHost: 127.0.0.1:8000\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\nUpgrade: h2c\r\n"
    b"User-Agent: Java-http-client/17.0.15\r\nContent-Type: application/json\r\n\r\n"
)
_LOGIN = b'{"mobile":"18736008450","password":"123"}'
_JDK = _JDK_HEAD % (b"Content-Length: %d\r\n" % len(_LOGIN)) + _LOGIN
_JDK_CHUNKED = _JDK_HEAD % b"Transfer-encoding: chunked\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (
    len(_LOGIN),
    _LOGIN,
)
_SMUGGLED = b"GET /api/check_login HTTP/1.1\r\nHost: a\r\n\r\n"
_JDK_SMUGGLING = _JDK_HEAD % (b"Content-Length: %d\r\n" % len(_SMUGGLED)) + _SMUGGLED
_WEBSOCKET = (
    b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def serve(*pieces: bytes, is_hasty: bool = False) -> Subject:
    """What the application is told of these bytes; what h11 says of them too is asked besides."""
    subject = Subject(is_hasty=is_hasty)
    difference = uvloop.run(find_difference(Case(pieces, is_proper=True), subject))
    assert difference is None
    return subject


def cut_everywhere(sent: bytes) -> list[tuple[bytes, ...]]:
    """In two pieces at each place, or at each few places of what is long; in one piece, and byte by byte."""
    cuts = [(sent[:at], sent[at:]) for at in range(1, len(sent), 1 + len(sent) // 200)]
    return [(sent,), *cuts, tuple(sent[at : at + 1] for at in range(len(sent)))]


def bodies(requests: list[Seen]) -> list[bytes]:
    return [seen.body for seen in requests if seen.is_whole]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (_JDK, [_LOGIN]),
        (_JDK_CHUNKED, [_LOGIN]),
        (_JDK_SMUGGLING, [_SMUGGLED]),
        (_WEBSOCKET, [b""]),
        (_JDK_SMUGGLING + _JDK_CHUNKED + _WEBSOCKET + _JDK, [_SMUGGLED, _LOGIN, b"", _LOGIN]),
    ],
    ids=["a length", "chunked", "a body that looks like a request", "a WebSocket handshake", "several"],
)
def test_a_request_that_offers_an_upgrade_has_its_own_body(sent: bytes, expected: list[bytes]) -> None:
    for pieces in cut_everywhere(sent):
        assert bodies(serve(*pieces).requests) == expected


def test_what_follows_an_upgrade_that_was_answered_at_once_is_still_its_body() -> None:
    head, body = _JDK_SMUGGLING[: -len(_SMUGGLED)], _SMUGGLED
    subject = serve(head, body, _JDK, is_hasty=True)
    assert [seen.path for seen in subject.requests] == [b"/api/login", b"/api/login"]


def test_an_upgrade_does_not_end_keep_alive_and_close_does() -> None:
    closing = _JDK.replace(b"Upgrade, HTTP2", b"close, Upgrade, HTTP2")
    subject = serve(_JDK + closing + _JDK)
    assert len(subject.requests) == 2
    assert subject.transport.written.count(b"connection: close") == 1


def test_many_upgrades_in_one_piece_are_all_served() -> None:
    assert len(serve(_WEBSOCKET * 90).requests) == 90


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        (b"Transfer-Encoding: gzip\r\n", 501),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 501),
        (b"Transfer-Encoding: chunked, chunked\r\n", 400),
        (b"Transfer-Encoding:\r\n", 400),
        (b"Content-Length: 1, 1\r\n", 400),
        (b"Content-Length: 1\r\nContent-Length: 1\r\n", 400),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Content-Length:\r\n", 400),
        (b"Content-Length : 1\r\n", 400),
        (b"X: a\r\n b\r\n", 400),
        (b"X: a\n", 400),
    ],
)
def test_a_body_of_unknown_length_is_refused_before_the_application_is_asked(
    framing: bytes, status: int
) -> None:
    sent = b"POST /api/logout HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n1\r\na\r\n0\r\n\r\n"
    for upgrade in (b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"):
        subject = refuse(sent.replace(b"\r\n", b"\r\n" + upgrade, 1))
        assert (subject.requests, _status(subject)) == ([], status)


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT a:443 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET / HTTP/2.0",
        b"GET / HTTP/0.9",
        b"GET /",
        b"GET * HTTP/1.1",
        b"OPTIONS *x HTTP/1.1",
        b"GET ftp://a/ HTTP/1.1",
        b"GET http://user@a/ HTTP/1.1",
        b"GET http:// HTTP/1.1",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_request_of_ours_is_400(line: bytes) -> None:
    subject = refuse(line + b"\r\nHost: a\r\n\r\n0\r\n\r\n")
    assert (subject.requests, _status(subject)) == ([], 400)


@pytest.mark.parametrize(
    ("line", "path", "query"),
    [
        (b"GET http://a", b"/", b""),
        (b"GET http://a:8000", b"/", b""),
        (b"GET http://a?b=c", b"/", b"b=c"),
        (b"GET HTTP://a/b?c", b"/b", b"c"),
        (b"GET https://[::1]:8000/b", b"/b", b""),
        (b"OPTIONS http://a", b"*", b""),
        (b"OPTIONS http://a?", b"/", b""),
        (b"OPTIONS *", b"*", b""),
    ],
)
def test_targets_in_the_form_for_proxies_are_understood(line: bytes, path: bytes, query: bytes) -> None:
    (seen,) = serve(line + b" HTTP/1.1\r\nHost: a\r\n\r\n").requests
    assert (seen.path, seen.query) == (path, query)


def test_the_host_of_an_absolute_target_counts_and_not_the_header() -> None:
    (seen,) = serve(b"GET http://a:8000/x HTTP/1.1\r\nHost: b\r\n\r\n").requests
    assert seen.headers == [(b"host", b"a:8000")]


def test_a_missing_host_is_not_made_up_from_an_absolute_target() -> None:
    subject = refuse(b"GET http://a/x HTTP/1.1\r\n\r\n")
    assert subject.requests[0].headers == []


def test_blanks_behind_a_value_are_none_of_it() -> None:
    (seen,) = serve(b"GET / HTTP/1.1\r\nHost: a \t \r\n\r\n").requests
    assert seen.headers == [(b"host", b"a")]


def test_the_application_never_sees_what_a_strict_parser_does_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "uvicorn.error")
    findings = uvloop.run(fuzz(seed=20261127, first=0, cases=500))
    assert findings.differences == []
    assert findings.requests > 500


def refuse(sent: bytes) -> Subject:
    """As `serve`, for what need not be served."""
    subject = Subject()
    assert asyncio.run(find_difference(Case((sent,), is_proper=False), subject)) is None
    return subject


def _status(subject: Subject) -> int:
    return int(subject.transport.written.split(b" ", 2)[1])


@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")
def test_the_http_client_of_the_jdk_signs_in(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        person = Person(server).register()
        source = Path(__file__).parent / "JdkClient.java"
        command = ["java", "-XX:TieredStopAtLevel=1", str(source), server.url, person.mobile, PASSWORD]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert (done.stdout.split(), done.stderr) == (["0", "0", "0"], "")
