"""One request waits only so long, whatever it asks."""

import asyncio

import pytest

from resolvers.wait_budget import one_request, waiting

pytestmark = pytest.mark.anyio

BUDGET_SECONDS = 1.5
LAST_CHANCE_SECONDS = 0.1
LIMIT_SECONDS = 1.4


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def request(self) -> one_request:
        return one_request(BUDGET_SECONDS, LAST_CHANCE_SECONDS, lambda: self.now)

    async def ask(self, seconds: float) -> float:
        """Ask something that takes so long; the limit that it was given."""
        async with waiting(LIMIT_SECONDS) as limit:
            self.now += seconds
        return limit


@pytest.fixture
def hands() -> Hands:
    return Hands()


async def test_questions_of_one_request_share_its_wait_budget(hands: Hands) -> None:
    with hands.request():
        limits = [await hands.ask(0.5) for _ in range(3)]

    assert limits == [LIMIT_SECONDS, BUDGET_SECONDS - 0.5, BUDGET_SECONDS - 1.0]


async def test_question_after_the_last_one_still_gets_a_moment(hands: Hands) -> None:
    with hands.request():
        await hands.ask(BUDGET_SECONDS)

        assert await hands.ask(0.01) == LAST_CHANCE_SECONDS


async def test_time_between_questions_costs_nothing(hands: Hands) -> None:
    with hands.request():
        await hands.ask(0.25)
        hands.now += 60

        assert await hands.ask(0) == BUDGET_SECONDS - 0.25


async def test_questions_within_one_another_count_once(hands: Hands) -> None:
    with hands.request():
        async with waiting(LIMIT_SECONDS):
            await hands.ask(0.5)

        assert await hands.ask(0) == BUDGET_SECONDS - 0.5


async def test_outside_of_requests_each_question_has_its_own_limit(hands: Hands) -> None:
    assert [await hands.ask(1.0) for _ in range(3)] == [LIMIT_SECONDS] * 3


async def test_each_request_begins_afresh(hands: Hands) -> None:
    for _ in range(2):
        with hands.request():
            assert await hands.ask(1.0) == LIMIT_SECONDS


@pytest.mark.parametrize(("limit_seconds", "budget_seconds"), [(0.001, 60), (60, 0.001)])
async def test_question_that_takes_longer_ends(limit_seconds: float, budget_seconds: float) -> None:
    with one_request(budget_seconds, 0), pytest.raises(TimeoutError):
        async with waiting(limit_seconds):
            await asyncio.Event().wait()
