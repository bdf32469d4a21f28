"""Which state-changing requests another site's page may not make."""

import pytest

from gateway.cross_site import CrossSiteRule, describe_lost_cookie

HOST = b"accounts.example.com"
ALLOWED = b"https://app.example.com"
RULE = CrossSiteRule([ALLOWED.decode()])

SAME = b"https://accounts.example.com"
STRANGER = b"https://evil.example"


def is_refused(site: bytes | None, origin: bytes | None, host: bytes | None = HOST) -> bool:
    return RULE.find_offence(site=site, origin=origin, host=host) is not None


@pytest.mark.parametrize("origin", [None, SAME, STRANGER, b"null"])
@pytest.mark.parametrize("site", [b"same-origin", b"none", b"Same-Origin"])
def test_own_page_and_address_bar_pass(site: bytes, origin: bytes | None) -> None:
    assert not is_refused(site, origin)


@pytest.mark.parametrize("origin", [None, SAME, STRANGER, b"null", b""])
@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b"", b"whatever"])
def test_other_sites_page_is_refused_whatever_origin_it_names(site: bytes, origin: bytes | None) -> None:
    assert is_refused(site, origin)


@pytest.mark.parametrize("site", [None, b"cross-site", b"same-site", b"same-origin"])
@pytest.mark.parametrize("origin", [ALLOWED, b"HTTPS://APP.example.com"])
def test_page_of_an_allowed_origin_passes(site: bytes | None, origin: bytes) -> None:
    assert not is_refused(site, origin)


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        b"null",
        b"",
        b"https://app.example.com.evil.example",
        b"https://evilapp.example.com",
        b"http://app.example.com",
        b"https://app.example.com:8443",
        b"https://accounts.example.com.evil.example",
        b"https://accounts.example.com:8443",
        b"https://evil.example/accounts.example.com",
        b"https://accounts.example.com@evil.example",
        b"accounts.example.com",
        b"https://accounts.example.com:80",
        b"http://accounts.example.com:443",
        b"https://accounts.example.com:*",
        b"https://accounts.example.com/",
        b"capacitor://accounts.example.com",
        b"https://[",
        b"\xff\xfe",
    ],
)
def test_older_browsers_page_of_another_origin_is_refused(origin: bytes) -> None:
    assert is_refused(None, origin)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (SAME, HOST),
        (SAME, b"ACCOUNTS.example.com"),
        (b"http://localhost:8000", b"localhost:8000"),
        (b"http://[::1]:8000", b"[::1]:8000"),
        (b"https://a.example", b"a.example:443"),
        (b"https://a.example:443", b"a.example"),
        (b"http://a.example", b"a.example:80"),
        (b"http://a.example:80", b"A.example"),
        (b"https://[::1]", b"[::1]:443"),
    ],
)
def test_older_browsers_own_page_passes(origin: bytes, host: bytes) -> None:
    assert not is_refused(None, origin, host)


@pytest.mark.parametrize(
    ("listed", "passes", "does_not"),
    [
        ("https://app.example.com", b"https://app.example.com:443", b"https://app.example.com:80"),
        ("https://app.example.com:443", b"https://app.example.com", b"https://app.example.com:444"),
        ("http://localhost:*", b"http://localhost:5173", b"https://localhost:5173"),
        ("http://localhost:*", b"http://localhost", b"http://localhost.evil.example:5173"),
        ("http://localhost:*", b"http://localhost:80", b"http://127.0.0.1:5173"),
        ("http://[::1]:*", b"http://[::1]:3000", b"http://localhost:*"),
        ("capacitor://localhost", b"capacitor://localhost", b"capacitor://localhost:1"),
        ("null", b"null", b""),
    ],
)
def test_list_means_what_it_says(listed: str, passes: bytes, does_not: bytes) -> None:
    rule = CrossSiteRule([listed])

    assert rule.allows_origin(passes)
    assert not rule.allows_origin(does_not)


@pytest.mark.parametrize(
    ("site", "origin", "host", "is_lost"),
    [
        (b"cross-site", b"http://localhost:5173", b"127.0.0.1:8000", True),
        (b"same-site", b"http://localhost:5173", b"localhost:8000", False),
        (b"same-origin", None, b"localhost:8000", False),
        (None, b"http://localhost:5173", b"127.0.0.1:8000", True),
        (None, b"http://192.168.1.5:5173", b"192.168.1.6:8000", True),
        (None, b"http://localhost:5173", b"localhost:8000", False),
        (None, b"http://192.168.1.5:5173", b"192.168.1.5:8000", False),
        (None, b"https://app.example.com", b"accounts.example.com", False),
        (None, None, b"localhost:8000", False),
    ],
)
def test_cookie_is_lost_between_sites(
    site: bytes | None, origin: bytes | None, host: bytes, is_lost: bool
) -> None:
    told = {b"sec-fetch-site": site, b"origin": origin, b"host": host}
    headers = {name: value for name, value in told.items() if value is not None}

    assert (describe_lost_cookie(headers) is not None) is is_lost


def test_request_that_names_neither_comes_from_no_browser_and_passes() -> None:
    assert not is_refused(None, None)


def test_origin_without_a_host_to_compare_is_refused() -> None:
    assert is_refused(None, SAME, None)
    assert is_refused(None, b"", None)


def test_refusal_names_the_header_and_the_setting() -> None:
    offence = RULE.find_offence(site=b"cross-site", origin=STRANGER, host=HOST)

    assert offence is not None
    assert all(word in offence for word in ("Sec-Fetch-Site", "evil.example", "GATEWAY_ALLOWED_ORIGINS"))


def test_refusal_shows_the_host_that_the_origin_was_compared_with() -> None:
    offence = RULE.find_offence(site=None, origin=SAME, host=b"127.0.0.1:8000")

    assert offence is not None
    words = (
        SAME.decode(),
        "Host: 127.0.0.1:8000",
        "a proxy has to hand on the Host",
        "GATEWAY_ALLOWED_ORIGINS",
    )
    assert all(word in offence for word in words)


def test_refusal_does_not_repeat_endless_headers() -> None:
    for site in (None, b"x" * 10_000):
        offence = RULE.find_offence(site=site, origin=b"y" * 10_000, host=b"z" * 10_000)

        assert offence is not None
        assert len(offence) < 500
