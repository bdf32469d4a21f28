"""Which URLs an SMS vendor may have; apart from the HTTP client, which settings need not load."""

from urllib.parse import urlsplit

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def check_vendor_url(url: str) -> None:
    """Refuse a URL over which codes would travel in the clear.

    Raises:
        ValueError: unless it is `https://`, or `http://` to this machine.
    """
    parsed = urlsplit(url)
    is_safe = parsed.scheme == "https" or (parsed.scheme == "http" and parsed.hostname in _LOOPBACK)
    if not (is_safe and parsed.hostname):
        raise ValueError("the URL of an SMS vendor begins with https://")
