"""The session cookie: one name for each posture, and never readable by scripts."""

from resolvers.sessions import ABSOLUTE_DAYS

_DAY_SECONDS = 86_400


class SessionCookie:
    """Reads and writes the cookie that carries the session token.

    Over https it is `__Host-session`: browsers take that name only with `Secure`, `Path=/` and no `Domain`.
    """

    def __init__(self, *, is_secure: bool) -> None:
        self.name = "__Host-session" if is_secure else "session"
        self._prefix = f"{self.name}=".encode()
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    def read(self, header: bytes) -> str | None:
        """The token in a `Cookie` header; the first one counts."""
        if header.startswith(self._prefix) and b";" not in header:
            return header[len(self._prefix) :].decode("latin-1").rstrip()
        for part in header.split(b";"):
            pair = part.strip()
            if pair.startswith(self._prefix):
                return pair[len(self._prefix) :].decode("latin-1")
        return None

    def issue(self, token: str) -> bytes:
        """A `Set-Cookie` value that begins the session; the server ends it earlier when it is idle."""
        return f"{self.name}={token}; Max-Age={ABSOLUTE_DAYS * _DAY_SECONDS}{self._attributes}".encode()

    def clear(self) -> bytes:
        """A `Set-Cookie` value that takes the cookie away."""
        return f"{self.name}=; Max-Age=0{self._attributes}".encode()
