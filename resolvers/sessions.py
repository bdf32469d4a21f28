"""Sessions: opaque tokens, of which only the hash is kept; renewed while used, revoked at once."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from db import sessions
from db.engine import Connection
from db.sessions import NewSession, SessionRow
from resolvers.auth_methods import AuthMethod
from resolvers.errors import unauthenticated

IDLE_DAYS = 7
ABSOLUTE_DAYS = 30
RENEWAL_SECONDS = 3600
MAXIMUM_LIVE = 50

_RENEWAL = timedelta(seconds=RENEWAL_SECONDS)

_TOKEN_BYTES = 32
_TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A session that has just begun. The token is known here and to the client, nowhere else."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Authentication:
    """A proof of who somebody is: how, when and from where it was given."""

    method: AuthMethod
    at: datetime
    user_agent: str = ""
    address: str = ""


def hash_token(token: str) -> str | None:
    """What is kept of `token`; None where it cannot be one of ours, so that nothing is looked up."""
    return sha256(token.encode()).hexdigest() if _TOKEN_FORM.fullmatch(token) else None


async def begin_session(
    connection: Connection, *, account_id: int, authentication: Authentication
) -> IssuedSession:
    """A fresh session for the account; never a token that a client brought. Beyond 50 live ones the oldest end.

    Who holds the account's row keeps to that also when many begin at once.
    """
    now = authentication.at
    await sessions.delete_oldest_sessions(connection, account_id, now, kept=MAXIMUM_LIVE - 1)
    token, token_hash = _make_token()
    expires_at = now + timedelta(days=IDLE_DAYS)
    await sessions.insert_session(
        connection,
        NewSession(
            token_hash=token_hash,
            public_id=make_public_id(),
            account_id=account_id,
            created_at=now,
            expires_at=expires_at,
            method=authentication.method,
            user_agent=authentication.user_agent[:200],
            address=authentication.address[:64],
        ),
    )
    return IssuedSession(token=token, expires_at=expires_at)


async def exchange_token(
    connection: Connection, token: str | None, authentication: Authentication | None
) -> IssuedSession:
    """A fresh token for the session of `token`; the old one is void.

    `authentication` is how its owner has just proved again to be it, or None where nothing was proved: then the last
    proof still counts, and no longer than before. The session keeps its id and its end. After the commit
    the caller tells the client by `Context.start_session`.

    Raises:
        RefusedError: UNAUTHENTICATED; the session has ended, or another request has exchanged the token.
    """
    old_hash = hash_token(token) if token else None
    fresh, fresh_hash = _make_token()
    expires_at = old_hash and await sessions.replace_token(
        connection,
        old_hash,
        fresh_hash,
        proof=None if authentication is None else (authentication.at, authentication.method),
    )
    if not expires_at:
        raise unauthenticated()
    return IssuedSession(token=fresh, expires_at=expires_at)


def make_public_id() -> str:
    """A name that may be shown and tells nothing: 128 random bits, hex."""
    return secrets.token_hex(16)


def _make_token() -> tuple[str, str]:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return token, sha256(token.encode()).hexdigest()


def is_due_for_renewal(session: SessionRow, now: datetime) -> bool:
    """Whether the session was last renewed over an hour ago."""
    return now - session.last_used_at >= _RENEWAL


def renewed_expiry(session: SessionRow, now: datetime) -> datetime:
    """The idle end from `now` on, at most the absolute end."""
    return min(now + timedelta(days=IDLE_DAYS), session.created_at + timedelta(days=ABSOLUTE_DAYS))
