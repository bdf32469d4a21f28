"""The one read that almost every request makes: which of these sessions are alive, and whose they are."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, String, any_, bindparam, select
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from db.accounts import AccountRow
from db.engine import DatabaseUnavailableError
from db.failures import explain
from db.sessions import SessionRow
from db.tables import accounts, sessions

# When a session ends is compared here and not in the statement: nearly all are alive, and PostgreSQL, given that
# condition, walks the index on the ends of all sessions where it should look up the ones that are asked for.
_LIVE = (
    select(
        sessions.c.token_hash,
        sessions.c.created_at,
        sessions.c.last_used_at,
        accounts.c.id,
        accounts.c.public_id,
        accounts.c.mobile,
        accounts.c.name,
        accounts.c.avatar_key,
        accounts.c.created_at,
        sessions.c.expires_at,
    )
    .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
    .where(accounts.c.locked_at.is_(None))
)

# A statement with an expanding parameter is compiled once and serves every batch size.
_AMONG = _LIVE.where(sessions.c.token_hash.in_(bindparam("token_hashes", expanding=True)))

_DIALECT: Dialect = registry.load("postgresql.asyncpg")()

# The same for asyncpg itself, with one array for all hashes.
_AMONG_SQL = str(
    _LIVE.where(sessions.c.token_hash == any_(bindparam("token_hashes", type_=ARRAY(String)))).compile(
        dialect=_DIALECT
    )
)


async def list_live_sessions(
    connection: AsyncConnection, token_hashes: Collection[str], now: datetime
) -> list[SessionRow]:
    """The sessions among `token_hashes` that are alive at `now`, of accounts that are not locked."""
    hashes = list(token_hashes)
    if connection.dialect.driver == "asyncpg":
        rows: Sequence[Any] = await _ask_asyncpg(connection, hashes)
    else:
        # A power of two of them, the last one repeated: so few different statements need preparing, not one a size.
        padded = hashes + hashes[-1:] * ((1 << (len(hashes) - 1).bit_length()) - len(hashes))
        rows = (await connection.execute(_AMONG, {"token_hashes": padded})).all()
    # Of an account that is locked there is no row here.
    return [
        SessionRow(
            row[0],
            row[1],
            row[2],
            AccountRow(row[3], row[4], row[5], row[6], row[7], row[8], locked_at=None),
        )
        for row in rows
        if row[9] > now
    ]


async def _ask_asyncpg(connection: AsyncConnection, token_hashes: list[str]) -> Sequence[Any]:
    """Past SQLAlchemy's cursor and greenlet, which cost more than the read itself (`benchmarks/`)."""
    lent = connection.sync_connection
    if lent is None or lent.invalidated:
        raise DatabaseUnavailableError("the connection was dropped")
    driver: Any = lent.connection.driver_connection
    try:
        rows: Sequence[Any] = await driver.fetch(_AMONG_SQL, token_hashes)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailableError(explain(error)) from error
    return rows
