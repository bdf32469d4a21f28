"""A pool's places: how many there are, who may hold how many, and when one is free again."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from resolvers.errors import RateLimitedError
from resolvers.workers import WorkerPool

pytestmark = pytest.mark.anyio


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    """One thread, and five who may wait: a third of the places is two."""
    pool = WorkerPool("test", threads=1, queue_length=5, typical_seconds=0.03, timeout_seconds=60)
    yield pool
    pool.close()


def take(pool: WorkerPool, stack: ExitStack, sharer: str = "") -> bool:
    try:
        stack.enter_context(pool.place(sharer))
    except RateLimitedError:
        return False
    return True


async def test_there_are_as_many_places_as_threads_and_waiters(pool: WorkerPool) -> None:
    with ExitStack() as stack:
        taken = [take(pool, stack) for _ in range(7)]
        with pytest.raises(RateLimitedError):
            await pool.run(int)

    assert taken == [True] * 6 + [False]
    assert await pool.run(int) == 0


async def test_one_sharer_holds_a_third_at_most_and_leaves_the_rest_to_others(pool: WorkerPool) -> None:
    with ExitStack() as stack:
        assert [take(pool, stack, "a") for _ in range(3)] == [True, True, False]
        assert take(pool, stack, "b")
    with ExitStack() as stack:
        assert take(pool, stack, "a")


async def test_a_place_serves_several_calls(pool: WorkerPool) -> None:
    with pool.place() as place:
        assert [await place.run(int, "1"), await place.run(int, "2")] == [1, 2]


async def test_who_goes_away_does_not_free_the_place_before_its_work_has_ended(pool: WorkerPool) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    async def call() -> None:
        with pool.place("a") as place:
            await place.run(work)

    calls = [asyncio.create_task(call()) for _ in range(2)]
    await asyncio.to_thread(begun.wait)
    calls[0].cancel()
    with suppress(asyncio.CancelledError):
        await calls[0]
    with ExitStack() as stack:
        assert not take(pool, stack, "a")
        may_end.set()
        await calls[1]

        assert take(pool, stack, "a")
