"""Which state-changing requests another site's page may not make."""

import pytest

from gateway.cross_site import CrossSiteRule

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
    ],
)
def test_older_browsers_own_page_passes(origin: bytes, host: bytes) -> None:
    assert not is_refused(None, origin, host)


def test_request_that_names_neither_comes_from_no_browser_and_passes() -> None:
    assert not is_refused(None, None)


def test_origin_without_a_host_to_compare_is_refused() -> None:
    assert is_refused(None, SAME, None)
    assert is_refused(None, b"", None)


def test_refusal_names_the_header_and_the_setting() -> None:
    offence = RULE.find_offence(site=b"cross-site", origin=STRANGER, host=HOST)

    assert offence is not None
    assert all(word in offence for word in ("Sec-Fetch-Site", "evil.example", "GATEWAY_ALLOWED_ORIGINS"))


def test_refusal_does_not_repeat_endless_headers() -> None:
    offence = RULE.find_offence(site=b"x" * 10_000, origin=b"y" * 10_000, host=HOST)

    assert offence is not None
    assert len(offence) < 500
