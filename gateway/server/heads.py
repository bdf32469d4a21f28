"""What a request's head says: which targets are served, and how a body may be framed."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import httptools

_REMEMBERED_TARGET_BYTES: Final = 128
_SCHEMES: Final = frozenset({b"http", b"https"})


class RefusedError(Exception):
    """Stops the parser. A request is refused with `status`."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Target(NamedTuple):
    """A request's target: the path as text and as it came, the query, and the host of an absolute one."""

    path: str
    raw_path: bytes
    query: bytes
    authority: bytes | None


def _split_target(url: bytes, method: bytes) -> Target:
    """See RFC 9112, 3.2, for the forms: `/path?query`, `http://host/path?query` as for a proxy, and `*`.

    Raises:
        RefusedError: it has none of these forms.
    """
    try:
        # Its annotations do not say what may be None.
        parsed: Any = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise RefusedError(HTTPStatus.BAD_REQUEST) from None
    raw_path, authority = parsed.path, None
    if parsed.schema is not None:
        if parsed.schema.lower() not in _SCHEMES or parsed.userinfo is not None:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        authority = url.split(b"/", 3)[2].split(b"?", 1)[0].split(b"#", 1)[0]
        # Without a path it means the root, and for OPTIONS the server itself (RFC 9112, 3.2.4).
        raw_path = raw_path or (b"*" if method == b"OPTIONS" and b"?" not in url else b"/")
    if raw_path[:1] != b"/" and (raw_path, method) != (b"*", b"OPTIONS"):
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    path = raw_path.decode("ascii")
    return Target(unquote(path) if "%" in path else path, raw_path, parsed.query or b"", authority)


# Nearly all requests have one of a few; only short ones without a query are kept.
_split_plain_target = lru_cache(maxsize=256)(_split_target)


def split_target(url: bytes, method: bytes) -> Target:
    """See `_split_target`."""
    is_usual = len(url) <= _REMEMBERED_TARGET_BYTES and b"?" not in url
    return _split_plain_target(url, method) if is_usual else _split_target(url, method)


def check_transfer_coding(headers: list[tuple[bytes, bytes]], version: str) -> None:
    """Refuse all but `chunked`: what else is meant is not undone here, and HTTP/1.0 has none (RFC 9112, 6.1).

    The parser takes more, and tells of other faults only when the application has been asked already.

    Raises:
        RefusedError: the body cannot be read.
    """
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if not codings:
        return
    if version == "1.0":
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    if len(codings) > 1 or codings[0].lower() != b"chunked":
        raise RefusedError(HTTPStatus.NOT_IMPLEMENTED)


def name_host(headers: list[tuple[bytes, bytes]], authority: bytes) -> list[tuple[bytes, bytes]]:
    """With the host of an absolute target in the place of the one `Host`, which is ignored (RFC 9112, 3.2.2).

    A missing or doubled one is left, to be refused.
    """
    if [name for name, _ in headers].count(b"host") != 1:
        return headers
    return [(name, authority if name == b"host" else value) for name, value in headers]
