from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.backends import Backend, open_backend
from tests.doors.door import Door
from tests.doors.faults import Breakable, BreakableDatabase, BreakableStore
from tests.doors.harness import Harness, open_harness

BuildHarness = Callable[..., AbstractAsyncContextManager[Harness]]


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with open_backend(tmp_path_factory.mktemp("backend")) as place:
        yield place


@pytest.fixture
def database_url(backend: Backend, tmp_path: Path) -> str:
    return backend.fresh_url(tmp_path)


@pytest.fixture
def build_harness(backend: Backend, database_url: str, tmp_path: Path) -> BuildHarness:
    """Opens gateways with other settings, over this test's one database."""

    def build(**overrides: Any) -> AbstractAsyncContextManager[Harness]:  # noqa: ANN401 - as `open_harness`
        return open_harness(backend, database_url, tmp_path, **overrides)

    return build


@pytest.fixture
async def harness(build_harness: BuildHarness) -> AsyncIterator[Harness]:
    async with build_harness() as harness:
        yield harness


@pytest.fixture(params=["graphql", "rest"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which door; a test that asks for it is run through both."""
    name: str = request.param
    return name


@pytest.fixture
def door(harness: Harness, kind: str) -> Door:
    """Somebody's client at that door."""
    return harness.open_door(kind)


@pytest.fixture
async def breakable(build_harness: BuildHarness) -> AsyncIterator[Breakable]:
    """A gateway over parts that fail when they are told to."""
    async with build_harness(wrap_state=BreakableStore, wrap_database=BreakableDatabase) as harness:
        store: Any = harness.services.state
        database: Any = harness.services.database
        yield Breakable(harness, store, database)
