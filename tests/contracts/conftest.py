import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import StateBackend, create_database, drop_database, server_url


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    yield from _own_database("TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    yield from _own_database("TEST_MYSQL_URL")


@pytest.fixture(scope="session")
def redis_prefix() -> str:
    return f"ag-test-{secrets.token_hex(6)}:"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gateway.db'}"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "redis"])
def place(request: pytest.FixtureRequest) -> StateBackend:
    if request.param == "redis":
        return StateBackend("redis", server_url("TEST_REDIS_URL"), request.getfixturevalue("redis_prefix"))
    return StateBackend("sql", request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def backend(place: StateBackend) -> AsyncIterator[StateBackend]:
    """An empty namespace on one of the servers."""
    await place.create_tables()
    await place.clear()
    yield place
    await place.clear()


def _own_database(variable: str) -> Iterator[str]:
    url = server_url(variable)
    name = f"ag_test_{secrets.token_hex(6)}"
    yield asyncio.run(create_database(url, name))
    asyncio.run(drop_database(url, name))
