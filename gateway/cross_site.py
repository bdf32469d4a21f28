"""The cross-site rule: another site's page may not change state with our visitor's cookie.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`), so no token is needed; a request with neither
header comes from no browser and passes. Source: Fetch Metadata Request Headers, W3C; the Origin header, RFC 6454.
"""

from collections.abc import Iterable, Mapping

from gateway.origins import AllowedOrigins, is_own_origin, is_surely_another_site, is_web_origin, show_header

_OWN_SITES = frozenset({b"same-origin", b"none"})
_OTHER_SITE = b"cross-site"


class CrossSiteRule:
    """Judges the headers of one state-changing request."""

    def __init__(self, allowed_origins: Iterable[str]) -> None:
        self._allowed = AllowedOrigins(allowed_origins)

    @property
    def has_allowed_origins(self) -> bool:
        """Whether any other site's pages may call."""
        return bool(self._allowed)

    def allows_origin(self, origin: bytes | None) -> bool:
        """Whether `origin` is on the list."""
        return origin is not None and origin in self._allowed

    def find_offence(self, *, site: bytes | None, origin: bytes | None, host: bytes | None) -> str | None:
        """What forbids the request, in words that name the header; None when it may pass."""
        if origin is not None and self.allows_origin(origin):
            return None
        if site is not None:
            return None if _is_own(site) else _offence_of_site(site, origin)
        if origin is None or is_own_origin(origin, host or b""):
            return None
        return _offence_of_origin(origin, host)


def cannot_be_forged(
    headers: Mapping[bytes, bytes],
    *,
    is_read: bool,
    has_bearer_token: bool,
    has_session: bool,
    has_device: bool,
) -> bool:
    """Whether no page can have sent this for its visitor, whatever the headers say of where it comes from.

    A page cannot add an `Authorization` header to a request to another site without a preflight, and every browser
    names the origin of what a page posts: `cross-site` without one comes from an app (WeChat on desktops). With a
    session's cookie neither holds, for the browser adds it by itself. A device's cookie signs nobody in, and stays with
    an app whose session has ended; but a page shall not use up its guesses. What a page shows or links to
    (`<img src>`) is read without an origin too: it is told by its mode.
    """
    if has_session:
        return False
    if has_bearer_token and not has_device:
        return True
    is_without_origin = (
        b"origin" not in headers and headers.get(b"sec-fetch-site", b"").lower() == _OTHER_SITE
    )
    return is_without_origin and not (is_read and headers.get(b"sec-fetch-mode", b"cors").lower() != b"cors")


def takes_cookies(*, site: bytes | None, origin: bytes | None) -> bool:
    """Whether our cookies count. From an app's origin, or from `null`, which any page can take on, they do not.

    A page of our own that keeps its origin to itself is told by `Sec-Fetch-Site`.
    """
    return origin is None or is_web_origin(origin) or (site is not None and _is_own(site))


def describe_lost_cookie(headers: Mapping[bytes, bytes]) -> str | None:
    """What to say where a browser throws the answer's cookie away, which is `SameSite=Lax`; None where it does not."""
    site, origin, host = (headers.get(name) for name in (b"sec-fetch-site", b"origin", b"host"))
    if not _is_from_another_site(site, origin, host or b""):
        return None
    page, here = (show_header(value or b"another site") for value in (origin, host))
    return (
        f"The browser throws this session's cookie away: the page ({page}) and the gateway ({here}) are two sites. "
        "Call the gateway by the page's own host name (localhost and 127.0.0.1 are two), through a proxy of the page's "
        "server, or ask for the token in the body and send it as `Authorization: Bearer`."
    )


def _is_from_another_site(site: bytes | None, origin: bytes | None, host: bytes) -> bool:
    if site is not None:
        return site.lower() == _OTHER_SITE
    return origin is not None and is_surely_another_site(origin, host)


def _is_own(site: bytes) -> bool:
    return site.lower() in _OWN_SITES


def _offence_of_site(site: bytes, origin: bytes | None) -> str:
    asked = show_header(origin or b"(no Origin header)")
    return (
        f"Sec-Fetch-Site: {show_header(site)} says that another site's page sent this, and its origin {asked} is not "
        "in GATEWAY_ALLOWED_ORIGINS"
    )


def _offence_of_origin(origin: bytes, host: bytes | None) -> str:
    return (
        f"Origin: {show_header(origin)} is neither this service, which the request calls Host: "
        f"{show_header(host or b'(none)')}, nor in GATEWAY_ALLOWED_ORIGINS; a proxy has to hand on the Host that the "
        "browser sent, with its port"
    )
