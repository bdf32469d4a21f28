"""The cross-site rule: another site's page may not change state with our visitor's cookie.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`), so no token is needed; a request with neither
header comes from no browser and passes. Source: Fetch Metadata Request Headers, W3C; the Origin header, RFC 6454.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

_OWN_SITES = frozenset({b"same-origin", b"none"})


class CrossSiteRule:
    """Judges the headers of one state-changing request."""

    def __init__(self, allowed_origins: Iterable[str]) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed_origins)

    @property
    def has_allowed_origins(self) -> bool:
        """Whether any other site's pages may call."""
        return bool(self._allowed)

    def allows_origin(self, origin: bytes | None) -> bool:
        """Whether `origin` is on the list."""
        return origin is not None and origin.lower() in self._allowed

    def find_offence(self, *, site: bytes | None, origin: bytes | None, host: bytes | None) -> str | None:
        """What forbids the request, in words that name the header; None when it may pass."""
        if origin is not None and self.allows_origin(origin):
            return None
        if site is not None:
            return None if site.lower() in _OWN_SITES else _offence("Sec-Fetch-Site", site, origin)
        if origin is None or _host_of(origin) == (host or b"").lower():
            return None
        return _offence("Origin", origin, origin)


def _host_of(origin: bytes) -> bytes | None:
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower().encode("latin-1") or None
    except ValueError:
        return None


def _offence(header: str, value: bytes, origin: bytes | None) -> str:
    shown = value.decode("latin-1")[:100]
    asked = (origin or b"(no Origin header)").decode("latin-1")[:100]
    return (
        f"{header}: {shown} says that another site's page sent this, and its origin {asked} is not in "
        "GATEWAY_ALLOWED_ORIGINS"
    )
