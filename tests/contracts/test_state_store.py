"""What every state store promises, on each of them."""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest

from resolvers.ports import Counter, StateStore
from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import StateBackend

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(backend: StateBackend, clock: MovableClock) -> AsyncIterator[StateStore]:
    async with backend.open_store(clock) as store:
        await store.ping()  # the map of a Cluster takes a while to read
        yield store


@pytest.fixture
async def other(backend: StateBackend, clock: MovableClock) -> AsyncIterator[StateStore]:
    """A store of another process: it shares nothing with `store` but the server."""
    async with backend.open_store(clock) as other:
        await other.ping()
        yield other


async def test_absent_key_reads_as_none(store: StateStore) -> None:
    assert await store.get("absent") is None
    assert await store.take("absent") is None


async def test_text_is_read_as_often_as_wanted(store: StateStore, other: StateStore) -> None:
    await store.put("k", "v", 10)

    assert [await store.get("k"), await store.get("k"), await other.get("k")] == ["v", "v", "v"]


async def test_increment_tells_when_it_is_sent(store: StateStore) -> None:
    sent: list[int] = []

    def note() -> None:
        sent.append(1)

    for by in (1, -1, 0):
        await store.increment("k", 10, by, on_sent=note)

    assert sum(sent) == 3


@pytest.mark.parametrize(
    "value",
    [
        "",
        " v ",
        "a:b#c|d",
        "line\nline\r\n",
        "0012",
        "中文 🀄",
        "'; DROP TABLE state_entries; --",
        "\\x00 %s $1",
    ],
)
async def test_text_comes_back_exactly(store: StateStore, value: str) -> None:
    await store.put("k", value, 10)

    assert await store.get("k") == value
    assert await store.take("k") == value


async def test_put_replaces_value_and_expiry(store: StateStore, clock: MovableClock) -> None:
    await store.put("k", "short", 10)
    await store.put("k", "long", 100)
    clock.advance(50)
    assert await store.get("k") == "long"

    await store.put("k", "short again", 10)
    clock.advance(10)
    assert await store.get("k") is None


async def test_text_expires_to_the_millisecond(store: StateStore, clock: MovableClock) -> None:
    await store.put("k", "v", 1.5)

    clock.advance(1.499)
    assert await store.get("k") == "v"
    clock.advance(0.001)
    assert await store.get("k") is None


async def test_expired_text_cannot_be_taken(store: StateStore, clock: MovableClock) -> None:
    await store.put("k", "v", 10)
    clock.advance(10)

    assert await store.take("k") is None


async def test_key_is_free_again_after_expiry(store: StateStore, clock: MovableClock) -> None:
    await store.put("k", "old", 10)
    clock.advance(10)

    assert await store.increment("k", 10) == Counter(1, 10)
    clock.advance(10)
    await store.put("k", "new", 10)
    assert await store.take("k") == "new"


async def test_take_spends(store: StateStore, other: StateStore) -> None:
    await store.put("k", "v", 10)

    assert await store.take("k") == "v"
    assert await store.take("k") is None
    assert await other.get("k") is None


async def test_one_of_fifty_takes_wins(store: StateStore, other: StateStore) -> None:
    for attempt in range(5):
        await store.put("k", f"v{attempt}", 10)

        taken = await asyncio.gather(*((store, other)[n % 2].take("k") for n in range(50)))

        assert [value for value in taken if value is not None] == [f"v{attempt}"]


async def test_nothing_is_taken_twice_while_it_is_put_again(store: StateStore, other: StateStore) -> None:
    puts = (store.put("k", str(n), 10) for n in range(40))
    takes = (other.take("k") for _ in range(40))

    results = await asyncio.gather(*(call for pair in zip(puts, takes, strict=True) for call in pair))

    taken = [value for value in (*results, await store.take("k")) if value is not None]
    assert taken
    assert len(set(taken)) == len(taken)


async def test_counter_counts_from_one_in_a_window_that_does_not_move(
    store: StateStore, clock: MovableClock
) -> None:
    assert await store.increment("k", 60) == Counter(1, 60)
    clock.advance(20.5)
    assert await store.increment("k", 60) == Counter(2, 39.5)
    clock.advance(39.5)
    assert await store.increment("k", 30) == Counter(1, 30)


async def test_counter_adds_what_it_is_told(store: StateStore) -> None:
    assert (await store.increment("k", 60, by=5)).count == 5
    assert (await store.increment("k", 60, by=7)).count == 12


async def test_sixty_increments_count_each_once(store: StateStore, other: StateStore) -> None:
    counters = await asyncio.gather(*((store, other)[n % 2].increment("k", 60) for n in range(60)))

    assert sorted(counter.count for counter in counters) == list(range(1, 61))
    assert {counter.remaining_seconds for counter in counters} == {60}


async def test_sixty_increments_of_an_expired_counter_count_each_once(
    store: StateStore, other: StateStore, clock: MovableClock
) -> None:
    await store.increment("k", 60, by=1000)
    clock.advance(60)

    counters = await asyncio.gather(*((store, other)[n % 2].increment("k", 60) for n in range(60)))

    assert sorted(counter.count for counter in counters) == list(range(1, 61))


async def test_counting_and_giving_back_at_once_loses_nothing(store: StateStore, other: StateStore) -> None:
    await store.increment("k", 60, by=30)

    await asyncio.gather(
        *(store.increment("k", 60) for _ in range(30)), *(other.increment("k", 60, by=-1) for _ in range(30))
    )

    assert (await store.increment("k", 60, by=0)).count == 30


async def test_giving_back_keeps_the_window(store: StateStore, clock: MovableClock) -> None:
    await store.increment("k", 60, by=3)
    clock.advance(20)

    assert await store.increment("k", 60, by=-1) == Counter(2, 40)


async def test_counter_never_goes_below_zero(store: StateStore) -> None:
    await store.increment("k", 60, by=3)

    assert (await store.increment("k", 60, by=-5)).count == 0
    assert (await store.increment("k", 60)).count == 1


@pytest.mark.parametrize("by", [-1, 0])
async def test_giving_back_makes_no_counter(store: StateStore, clock: MovableClock, by: int) -> None:
    assert await store.increment("k", 60, by=by) == Counter(0, 0)
    assert await store.get("k") is None

    await store.increment("k", 60)
    clock.advance(60)
    assert await store.increment("k", 60, by=by) == Counter(0, 0)
    assert await store.get("k") is None


async def test_counter_reads_as_its_number(store: StateStore) -> None:
    await store.increment("k", 60, by=12)

    assert await store.get("k") == "12"
    assert await store.take("k") == "12"
    assert await store.increment("k", 60) == Counter(1, 60)


@pytest.mark.parametrize("by", [1, 0, -1])
async def test_text_cannot_be_counted_and_stays(store: StateStore, by: int) -> None:
    await store.put("k", "7", 10)

    with pytest.raises(ValueError, match="text"):
        await store.increment("k", 60, by=by)

    assert await store.get("k") == "7"


async def test_text_replaces_counter(store: StateStore) -> None:
    await store.increment("k", 60)
    await store.put("k", "text", 10)

    assert await store.get("k") == "text"


async def test_delete_forgets_text_and_counter(store: StateStore) -> None:
    await store.put("text", "v", 10)
    await store.increment("counter", 10)

    await store.delete("text")
    await store.delete("counter")
    await store.delete("absent")

    assert await store.get("text") is None
    assert await store.increment("counter", 10) == Counter(1, 10)


async def test_keys_are_told_apart_by_case_and_every_character(store: StateStore) -> None:
    keys = ["key", "KEY", "key:", "key*", "k_y", "{key}", "key%"]
    for key in keys:
        await store.put(key, key, 10)

    assert [await store.get(key) for key in keys] == keys


async def test_longest_key_and_value_fit(store: StateStore) -> None:
    key, value = "k" * 200, "字" * 21845 + "!"
    assert len(value.encode()) == 64 * 1024

    await store.put(key, value, 10)

    assert await store.take(key) == value


@pytest.mark.parametrize("key", ["", "k" * 201, "ключ", "a b", "a\n", "a\x00", "a\x7f", "\ud800"])
async def test_bad_key_is_refused_by_every_operation(store: StateStore, key: str) -> None:
    for call in (
        lambda: store.put(key, "v", 10),
        lambda: store.get(key),
        lambda: store.take(key),
        lambda: store.increment(key, 10),
        lambda: store.delete(key),
    ):
        with pytest.raises(ValueError, match="key"):
            await call()


@pytest.mark.parametrize("value", ["v" * (64 * 1024 + 1), "字" * 21846, "a\x00b", "\ud800"])
async def test_bad_value_is_refused_and_changes_nothing(store: StateStore, value: str) -> None:
    await store.put("k", "old", 10)

    with pytest.raises(ValueError, match=r"value|surrogates"):
        await store.put("k", value, 10)

    assert await store.get("k") == "old"


@pytest.mark.parametrize("ttl_seconds", [0, -1, math.nan, math.inf])
async def test_lifetime_must_be_positive(store: StateStore, ttl_seconds: float) -> None:
    with pytest.raises(ValueError, match="lifetime"):
        await store.put("k", "v", ttl_seconds)
    with pytest.raises(ValueError, match="lifetime"):
        await store.increment("k", ttl_seconds)


async def test_purging_leaves_what_is_alive(store: StateStore, clock: MovableClock) -> None:
    await store.put("old", "v", 10)
    await store.put("live", "v", 100)
    clock.advance(10)

    counts = [count async for count in store.purge_expired(1)]

    assert sum(counts) in {0, 1}  # some stores forget by themselves
    assert await store.get("live") == "v"
    assert await store.get("old") is None


async def test_ping_answers(store: StateStore) -> None:
    await store.ping()


async def test_cancelled_caller_disturbs_nobody(store: StateStore) -> None:
    await store.put("k", "v", 10)
    for _ in range(20):
        reader = asyncio.create_task(store.get("k"))
        await asyncio.sleep(0)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)

    reads = await asyncio.gather(*(store.get("k") for _ in range(50)))

    assert set(reads) == {"v"}
