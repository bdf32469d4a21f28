"""The places where a state store is tried, each with a namespace that nothing else uses."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import Table, delete, make_url, text

from adapters.redis_client import open_redis
from adapters.redis_state_store import RedisStateStore
from adapters.sql_state_store import SqlStateStore
from adapters.state_entry import Clock
from db.engine import Database
from db.tables import metadata, state_entries
from gateway.timeouts import Timeouts
from resolvers.ports import StateStore
from tests.time_limits import AMPLE


@dataclass(frozen=True, slots=True)
class StateBackend:
    """Where the entries are. Stores opened on equal backends share them, in whichever process."""

    kind: str
    url: str
    prefix: str = ""

    @asynccontextmanager
    async def open_store(self, clock: Clock, timeouts: Timeouts = AMPLE) -> AsyncIterator[StateStore]:
        if self.kind == "sql":
            database = Database(self.url, timeout_seconds=timeouts.database_seconds, durable=False)
            try:
                yield SqlStateStore(database, clock, timeout_seconds=timeouts.state_store_seconds)
            finally:
                await database.aclose()
        else:
            store = open_redis_store(self.url, clock, prefix=self.prefix, timeouts=timeouts)
            try:
                yield store
            finally:
                await store.aclose()

    async def prepare(self) -> None:
        """Make the table, empty; a prefix needs nothing."""
        if self.kind == "sql":
            await make_empty(self.url, state_entries)


def open_redis_store(
    url: str, clock: Clock, *, prefix: str, timeouts: Timeouts = AMPLE, maximum_connections: int = 20
) -> RedisStateStore:
    """A store on `url`, to be closed by its owner."""
    client = open_redis(
        url,
        node_seconds=timeouts.redis_node_seconds,
        sentinel_seconds=timeouts.redis_sentinel_seconds,
        maximum_connections=maximum_connections,
    )
    return RedisStateStore(
        client,
        clock,
        timeout_seconds=timeouts.state_store_seconds,
        prefix=prefix,
        maximum_concurrency=maximum_connections,
    )


async def make_empty(url: str, table: Table) -> None:
    """Make a table, or empty it; a busy server may take its time."""
    database = Database(url, timeout_seconds=AMPLE.database_seconds)
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[table])
        await connection.execute(delete(table))
    await database.aclose()


def redis_backend(url: str, prefix: str) -> StateBackend:
    """A namespace under `prefix` that no other test has."""
    return StateBackend("redis", url, f"{prefix}{secrets.token_hex(6)}:")


async def delete_keys(url: str, prefix: str) -> None:
    """Delete every key under `prefix` on a single server."""
    client: Any = Redis.from_url(url)
    async for key in client.scan_iter(match=f"{prefix}*", count=1000):
        await client.delete(key)
    await client.aclose()


def server_url(variable: str) -> str:
    """The server that the environment names, or skip."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set")
    return url


async def create_database(url: str, name: str) -> str:
    """Make a database on the server of `url` and give its URL."""
    await _administer(url, f"CREATE DATABASE {name}")
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def drop_database(url: str, name: str) -> None:
    force = " WITH (FORCE)" if url.startswith("postgres") else ""
    await _administer(url, f"DROP DATABASE IF EXISTS {name}{force}")


async def _administer(url: str, statement: str) -> None:
    database = Database(url, timeout_seconds=AMPLE.database_seconds)
    async with database.engine.connect() as connection:
        # PostgreSQL makes no database in a transaction.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(statement))
    await database.aclose()
