"""Health: the process lives, and it can serve."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from db.engine import DatabaseUnavailableError
from gateway.health import PROBE_SECONDS, probe
from resolvers.context import Services
from resolvers.ports import StateStoreError
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


class Dependency:
    """Answers a ping, or fails, or says nothing at all."""

    def __init__(self, failure: Exception | None = None, *, is_silent: bool = False) -> None:
        self._failure = failure
        self._is_silent = is_silent

    async def ping(self) -> None:
        if self._is_silent:
            await asyncio.Event().wait()
        if self._failure:
            raise self._failure


def services(harness: Harness, *, database: Any = None, state: Any = None) -> Services:  # noqa: ANN401 - fakes
    changes: dict[str, Any] = {"database": database or Dependency(), "state": state or Dependency()}
    return replace(harness.services, **changes)


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
        ({"database": Dependency(DatabaseUnavailableError())}, "database"),
        ({"database": Dependency(is_silent=True)}, "database"),
        ({"state": Dependency(StateStoreError())}, "state_store"),
        ({"state": Dependency(is_silent=True)}, "state_store"),
    ],
)
async def test_dependency_that_is_down_is_named_within_a_second(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, down: dict[str, Dependency], name: str
) -> None:
    monkeypatch.setattr(harness.app, "_services", lambda: services(harness, **down))
    started = time.monotonic()

    response = await harness.client().get("/readyz")

    assert time.monotonic() - started < PROBE_SECONDS + 0.5
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert [key for key, state in response.json()["checks"].items() if state != "ok"] == [name]


async def test_dependencies_are_asked_at_the_same_time(harness: Harness) -> None:
    started = time.monotonic()

    states = await probe(
        services(harness, database=Dependency(is_silent=True), state=Dependency(is_silent=True))
    )

    assert time.monotonic() - started < PROBE_SECONDS + 0.5
    assert set(states.values()) == {"unavailable"}


async def test_process_lives_although_its_dependencies_are_down(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = services(
        harness, database=Dependency(DatabaseUnavailableError()), state=Dependency(StateStoreError())
    )
    monkeypatch.setattr(harness.app, "_services", lambda: down)

    assert (await harness.client().get("/healthz")).status_code == 200
