"""What is owed: added up, paid once, in its own window, and never dropped for others."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from resolvers.keys import KeyRing
from resolvers.limits import Consumption, Limit
from resolvers.ports import Counter, StateStoreError, not_asked
from resolvers.refunds import Refunds
from tests.contracts.clocks import MovableClock

pytestmark = pytest.mark.anyio

LIMIT = Limit("guess", "mobile", 5, 900)
KEYS = KeyRing({"k1": b"a key of thirty-two bytes or more"}, "k1")


class Store:
    """Counters with a window each. `loses_answers` counts and fails; while `is_down` nothing arrives.

    `taken_back` is every decrement that came, in its order.
    """

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self.counts: dict[str, int] = {}
        self._ends: dict[str, float] = {}
        self.loses_answers = self.is_down = False
        self.taken_back: list[int] = []
        self.is_asked = asyncio.Event()

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        await self.ping()
        now = self._clock().timestamp()
        if self._ends.get(key, 0) <= now:
            if by <= 0:
                return Counter(0, 0)
            self.counts[key], self._ends[key] = 0, now + ttl_seconds
        on_sent()
        on_sent()
        self.counts[key] = max(0, self.counts[key] + by)
        if by < 0:
            self.taken_back.append(-by)
        if self.loses_answers and by:
            raise StateStoreError("lost")
        return Counter(self.counts[key], self._ends[key] - now)

    async def ping(self) -> None:
        self.is_asked.set()
        if self.is_down:
            raise StateStoreError("down")

    async def put(self, key: str, value: str, ttl_seconds: float) -> None: ...

    async def get(self, key: str) -> str | None: ...

    async def take(self, key: str) -> str | None: ...

    async def delete(self, key: str) -> None: ...

    async def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        yield batch_rows

    async def aclose(self) -> None: ...


class Owing:
    """A process that owes, and its store."""

    def __init__(self, maximum: int = 100) -> None:
        self.clock = MovableClock()
        self.store = Store(self.clock)
        self.refunds = Refunds(self.clock, settle_seconds=0.25, maximum=maximum)

    async def attempt(self, subject: str = "a", *, is_judged: bool = False) -> None:
        """Count, and fail before it is judged unless `is_judged`."""
        async with Consumption(self.store, KEYS, self.refunds, self.clock) as consumption:
            await consumption.count(LIMIT, subject)
            if is_judged:
                consumption.stand()
            raise ArithmeticError

    async def try_times(self, times: int, subject: str = "a", *, is_judged: bool = False) -> None:
        for _ in range(times):
            with pytest.raises((ArithmeticError, StateStoreError)):
                await self.attempt(subject, is_judged=is_judged)

    async def owe(self, times: int, subject: str = "a") -> None:
        """Count without hearing of it, while nothing can be given back."""
        self.store.loses_answers = True
        for _ in range(times):
            self.store.is_down = False
            consumption = Consumption(self.store, KEYS, self.refunds, self.clock)
            with pytest.raises(StateStoreError):
                await consumption.count(LIMIT, subject)
            self.store.is_down = True
            await consumption.__aexit__(StateStoreError, StateStoreError("lost"), None)

    async def recover(self) -> None:
        """The store answers again, and all is paid."""
        self.store.is_down = self.store.loses_answers = False
        while self.refunds._worker is not None:
            await asyncio.wait({self.refunds._worker})

    @property
    def count(self) -> int:
        return sum(self.store.counts.values())


async def test_what_is_owed_of_one_counter_is_one_debt_and_is_paid_at_once() -> None:
    owing = Owing()
    await owing.try_times(3, is_judged=True)
    await owing.owe(5000)
    await owing.recover()

    assert owing.count == 3
    assert owing.store.taken_back == [5000]


async def test_full_books_refuse_the_next_attempt_before_it_counts_and_drop_nothing() -> None:
    owing = Owing(maximum=3)
    for subject in "abc":
        await owing.owe(1, subject)
    owing.store.is_down = False
    with pytest.raises(StateStoreError):
        owing.refunds.require_room()
    owing.store.is_down = True
    with pytest.raises(StateStoreError):
        await owing.attempt("d")
    counted = len(owing.store.counts)
    await owing.recover()

    assert counted == 3
    assert owing.count == 0
    await owing.try_times(1, "d", is_judged=True)
    assert owing.count == 1


async def test_debts_end_with_their_windows_and_make_room() -> None:
    owing = Owing(maximum=3)
    for subject in "abc":
        await owing.owe(1, subject)
    owing.clock.advance(LIMIT.window_seconds)

    owing.refunds.require_room()
    await owing.recover()


@pytest.mark.parametrize("is_known", [True, False], ids=["window known", "window unknown"])
async def test_the_next_window_is_not_lowered_for_the_last_one(is_known: bool) -> None:
    owing = Owing()
    await owing.try_times(1, is_judged=True)
    owing.clock.advance(LIMIT.window_seconds - 5)
    if is_known:
        await owing_known(owing)
    else:
        await owing.owe(4)
    owing.clock.advance(6)
    owing.store.is_down = owing.store.loses_answers = False
    consumption = Consumption(owing.store, KEYS, owing.refunds, owing.clock)
    for _ in range(3):
        await consumption.count(LIMIT, "a")
    await owing.recover()

    assert owing.count == 3


async def owing_known(owing: Owing) -> None:
    """Four counts that were answered, and could not be given back since."""
    for _ in range(4):
        owing.store.is_down = False
        consumption = Consumption(owing.store, KEYS, owing.refunds, owing.clock)
        await consumption.count(LIMIT, "a")
        owing.store.is_down = True
        await consumption.__aexit__(StateStoreError, StateStoreError("down"), None)


async def test_a_payment_whose_answer_is_lost_is_not_made_twice() -> None:
    owing = Owing()
    await owing.try_times(5, is_judged=True)
    await owing.owe(2)
    owing.store.is_down = False
    owing.store.is_asked.clear()
    while owing.count == 7:
        await owing.store.is_asked.wait()
        owing.store.is_asked.clear()
    await owing.recover()

    assert owing.count == 5
    assert owing.store.taken_back == [2]


async def test_a_count_that_never_arrived_is_not_owed() -> None:
    owing = Owing()
    await owing.try_times(5, is_judged=True)
    owing.store.is_down = True
    await owing.try_times(20)
    await owing.recover()

    assert owing.count == 5
    assert owing.store.taken_back == []


async def test_of_deeds_about_one_key_the_newest_is_done() -> None:
    owing = Owing()
    done: list[int] = []

    def deed(number: int) -> Callable[[], object]:
        async def do() -> None:
            done.append(number)

        return do

    owing.refunds.doubt_store()
    owing.store.is_down = True
    for number in range(1000):
        consumption = Consumption(owing.store, KEYS, owing.refunds, owing.clock)
        consumption.undo_by("code", deed(number), ttl_seconds=300)  # type: ignore[arg-type]
        await consumption.__aexit__(StateStoreError, StateStoreError("down"), None)
    await owing.recover()

    assert done == [999]
