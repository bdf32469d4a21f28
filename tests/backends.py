"""Where the behaviour tests keep their state: SQLite, or the servers that `TEST_BACKEND` names.

`postgresql+redis` and `mariadb` need the URLs of the servers, as the contract tests do. Every worker has a database
and a Redis prefix of its own.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import delete, select

from db.database_url import sqlite_url
from db.engine import Database
from db.migrations import migrate
from db.tables import metadata
from tests.contracts.state_backends import create_database, delete_keys, drop_database, server_url

BACKEND = os.environ.get("TEST_BACKEND", "sqlite")

# What is counted or logged on the way is no change of anybody's account.
_RECORDS = ("accounts", "credentials", "sessions", "identities")


@dataclass(frozen=True, slots=True)
class Backend:
    """One worker's place. `template` is a migrated SQLite file, to be copied for each test."""

    name: str
    url: str = ""
    template: Path | None = None
    redis_url: str | None = None
    redis_prefix: str = ""

    def fresh_url(self, directory: Path) -> str:
        """An empty, migrated database for one test."""
        if self.template is None:
            asyncio.run(_delete_all_rows(self.url))
            return self.url
        path = directory / "gateway.db"
        shutil.copy(self.template, path)
        return sqlite_url(path)

    def fresh_prefix(self) -> str:
        """A Redis prefix for one test."""
        return f"{self.redis_prefix}{secrets.token_hex(6)}:"


@contextmanager
def open_backend(directory: Path) -> Iterator[Backend]:
    """The place that `TEST_BACKEND` names, for one worker; dropped at the end."""
    match BACKEND:
        case "sqlite":
            template = directory / "template.db"
            asyncio.run(_migrate(sqlite_url(template)))
            yield Backend("sqlite", template=template)
        case "postgresql+redis":
            redis_url, prefix = server_url("TEST_REDIS_URL"), f"ag-doors-{secrets.token_hex(6)}:"
            with _own_database("TEST_POSTGRES_URL") as url:
                yield Backend(BACKEND, url, redis_url=redis_url, redis_prefix=prefix)
            asyncio.run(delete_keys(redis_url, prefix))
        case "mariadb":
            with _own_database("TEST_MYSQL_URL") as url:
                yield Backend(BACKEND, url)
        case _:
            raise ValueError(f"TEST_BACKEND={BACKEND} is not known: sqlite, postgresql+redis or mariadb")


async def read_records(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that says something about an account, by table."""
    async with database.reading() as connection:
        return {
            name: sorted(tuple(row) for row in await connection.execute(select(metadata.tables[name])))
            for name in _RECORDS
        }


async def read_redis_values(url: str, prefix: str) -> list[bytes]:
    """Every key and value under `prefix`."""
    client: Any = Redis.from_url(url)
    found = []
    async for key in client.scan_iter(match=f"{prefix}*", count=1000):
        found += [key, await client.get(key) or b""]
    await client.aclose()
    return found


@contextmanager
def _own_database(variable: str) -> Iterator[str]:
    server, name = server_url(variable), f"ag_doors_{secrets.token_hex(6)}"
    url = asyncio.run(create_database(server, name))
    try:
        asyncio.run(_migrate(url))
        yield url
    finally:
        asyncio.run(drop_database(server, name))


async def _migrate(url: str) -> None:
    database = Database(url, timeout_seconds=60)
    try:
        await migrate(database)
    finally:
        await database.aclose()


async def _delete_all_rows(url: str) -> None:
    database = Database(url, timeout_seconds=60)
    try:
        async with database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                await connection.execute(delete(table))
    finally:
        await database.aclose()
