"""Sessions: opaque tokens, of which only the hash is kept; renewed while used, revoked at once."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from db import sessions
from db.engine import Connection
from db.sessions import SessionRow

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


def hash_token(token: str) -> str | None:
    """What is kept of `token`; None where it cannot be one of ours, so that nothing is looked up."""
    return sha256(token.encode()).hexdigest() if _TOKEN_FORM.fullmatch(token) else None


async def begin_session(connection: Connection, *, account_id: int, now: datetime) -> IssuedSession:
    """A fresh session for the account; never a token that a client brought. Beyond 50 live ones the oldest end.

    Who holds the account's row keeps to that also when many begin at once.
    """
    await sessions.delete_oldest_sessions(connection, account_id, now, kept=MAXIMUM_LIVE - 1)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    expires_at = now + timedelta(days=IDLE_DAYS)
    await sessions.insert_session(
        connection,
        token_hash=sha256(token.encode()).hexdigest(),
        account_id=account_id,
        created_at=now,
        expires_at=expires_at,
    )
    return IssuedSession(token=token, expires_at=expires_at)


def is_due_for_renewal(session: SessionRow, now: datetime) -> bool:
    """Whether the session was last renewed over an hour ago."""
    return now - session.last_used_at >= _RENEWAL


def renewed_expiry(session: SessionRow, now: datetime) -> datetime:
    """The idle end from `now` on, at most the absolute end."""
    return min(now + timedelta(days=IDLE_DAYS), session.created_at + timedelta(days=ABSOLUTE_DAYS))
