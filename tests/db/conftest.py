import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.engine import Database
from tests.contracts.state_backends import create_database, drop_database

VARIABLES = {"postgresql": "TEST_POSTGRES_URL", "mariadb": "TEST_MYSQL_URL"}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it: SQLite always, a server where the environment names one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gateway.db'}"
        return
    server = os.environ.get(VARIABLES[request.param])
    if not server:
        pytest.skip(f"{VARIABLES[request.param]} is not set")
    name = f"ag_test_{secrets.token_hex(6)}"
    yield asyncio.run(create_database(server, name))
    asyncio.run(drop_database(server, name))


@pytest.fixture
async def empty_database(empty_database_url: str) -> AsyncIterator[Database]:
    database = Database(empty_database_url, timeout_seconds=60)
    yield database
    await database.aclose()
