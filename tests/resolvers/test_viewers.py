"""Viewers are read together: fresh, in few reads, and nobody suffers for another."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

import pytest

from db.accounts import AccountRow
from db.engine import DatabaseUnavailableError
from db.sessions import SessionRow
from resolvers.viewers import BATCH_MAXIMUM, CoalescedViewers
from resolvers.wait_budget import current_request, one_request

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def session(token_hash: str) -> SessionRow:
    account = AccountRow(1, "6f" * 16, "+8618736008450", "小明", None, NOW, None)
    return SessionRow(token_hash, NOW, NOW, account)


class Reads:
    """The database's side: every read waits until it is let go, and what is alive can change meanwhile."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self.batches: list[set[str]] = []
        self.gates: list[asyncio.Event] = []
        self.failing = False
        self.is_open = False

    async def read(self, hashes: Collection[str]) -> list[SessionRow]:
        gate = asyncio.Event()
        self.batches.append(set(hashes))
        self.gates.append(gate)
        alive = set(self.alive)
        if not self.is_open:
            await gate.wait()
        if self.failing:
            raise DatabaseUnavailableError("down")
        return [session(token_hash) for token_hash in hashes if token_hash in alive]

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


class Reader:
    """Reads through `reads`, as one of its connections."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def read(self, token_hashes: Collection[str], _now: datetime) -> list[SessionRow]:
        return await self._reads.read(token_hashes)

    async def aclose(self) -> None: ...


@asynccontextmanager
async def open_viewers(
    reads: Reads, *, timeout_seconds: float = 60, slow_read_seconds: float = 60, readers: int = 2
) -> AsyncIterator[CoalescedViewers]:
    viewers = CoalescedViewers(
        [Reader(reads) for _ in range(readers)],
        lambda: NOW,
        timeout_seconds=timeout_seconds,
        slow_read_seconds=slow_read_seconds,
    )
    yield viewers
    for gate in reads.gates:
        gate.set()
    reads.is_open = True
    await viewers.aclose()


async def test_callers_that_come_while_reads_are_in_flight_share_the_next() -> None:
    reads = Reads()
    reads.alive = {f"t{number}" for number in range(40)}
    async with open_viewers(reads) as viewers:
        asked = [asyncio.ensure_future(viewers.find("t0"))]
        await reads.settle()
        asked += [asyncio.ensure_future(viewers.find(f"t{number}")) for number in range(1, 40)]
        await reads.settle()
        assert len(reads.batches) == 1
        reads.is_open = True
        for gate in reads.gates:
            gate.set()
        found = await asyncio.gather(*asked)
    assert [row and row.token_hash for row in found] == [f"t{number}" for number in range(40)]
    assert len(reads.batches) == 2


async def test_an_answer_is_read_after_its_question() -> None:
    reads = Reads()
    reads.alive = {"t"}
    async with open_viewers(reads) as viewers:
        early = asyncio.ensure_future(viewers.find("t"))
        await reads.settle()
        # The session is revoked while that read is in flight; who asks now must not share it.
        reads.alive = set()
        late = asyncio.ensure_future(viewers.find("t"))
        await reads.settle()
        reads.is_open = True
        for gate in reads.gates:
            gate.set()
        assert await early == session("t")
        assert await late is None


async def test_the_next_read_is_under_way_when_a_batch_is_told() -> None:
    """The database works while those are served."""
    reads = Reads()
    async with open_viewers(reads) as viewers:
        first = asyncio.ensure_future(viewers.find("first"))
        await reads.settle()
        second = asyncio.ensure_future(viewers.find("second"))
        reads.gates[0].set()
        await first
        assert reads.batches == [{"first"}, {"second"}]
        reads.gates[1].set()
        await second


async def test_a_slow_read_has_another_beside_it() -> None:
    reads = Reads()
    reads.alive = {"slow", "late"}
    async with open_viewers(reads, slow_read_seconds=0) as viewers:
        slow = asyncio.ensure_future(viewers.find("slow"))
        await reads.settle()
        reads.is_open = True
        assert await viewers.find("late") == session("late")
        assert not slow.done()


async def test_a_wait_ends_though_the_read_does_not() -> None:
    reads = Reads()
    async with open_viewers(reads, timeout_seconds=0, slow_read_seconds=0) as viewers:
        found = await asyncio.gather(
            *(viewers.find(f"t{number}") for number in range(3)), return_exceptions=True
        )
    assert [type(error) for error in found] == [DatabaseUnavailableError] * 3


async def test_a_wait_ends_with_the_budget_of_its_request() -> None:
    reads = Reads()
    async with open_viewers(reads, slow_read_seconds=0) as viewers:
        with one_request(0, 0), pytest.raises(DatabaseUnavailableError):
            await viewers.find("t")


@pytest.mark.parametrize("end", ["is answered", "fails", "is too late", "is cancelled"])
async def test_a_wait_counts_once_however_it_ends(end: str) -> None:
    """Half a second of the request's wait budget, and nothing of the time after it."""
    now = 0.0
    timeout_seconds = 0 if end == "is too late" else 60
    reads = Reads()
    async with open_viewers(reads, timeout_seconds=timeout_seconds, slow_read_seconds=0) as viewers:
        with one_request(1.5, 0.1, lambda: now):
            asked = asyncio.ensure_future(viewers.find("t"))
            if end != "is too late":
                await reads.settle()
            now += 0.5
            if end == "is cancelled":
                asked.cancel()
            reads.failing = end == "fails"
            if end != "is too late":
                for gate in reads.gates:
                    gate.set()
            await asyncio.gather(asked, return_exceptions=True)
            for gate in reads.gates:
                gate.set()
            await reads.settle()
            now += 0.2
            request = current_request()
            assert request is not None
            assert request.begin(60) == 1.0


async def test_a_batch_is_bounded() -> None:
    reads = Reads()
    async with open_viewers(reads) as viewers:
        asked = [asyncio.ensure_future(viewers.find(f"t{number}")) for number in range(3 * BATCH_MAXIMUM)]
        await reads.settle()
        reads.is_open = True
        for gate in reads.gates:
            gate.set()
        await asyncio.gather(*asked)
    assert max(len(batch) for batch in reads.batches) <= BATCH_MAXIMUM


async def test_an_error_fails_its_batch_and_no_later_one() -> None:
    reads = Reads()
    reads.alive = {"t"}
    reads.is_open = True
    async with open_viewers(reads) as viewers:
        reads.failing = True
        with pytest.raises(DatabaseUnavailableError):
            await viewers.find("t")
        reads.failing = False
        assert await viewers.find("t") == session("t")


async def test_a_cancelled_caller_takes_nobody_along() -> None:
    reads = Reads()
    reads.alive = {"a", "b"}
    async with open_viewers(reads) as viewers:
        first, second = (asyncio.ensure_future(viewers.find(token_hash)) for token_hash in ("a", "b"))
        await reads.settle()
        first.cancel()
        await reads.settle()
        for gate in reads.gates:
            gate.set()
        assert await second == session("b")
        assert first.cancelled()


async def test_nothing_is_read_for_who_does_not_wait_any_more() -> None:
    """An outage leaves many behind; who comes after it must not wait for them."""
    reads = Reads()
    async with open_viewers(reads, slow_read_seconds=0, readers=1) as viewers:
        with one_request(0, 0):
            lost = [viewers.find(f"t{number}") for number in range(5 * BATCH_MAXIMUM)]
        await asyncio.gather(*lost, return_exceptions=True)
        late = asyncio.ensure_future(viewers.find("late"))
        await reads.settle()
        reads.is_open = True
        for gate in reads.gates:
            gate.set()
        await late
    assert [len(batch) for batch in reads.batches] == [BATCH_MAXIMUM, 1]


async def test_nobody_waits_for_a_read_that_was_cut_off() -> None:
    reads = Reads()
    reads.alive = {"t", "next"}
    async with open_viewers(reads) as viewers:
        asked = asyncio.ensure_future(viewers.find("t"))
        await reads.settle()
        for task in viewers._reading:
            task.cancel()
        with pytest.raises(DatabaseUnavailableError):
            await asked
        reads.is_open = True
        assert await viewers.find("next") == session("next")


async def test_the_read_is_in_no_callers_context() -> None:
    """What is bound to one request, such as its wait budget, must not follow the reads that serve the others."""
    bound: ContextVar[str] = ContextVar("bound", default="")
    seen: list[str] = []

    class NotingReads(Reads):
        async def read(self, hashes: Collection[str]) -> list[SessionRow]:
            seen.append(bound.get())
            return await super().read(hashes)

    reads = NotingReads()
    reads.is_open = True
    async with open_viewers(reads) as viewers:
        bound.set("one request")
        await viewers.find("t")
    assert seen == [""]
