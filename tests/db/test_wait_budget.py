"""One request waits only so long, whatever it asks."""

import asyncio

import pytest

from db import wait_budget
from db.wait_budget import LAST_CHANCE_SECONDS, WAIT_BUDGET_SECONDS, one_request, waiting

pytestmark = pytest.mark.anyio


class Hands:
    """A clock that is moved by hand, and the time limit of the newest question."""

    def __init__(self) -> None:
        self.now = 0.0
        self.limit = 0.0

    def timeout(self, seconds: float) -> asyncio.Timeout:
        self.limit = seconds
        return asyncio.timeout(60)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(wait_budget, "monotonic", lambda: hands.now)
    monkeypatch.setattr(wait_budget.asyncio, "timeout", hands.timeout)  # type: ignore[attr-defined]
    return hands


@pytest.fixture(autouse=True)
def real_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture above replaces a name of the module's own, not asyncio's."""
    monkeypatch.setattr(wait_budget, "asyncio", _Asyncio())


class _Asyncio:
    timeout = staticmethod(asyncio.timeout)


async def ask(hands: Hands, seconds: float) -> float:
    """Ask something that takes so long; the limit that it was given."""
    async with waiting(1.4):
        limit = hands.limit
        hands.now += seconds
    return limit


async def test_questions_of_one_request_share_its_wait_budget(hands: Hands) -> None:
    with one_request():
        limits = [await ask(hands, 0.5) for _ in range(3)]

    assert limits == [1.4, WAIT_BUDGET_SECONDS - 0.5, WAIT_BUDGET_SECONDS - 1.0]


async def test_question_after_the_last_one_still_gets_a_moment(hands: Hands) -> None:
    with one_request():
        await ask(hands, WAIT_BUDGET_SECONDS)

        assert await ask(hands, 0.01) == LAST_CHANCE_SECONDS


async def test_time_between_questions_costs_nothing(hands: Hands) -> None:
    with one_request():
        await ask(hands, 0.25)
        hands.now += 60

        assert await ask(hands, 0) == WAIT_BUDGET_SECONDS - 0.25


async def test_questions_within_one_another_count_once(hands: Hands) -> None:
    with one_request():
        async with waiting(1.4):
            await ask(hands, 0.5)

        assert await ask(hands, 0) == WAIT_BUDGET_SECONDS - 0.5


async def test_outside_of_requests_each_question_has_its_own_limit(hands: Hands) -> None:
    assert [await ask(hands, 1.0) for _ in range(3)] == [1.4, 1.4, 1.4]


async def test_each_request_begins_afresh(hands: Hands) -> None:
    for _ in range(2):
        with one_request():
            assert await ask(hands, 1.0) == 1.4


async def test_question_that_takes_longer_ends() -> None:
    with one_request(), pytest.raises(TimeoutError):
        async with waiting(0.001):
            await asyncio.Event().wait()
