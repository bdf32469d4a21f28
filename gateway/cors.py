"""CORS: what pages of allowed origins may send and read. Source: the Fetch standard, 3.3 and 4.9."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.cross_site import CrossSiteRule
from gateway.origins import is_web_origin, show_header

Headers = list[tuple[bytes, bytes]]

_ALWAYS_ALLOWED: Final = (
    b"content-type",
    b"authorization",
    b"apollo-require-preflight",
    b"x-xsrftoken",
    b"x-requested-with",
    b"x-request-id",
    b"x-device",
)
_METHODS: Final = frozenset({b"GET", b"HEAD", b"POST"})
_PREFLIGHT_SECONDS: Final = b"600"
_NAMES_MAXIMUM: Final = 50
_NAME_FORM: Final = re.compile(rb"[a-z0-9!#$%&'+.^_`|~-]{1,80}")

# Browsers set these themselves; no page can ask to send them. Source: the Fetch standard, 2.2.2.
_FORBIDDEN_NAMES: Final = frozenset(
    b"""accept-charset accept-encoding access-control-request-headers access-control-request-method connection
    content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer transfer-encoding
    upgrade via""".split()
)
_FORBIDDEN_PREFIXES: Final = (b"proxy-", b"sec-", b"access-control-")

_VARY: Final = (b"vary", b"Access-Control-Request-Method, Access-Control-Request-Headers")


class Preflight(NamedTuple):
    """What a preflight is answered, and what of it is refused, for people; None when nothing is."""

    status: int
    headers: Headers
    complaint: str | None


def is_preflight(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request with the method OPTIONS is one."""
    return b"access-control-request-method" in headers


def cors_headers(origin: bytes) -> Headers:
    """What an answer to an allowed origin carries. Apps and `null` get no credentials: they bring a bearer token."""
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", b"x-request-id, retry-after"),
    ]
    if is_web_origin(origin):
        headers.append((b"access-control-allow-credentials", b"true"))
    return headers


def judge_preflight(headers: Mapping[bytes, bytes], rule: CrossSiteRule) -> Preflight:
    """Allow what an allowed origin asks for, within reason; the browser blocks a page that asked for more."""
    origin = headers.get(b"origin")
    if not rule.allows_origin(origin):
        shown = show_header(origin or b"(no Origin header)")
        return Preflight(403, [_VARY], f"The origin {shown} is not in GATEWAY_ALLOWED_ORIGINS")
    asked = _split(headers.get(b"access-control-request-headers", b""))
    echoed = [name for name in asked[:_NAMES_MAXIMUM] if _may_be_sent(name)]
    allowed = [
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", b", ".join(dict.fromkeys((*_ALWAYS_ALLOWED, *echoed)))),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        _VARY,
    ]
    return Preflight(204, allowed, _complain(headers[b"access-control-request-method"], asked, echoed))


def _split(names: bytes) -> list[bytes]:
    return list(dict.fromkeys(filter(None, (name.strip().lower() for name in names.split(b",")))))


def _may_be_sent(name: bytes) -> bool:
    return (
        _NAME_FORM.fullmatch(name) is not None
        and name not in _FORBIDDEN_NAMES
        and not name.startswith(_FORBIDDEN_PREFIXES)
    )


def _complain(method: bytes, asked: list[bytes], echoed: list[bytes]) -> str | None:
    if method not in _METHODS:
        return f"The method {show_header(method)} is not served"
    refused = [name for name in asked if name not in echoed]
    if refused:
        return f"Not every request header is allowed: {show_header(b', '.join(refused))}"
    return None
