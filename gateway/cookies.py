"""The session cookie: one name for each posture, and never readable by scripts."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from resolvers.sessions import ABSOLUTE_DAYS, hash_token

_LIFETIME = timedelta(days=ABSOLUTE_DAYS)
_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


class SessionCookie:
    """Reads and writes the cookie that carries the session token.

    Over https it is `__Host-session`: browsers take that name only with `Secure`, `Path=/` and no `Domain`.
    Both `Max-Age` and `Expires` tell its end: Java's CookieManager takes a cookie with `Max-Age` alone for one of
    RFC 2965, whose value it sends back in quotes, and the oldest clients know `Expires` only.
    """

    def __init__(self, *, is_secure: bool) -> None:
        self.name = "__Host-session" if is_secure else "session"
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
            return next((value for value in values if hash_token(value)), values[0])
        return values[0] if values else None

    def issue(self, token: str, now: datetime) -> bytes:
        """A `Set-Cookie` value that begins the session; the server ends it earlier when it is idle."""
        return self._write(
            token, int(_LIFETIME.total_seconds()), format_datetime(now + _LIFETIME, usegmt=True)
        )

    def clear(self) -> bytes:
        """A `Set-Cookie` value that takes the cookie away."""
        return self._write("", 0, _LONG_AGO)

    def _write(self, value: str, seconds: int, expires: str) -> bytes:
        return f"{self.name}={value}; Max-Age={seconds}; Expires={expires}{self._attributes}".encode()


def _value_of(pair: bytes) -> str:
    value = pair.partition(b"=")[2].decode("latin-1").rstrip()
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if is_quoted else value
