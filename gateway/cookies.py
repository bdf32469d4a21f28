"""The cookies: of the session and of the device, one name for each posture, and never readable by scripts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

from resolvers.devices import KNOWN_DAYS, hash_device_token
from resolvers.sessions import ABSOLUTE_DAYS, hash_token

_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


class TokenCookie:
    """Reads and writes a cookie that carries a token; `hash_token` gives None for what can be none of ours.

    Over https it is `__Host-…`: browsers take such a name only with `Secure`, `Path=/` and no `Domain`.
    Both `Max-Age` and `Expires` tell its end: Java's CookieManager takes a cookie with `Max-Age` alone for one of
    RFC 2965, whose value it sends back in quotes, and the oldest clients know `Expires` only.
    """

    def __init__(
        self, name: str, *, days: int, hash_token: Callable[[str], str | None], is_secure: bool
    ) -> None:
        self.name = f"__Host-{name}" if is_secure else name
        self._lifetime = timedelta(days=days)
        self._hash_token = hash_token
        self._prefix = f"{self.name}=".encode()
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    def read(self, header: bytes) -> str | None:
        """The token in a `Cookie` header, in quotes or not; of several the first that can be one of ours.

        A semicolon ends a value also in quotes, as browsers have it, so that no other cookie can swallow ours.
        """
        if header.startswith(self._prefix) and b";" not in header:
            return _value_of(header)
        pairs = (part.strip() for part in header.split(b";"))
        values = [_value_of(pair) for pair in pairs if pair.startswith(self._prefix)]
        if len(values) > 1:
            return next((value for value in values if self._hash_token(value)), values[0])
        return values[0] if values else None

    def issue(self, token: str, now: datetime) -> bytes:
        """A `Set-Cookie` value that keeps the token; the server may forget it earlier."""
        lifetime = self._lifetime
        return self._write(token, int(lifetime.total_seconds()), format_datetime(now + lifetime, usegmt=True))

    def clear(self) -> bytes:
        """A `Set-Cookie` value that takes the cookie away."""
        return self._write("", 0, _LONG_AGO)

    def _write(self, value: str, seconds: int, expires: str) -> bytes:
        return f"{self.name}={value}; Max-Age={seconds}; Expires={expires}{self._attributes}".encode()


class Cookies(NamedTuple):
    """The cookies of one posture."""

    session: TokenCookie
    device: TokenCookie


def make_cookies(*, is_secure: bool) -> Cookies:
    """The cookies for https alone, or for http too."""
    return Cookies(
        TokenCookie("session", days=ABSOLUTE_DAYS, hash_token=hash_token, is_secure=is_secure),
        TokenCookie("device", days=KNOWN_DAYS, hash_token=hash_device_token, is_secure=is_secure),
    )


def _value_of(pair: bytes) -> str:
    value = pair.partition(b"=")[2].decode("latin-1").rstrip()
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value
