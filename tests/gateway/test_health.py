"""Health: the process lives, and it can serve."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from db.engine import Database, DatabaseUnavailableError
from gateway.health import probe
from gateway.timeouts import Timeouts
from resolvers.ports import StateStoreError
from tests.doors.conftest import BuildHarness
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


class Dependency:
    """Something real, but for its ping: that fails, or says nothing at all."""

    def __init__(self, real: object, failure: Exception | None = None) -> None:
        self._real = real
        self._failure = failure

    async def ping(self) -> None:
        if self._failure:
            raise self._failure
        await asyncio.Event().wait()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else it has
        return getattr(self._real, name)


def refusing(real: object) -> Any:  # noqa: ANN401 - a fake
    is_database = isinstance(real, Database)
    return Dependency(real, DatabaseUnavailableError() if is_database else StateStoreError())


def silent(real: object) -> Any:  # noqa: ANN401 - a fake
    return Dependency(real)


async def test_process_that_answers_lives(harness: Harness) -> None:
    response = await harness.client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_process_with_its_dependencies_is_ready(harness: Harness) -> None:
    response = await harness.client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "state_store": "ok"}}


@pytest.mark.parametrize(
    ("down", "name"),
    [
        ({"wrap_database": refusing}, "database"),
        ({"wrap_database": silent}, "database"),
        ({"wrap_state": refusing}, "state_store"),
        ({"wrap_state": silent}, "state_store"),
    ],
)
async def test_dependency_that_is_down_is_named_within_a_second(
    build_harness: BuildHarness, down: dict[str, Any], name: str
) -> None:
    async with build_harness(**down) as harness:
        started = time.monotonic()
        response = await harness.client().get("/readyz")

    assert time.monotonic() - started < Timeouts().probe_seconds + 0.5
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert [key for key, state in response.json()["checks"].items() if state != "ok"] == [name]


async def test_dependencies_are_asked_at_the_same_time(harness: Harness) -> None:
    services = replace(harness.services, database=silent(None), state=silent(None))
    started = time.monotonic()

    states = await probe(services, 0.3)

    assert time.monotonic() - started < 0.6
    assert set(states.values()) == {"unavailable"}


async def test_process_lives_although_its_dependencies_are_down(build_harness: BuildHarness) -> None:
    async with build_harness(wrap_database=refusing, wrap_state=refusing) as harness:
        assert (await harness.client().get("/healthz")).status_code == 200
