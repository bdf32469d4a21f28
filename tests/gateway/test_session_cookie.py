"""The session cookie, as the server writes and reads it."""

from datetime import UTC, datetime

import pytest

from gateway.cookies import TokenCookie, make_cookies

OPEN = make_cookies(is_secure=False).session
SECURE = make_cookies(is_secure=True).session
NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
TOKEN = "t" * 43


def attributes(header: bytes) -> set[str]:
    return {part.strip().lower() for part in header.decode().split(";")[1:]}


@pytest.mark.parametrize("cookie", [OPEN, SECURE])
def test_cookie_is_for_the_whole_site_and_no_script(cookie: TokenCookie) -> None:
    assert {"path=/", "httponly", "samesite=lax"} <= attributes(cookie.issue("t", NOW))


def test_cookie_of_production_is_bound_to_the_host_and_to_https() -> None:
    issued = SECURE.issue("t", NOW)

    assert issued.startswith(b"__Host-session=t;")
    assert "secure" in attributes(issued)
    assert not any(attribute.startswith("domain") for attribute in attributes(issued))


def test_cookie_of_development_works_over_http() -> None:
    assert OPEN.issue("t", NOW).startswith(b"session=t;")
    assert "secure" not in attributes(OPEN.issue("t", NOW))


def test_cookie_outlives_the_browser_as_long_as_the_session_may() -> None:
    assert {f"max-age={30 * 86_400}", "expires=sun, 27 dec 2026 12:30:00 gmt"} <= attributes(
        OPEN.issue("t", NOW)
    )


@pytest.mark.parametrize("cookie", [OPEN, SECURE])
def test_clearing_names_the_same_cookie_and_ends_it(cookie: TokenCookie) -> None:
    cleared, issued = cookie.clear(), cookie.issue("t", NOW)

    assert cleared.partition(b"=")[0] == issued.partition(b"=")[0]
    ends = {"max-age=0", "expires=thu, 01 jan 1970 00:00:00 gmt"}
    assert ends <= attributes(cleared)
    assert attributes(cleared) - ends == {
        a for a in attributes(issued) if not a.startswith(("max-age", "expires"))
    }


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"session=abc", "abc"),
        (b"a=1; session=abc; b=2", "abc"),
        (b"a=1;session=abc", "abc"),
        (b"session=", ""),
        (b"session=a=b", "a=b"),
        (b"session=first; session=second", "first"),
        (b'$Version="1"; session="abc";$Path="/";$Domain="127.0.0.1"', "abc"),
        (b'session="abc"', "abc"),
        (b'session="abc" ; a=1', "abc"),
        (b"session=abc ", "abc"),
        (b'session=""', ""),
        (b'session="', '"'),
        (b'session="abc', '"abc'),
        (b'a="; session=abc; b="', "abc"),
        (f"session=of-another-service; session={TOKEN}".encode(), TOKEN),
        (f'session=""; session="{TOKEN}"'.encode(), TOKEN),
        (f"session={TOKEN}; session={'u' * 43}".encode(), TOKEN),
        (b"Session=abc", None),
        (b"xsession=abc", None),
        (b"session2=abc", None),
        (b"__Host-session=abc", None),
        (b"", None),
        (b";;;", None),
        (b"session", None),
        (b"session=\xff\xfe", "\xff\xfe"),
    ],
)
def test_cookie_header_is_read(header: bytes, token: str | None) -> None:
    assert OPEN.read(header) == token


def test_cookie_of_http_is_not_taken_over_https() -> None:
    assert SECURE.read(b"session=planted") is None
    assert SECURE.read(b"session=planted; __Host-session=own") == "own"
