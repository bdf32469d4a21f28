"""Origins, as the browsers' `Origin` header names them and as an operator may list them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_WEB_FORM: Final = re.compile(
    r"(?P<site>(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\]))(?::(?P<port>[0-9]{1,5}|\*))?"
)
_APP_FORM: Final = re.compile(
    r"(?!(?:https?|wss?|ftp|data|blob|javascript):)[a-z][a-z0-9+.-]*://[a-z0-9._-]*"
)
_HOST_FORM: Final = re.compile(r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_OPAQUE: Final = "null"
_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Longer than a port: what may be a mobile or an ID number.
_LONG_NUMBER: Final = re.compile(r"[0-9]{6,}")
_IP_ADDRESS: Final = re.compile(r"[0-9.]+|\[.*\]")


@dataclass(frozen=True, slots=True)
class WebOrigin:
    """An origin of http or https, in lower case; `port` is `*` only where an operator lists it."""

    scheme: str
    host: str
    port: str

    def __str__(self) -> str:
        """As browsers write it: without the port that the scheme has anyway."""
        is_default = self.port == _DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if is_default else f":{self.port}")

    def is_served_by(self, host: str) -> bool:
        """Whether `host`, a Host header, names the same host and port."""
        match = _HOST_FORM.fullmatch(host.lower())
        return match is not None and (match["host"], match["port"] or _DEFAULT_PORTS[self.scheme]) == (
            self.host,
            self.port,
        )


def parse_web_origin(text: str) -> WebOrigin | None:
    """The origin of http or https that `text` names, in any case and with or without a default port."""
    match = _WEB_FORM.fullmatch(text.lower())
    if match is None:
        return None
    return WebOrigin(match["scheme"], match["host"], match["port"] or _DEFAULT_PORTS[match["scheme"]])


def normalize_listed_origin(text: str) -> str:
    """An entry of an operator's list as browsers write it.

    Raises:
        ValueError: it is no origin that may be listed.
    """
    lowered = text.lower()
    if lowered == _OPAQUE or _APP_FORM.fullmatch(lowered):
        return lowered
    origin = parse_web_origin(text)
    if origin is None and parse_web_origin(text.rstrip("/")):
        raise ValueError(f"{text!r}: an origin has no `/` at its end; write {text.rstrip('/')}")
    if origin is None:
        raise ValueError(
            f"{text!r} is no origin; write scheme://host or scheme://host:port, capacitor://localhost or null"
        )
    if origin.port == "*" and origin.host not in _LOOPBACK_HOSTS:
        raise ValueError(f"{text!r}: any port may be listed of localhost alone, such as http://localhost:*")
    return str(origin)


def has_any_port(listed: str) -> bool:
    """Whether an entry of the list names every port of this machine, which is for development only."""
    return listed.endswith(":*")


class AllowedOrigins:
    """The origins of other sites whose pages, or apps, may call."""

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed = frozenset(normalize_listed_origin(origin) for origin in listed)
        self._is_listed = lru_cache(maxsize=256)(self._find)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._listed)

    def __contains__(self, origin: bytes) -> bool:
        """Whether `origin`, an Origin header, is on the list."""
        return self._is_listed(origin)

    def _find(self, header: bytes) -> bool:
        text = header.decode("latin-1").lower()
        origin = parse_web_origin(text)
        if origin is None:
            return text in self._listed
        any_port = f"{origin.scheme}://{origin.host}:*"
        return origin.port != "*" and (str(origin) in self._listed or any_port in self._listed)


@lru_cache(maxsize=256)
def is_web_origin(header: bytes) -> bool:
    """Whether an Origin header names a page of http or https: an app's scheme, or `null`, does not."""
    return parse_web_origin(header.decode("latin-1")) is not None


@lru_cache(maxsize=256)
def is_own_origin(header: bytes, host: bytes) -> bool:
    """Whether an Origin header names what the Host header names. A default port is no difference."""
    origin = parse_web_origin(header.decode("latin-1"))
    return origin is not None and origin.is_served_by(host.decode("latin-1"))


@lru_cache(maxsize=256)
def is_surely_another_site(header: bytes, host: bytes) -> bool:
    """Whether the two cannot be one site, as far as that is known without the list of public suffixes.

    An address and a name never are (`127.0.0.1` and `localhost`), nor are two addresses, nor `localhost` and another.
    """
    origin = parse_web_origin(header.decode("latin-1"))
    match = _HOST_FORM.fullmatch(host.decode("latin-1").lower())
    if origin is None or match is None:
        return origin is None
    names = {origin.host, match["host"]}
    return len(names) == 2 and any(name == "localhost" or _IP_ADDRESS.fullmatch(name) for name in names)


def show_header(value: bytes) -> str:
    """A header's value as a log line and a developer may see it: at most 100 characters, long numbers as `…`."""
    return _LONG_NUMBER.sub("…", value.decode("latin-1"))[:100]
