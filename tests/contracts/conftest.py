import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import (
    StateBackend,
    create_database,
    delete_keys,
    drop_database,
    redis_backend,
    server_url,
)


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
def redis_place() -> Iterator[tuple[str, str]]:
    """The shared Redis and a prefix that is ours."""
    url, prefix = server_url("TEST_REDIS_URL"), f"ag-test-{secrets.token_hex(6)}:"
    yield url, prefix
    asyncio.run(delete_keys(url, prefix))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'gateway.db'}"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "redis"])
def place(request: pytest.FixtureRequest) -> StateBackend:
    if request.param == "redis":
        return redis_backend(*request.getfixturevalue("redis_place"))
    return StateBackend("sql", request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def backend(place: StateBackend) -> StateBackend:
    """An empty namespace on one of the servers."""
    await place.prepare()
    return place


def _own_database(variable: str) -> Iterator[str]:
    url = server_url(variable)
    name = f"ag_test_{secrets.token_hex(6)}"
    yield asyncio.run(create_database(url, name))
    asyncio.run(drop_database(url, name))
