"""What a driver stumbles over where its connection is closed under a call is an outage; our own mistakes are not."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from db.engine import Connection, Database, DatabaseUnavailableError, StandingReader
from resolvers.outages import Outage

pytestmark = pytest.mark.anyio

Use = Callable[[Database, Callable[[Connection], Awaitable[object]]], Awaitable[object]]

STUMBLES = [
    RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
    AttributeError("'NoneType' object has no attribute 'write'"),
    IndexError("pop from an empty deque"),
    KeyError("10.0.0.1:5432"),
    asyncio.InvalidStateError("the reply is there already"),
    asyncio.IncompleteReadError(b"", 4),
    struct.error("unpack requires a buffer of 4 bytes"),
]


@pytest.fixture
def outage() -> Outage:
    return Outage("database")


@pytest.fixture
async def database(empty_database_url: str, outage: Outage) -> AsyncIterator[Database]:
    database = Database(empty_database_url, timeout_seconds=60, pool_size=1, watcher=outage)
    yield database
    await database.aclose()


async def read(database: Database, query: Callable[[Connection], Awaitable[object]]) -> object:
    async with database.reading() as connection:
        return await query(connection)


async def write(database: Database, query: Callable[[Connection], Awaitable[object]]) -> object:
    async with database.writing() as connection:
        return await query(connection)


async def report(database: Database, query: Callable[[Connection], Awaitable[object]]) -> object:
    async with database.reporting() as connection:
        return await query(connection)


async def read_standing(database: Database, query: Callable[[Connection], Awaitable[object]]) -> object:
    reader = StandingReader(database)
    try:
        return await reader.read(query)
    finally:
        await reader.aclose()


EVERY_USE = pytest.mark.parametrize("use", [read, write, report, read_standing])


async def select_one(connection: Connection) -> object:
    return await connection.scalar(text("SELECT 1"))


@EVERY_USE
async def test_driver_that_stumbles_is_an_outage(database: Database, outage: Outage, use: Use) -> None:
    for error in STUMBLES:

        def stumble(*_: Any, error: Exception = error) -> None:  # noqa: ANN401 - SQLAlchemy's event
            raise error

        event.listen(database.engine.sync_engine, "do_execute", stumble)
        with pytest.raises(DatabaseUnavailableError, match=type(error).__name__):
            await use(database, select_one)
        event.remove(database.engine.sync_engine, "do_execute", stumble)

        assert await use(database, select_one) == 1
    assert outage.is_on


@EVERY_USE
async def test_connection_closed_under_a_call_is_an_outage(
    database: Database, outage: Outage, use: Use
) -> None:
    """Its socket is closed by this side, as when another call gave the connection up."""
    if database.is_sqlite:
        pytest.skip("it has no socket")

    async def close_and_ask(connection: Connection) -> object:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        transport = driver._transport if database.dialect == "postgresql" else driver._writer.transport
        transport.abort()
        return await select_one(connection)

    with pytest.raises(DatabaseUnavailableError):
        await use(database, close_and_ask)

    assert outage.is_on
    assert await use(database, select_one) == 1


@EVERY_USE
async def test_mistake_of_our_own_is_no_outage(database: Database, outage: Outage, use: Use) -> None:
    async def fail(connection: Connection) -> object:
        await select_one(connection)
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        await use(database, fail)

    assert not outage.is_on
    assert await use(database, select_one) == 1
