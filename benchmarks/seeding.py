"""The data that all servers answer from: accounts and a session for each, with tokens that are known here."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
from argon2 import PasswordHasher
from redis import Redis

from benchmarks.backing import Backing
from benchmarks.processes import BenchmarkError, clean_environment
from resolvers.passwords import make_hasher

ACCOUNTS = 10_000
PASSWORD = "benchmark password"
CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
# All numbers have the same length, and so have all answers.
FIRST_ID = 1_000_000
_BATCH = 100_000

# What the embedded database is filled with, as the statements below fill PostgreSQL.
_EMBEDDED_ACCOUNT = """INSERT INTO accounts (id, public_id, mobile, name, name_key, password_hash, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?)"""
_EMBEDDED_SESSION = """INSERT INTO sessions (token_hash, account_id, created_at, last_used_at, expires_at)
VALUES (?, ?, ?, ?, ?)"""
_EMBEDDED_TIME = "%Y-%m-%d %H:%M:%S.%f"

_ACCOUNTS_SQL = """
INSERT INTO accounts (id, public_id, mobile, name, name_key, password_hash, created_at)
SELECT 1000000 + i, (1000000 + i)::text, '+86139' || lpad(i::text, 8, '0'), 'person ' || lpad(i::text, 8, '0'),
       'person ' || lpad(i::text, 8, '0'), $3, $4 FROM generate_series($1::int, $2::int) AS i
"""
_SESSIONS_SQL = """
INSERT INTO sessions (token_hash, account_id, created_at, last_used_at, expires_at)
SELECT encode(sha256(convert_to('benchmark-session-' || lpad(i::text, 25, '0'), 'UTF8')), 'hex'),
       1000000 + i, now(), now(), now() + interval '7 days' FROM generate_series($1::int, $2::int) AS i
"""


def token(number: int) -> str:
    """The session token of account `number`, counted from 1."""
    return f"benchmark-session-{number:025d}"


def mobile(number: int) -> str:
    """The mobile of account `number`."""
    return f"+86139{number:08d}"


def viewer(number: int) -> dict[str, object]:
    """What `me` says of account `number`; times are compared as instants."""
    return {
        "id": str(FIRST_ID + number),
        "mobile": mobile(number),
        "name": f"person {number:08d}",
        "avatarUrl": None,
        "createdAt": CREATED_AT,
    }


def migrate(environment: dict[str, str], folder: Path) -> None:
    """Make the gateway's tables with its own command."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "migrate"],
        cwd=folder,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"migrate failed: {done.stderr.strip() or done.stdout.strip()}")


def seed(backing: Backing, accounts: int = ACCOUNTS) -> None:
    """Fill the tables up to `accounts` accounts, and Redis with the peers' sessions of the first ones."""
    asyncio.run(_fill(backing.database_url, accounts))
    with Redis(host="127.0.0.1", port=backing.redis_port) as redis, redis.pipeline(transaction=False) as pipe:
        for number in range(1, min(accounts, ACCOUNTS) + 1):
            pipe.set(f"session:{token(number)}", FIRST_ID + number)
        pipe.execute()


def seed_embedded(database: Path, accounts: int = ACCOUNTS) -> None:
    """Fill an SQLite file with the same accounts and sessions."""
    password_hash, now = hasher().hash(PASSWORD), datetime.now(UTC)
    created, begun, ends = (at.strftime(_EMBEDDED_TIME) for at in (CREATED_AT, now, now + timedelta(days=7)))
    numbers = range(1, accounts + 1)
    with closing(sqlite3.connect(database)) as connection, connection:
        names = [(FIRST_ID + n, mobile(n), f"person {n:08d}") for n in numbers]
        rows = [
            (number, str(number), its_mobile, name, name, password_hash, created)
            for number, its_mobile, name in names
        ]
        connection.executemany(_EMBEDDED_ACCOUNT, rows)
        hashes = [(sha256(token(n).encode()).hexdigest(), FIRST_ID + n, begun, begun, ends) for n in numbers]
        connection.executemany(_EMBEDDED_SESSION, hashes)


def hasher() -> PasswordHasher:
    """Hashes as the gateway does by default."""
    return make_hasher(memory_kib=19456, passes=2, lanes=1)


async def _fill(url: str, accounts: int) -> None:
    password_hash = hasher().hash(PASSWORD)
    connection = await asyncpg.connect(url)
    try:
        done = await connection.fetchval("SELECT count(*) FROM accounts")
        for first in range(done + 1, accounts + 1, _BATCH):
            last = min(first + _BATCH - 1, accounts)
            await connection.execute(_ACCOUNTS_SQL, first, last, password_hash, CREATED_AT)
            await connection.execute(_SESSIONS_SQL, first, last)
        await connection.execute(
            "SELECT setval(pg_get_serial_sequence('accounts', 'id'), (SELECT max(id) FROM accounts))"
        )
        await connection.execute("VACUUM ANALYZE accounts")
        await connection.execute("VACUUM ANALYZE sessions")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
