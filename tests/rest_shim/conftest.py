from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rest_shim.dialects import DIALECTS, Dialect
from tests.backends import Backend, open_backend
from tests.doors.harness import Harness, open_harness
from tests.rest_shim.visitors import Visitors


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with open_backend(tmp_path_factory.mktemp("backend")) as place:
        yield place


@pytest.fixture(params=list(DIALECTS))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Which pages the shim speaks to; a test that asks for it is run in both dialects."""
    return DIALECTS[request.param]


@pytest.fixture
def database_url(backend: Backend, tmp_path: Path) -> str:
    """Emptied before the test's event loop begins: emptying runs a loop of its own."""
    return backend.fresh_url(tmp_path)


@pytest.fixture
async def harness(
    backend: Backend, database_url: str, dialect: Dialect, tmp_path: Path
) -> AsyncIterator[Harness]:
    async with open_harness(backend, database_url, tmp_path, rest_dialect=dialect.name) as harness:
        yield harness


@pytest.fixture
def visitors(harness: Harness) -> Visitors:
    return Visitors(harness)
