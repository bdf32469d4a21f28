"""Which media type the answer has, by the `Accept` header.

Source: RFC 9110, section 12.5.1, and the GraphQL-over-HTTP specification, section "Body".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import refuse

CACHED_HEADER_BYTES: Final = 200
READ_HEADER_BYTES: Final = 2_000
"""What is read of an `Accept` header: nobody needs more, and 16 KiB of commas take long."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A form of the answer, with the headers that go with it."""

    name: str
    is_legacy: bool
    """`application/json`: a well-formed request is answered with 200 whatever became of it."""
    headers: tuple[tuple[bytes, bytes], ...]


def _media_type(name: str, *, is_legacy: bool) -> MediaType:
    content_type = f"{name}; charset=utf-8".encode()
    headers = ((b"content-type", content_type), (b"cache-control", b"no-store"), (b"vary", b"accept"))
    return MediaType(name, is_legacy, headers)


GRAPHQL_RESPONSE: Final = _media_type("application/graphql-response+json", is_legacy=False)
LEGACY_JSON: Final = _media_type("application/json", is_legacy=True)


class AcceptRange(NamedTuple):
    """One member of an `Accept` header. `position` is its place in the header, from 0."""

    name: str
    quality: float
    position: int


def negotiate(accept: bytes) -> MediaType:
    """Choose the media type that the client likes best; without a header, or for `*/*`, `application/json`.

    Raises:
        RequestRefusedError: 406, when neither form is acceptable.
    """
    chosen = _choose_cached(accept) if len(accept) <= CACHED_HEADER_BYTES else _choose(accept)
    if chosen is None:
        message = f"The answer can be {GRAPHQL_RESPONSE.name} or {LEGACY_JSON.name}; the Accept header allows neither."
        raise refuse(EndpointErrorCode.NOT_ACCEPTABLE, message, status=406)
    return chosen


def prefers_html(accept: bytes) -> bool:
    """Tell whether this is a browser that opens a page: it names `text/html`, and likes no JSON better."""
    ranges = parse_accept(accept)
    html = max((r.quality for r in ranges if r.name == "text/html"), default=0.0)
    json = max(
        (r.quality for r in ranges if r.name in {GRAPHQL_RESPONSE.name, LEGACY_JSON.name}), default=0.0
    )
    return html > json


def parse_accept(accept: bytes) -> list[AcceptRange]:
    """Read the header; what cannot be read is left out, and so is a charset that is not UTF-8."""
    ranges = []
    for position, member in enumerate(accept[:READ_HEADER_BYTES].decode("latin-1").lower().split(",")):
        name, *parameters = (part.strip() for part in member.split(";"))
        quality = _quality_of(parameters)
        if name and quality is not None:
            ranges.append(AcceptRange(name, quality, position))
    return ranges


def _quality_of(parameters: list[str]) -> float | None:
    """The weight of a range from 0 to 1, or None when it cannot be served."""
    quality = 1.0
    for parameter in parameters:
        key, _, value = (part.strip() for part in parameter.partition("="))
        if key == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return None
        if key == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
    return quality if 0.0 <= quality <= 1.0 else None


def _choose(accept: bytes) -> MediaType | None:
    if not accept.strip():
        return LEGACY_JSON
    ranges = parse_accept(accept)
    ranked = [(_rank(ranges, media), media) for media in (LEGACY_JSON, GRAPHQL_RESPONSE)]
    rank, media = max(ranked, key=lambda pair: pair[0])
    return media if rank[0] > 0 else None


def _rank(ranges: list[AcceptRange], media: MediaType) -> tuple[float, int, int]:
    """How well `media` is liked: by weight, then by being named rather than covered by `*`, then by its place."""
    for specificity, pattern in ((2, media.name), (1, "application/*"), (0, "*/*")):
        matching = [r for r in ranges if r.name == pattern]
        if matching:
            best = max(matching, key=lambda r: r.quality)
            return best.quality, specificity, -best.position
    return 0.0, 0, 0


_choose_cached = lru_cache(maxsize=512)(_choose)
