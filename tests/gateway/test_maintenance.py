"""What is deleted because its time is over: all of it, batch by batch, by one process at a time."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from db.engine import Database, DatabaseUnavailableError
from db.tables import audit_events, devices, leases, sessions, sms_messages, state_entries
from gateway.lease import Lease
from gateway.maintenance import BATCH_ROWS, LAPSE_SECONDS, Maintenance
from resolvers.context import Services
from resolvers.ports import StateStoreError
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

MOBILE = "+8618736008450"
EXPIRED = 2 * BATCH_ROWS + 1
ALIVE = 3


class Hands:
    """A monotonic clock and the pauses that were asked for; each look at the clock takes a tenth of a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now

    async def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))


class FailingState:
    """A state store in which nothing can be deleted."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        self.asked.append(batch_rows)
        if batch_rows:
            raise StateStoreError("TimeoutError")
        yield 0


def lease_of(harness: Harness, hands: Hands) -> Lease:
    return Lease(
        harness.services.database, "maintenance", lapse_seconds=LAPSE_SECONDS, monotonic=lambda: hands.now
    )


def maintenance(
    harness: Harness,
    *,
    hands: Hands | None = None,
    lease: Lease | None = None,
    services: Services | None = None,
) -> Maintenance:
    hands = hands or Hands()
    return Maintenance(
        services or harness.services,
        lease or lease_of(harness, hands),
        time_percent=20,
        pause=hands.pause,
        monotonic=hands.monotonic,
    )


async def fill(harness: Harness) -> None:
    """Rows whose time is over, and some whose time is not, in every table that is purged."""
    account = await harness.make_account(MOBILE)
    assert account
    now = harness.clock()
    long_ago = now - timedelta(days=harness.settings.policy.audit_days, seconds=1)
    async with harness.services.database.writing() as connection:
        account_id = await connection.scalar(select(sessions.c.account_id))
        for count, ended, recorded in (
            (EXPIRED, now - timedelta(hours=1), long_ago),
            (ALIVE, now + timedelta(hours=1), now),
        ):
            await connection.execute(insert(sessions), session_rows(count, account_id, ended))
            await connection.execute(insert(devices), session_rows(count, account_id, ended))
            await connection.execute(insert(audit_events), audit_rows(count, recorded))
            await connection.execute(insert(sms_messages), sms_rows(count, recorded))
            await connection.execute(insert(state_entries), state_rows(count, ended))


def session_rows(count: int, account_id: int | None, at: datetime) -> list[dict[str, Any]]:
    row = {"account_id": account_id, "created_at": at, "last_used_at": at, "expires_at": at}
    return [row | {"token_hash": secrets.token_hex(32)} for _ in range(count)]


def audit_rows(count: int, at: datetime) -> list[dict[str, Any]]:
    words = dict.fromkeys(("action", "subject", "address", "user_agent", "request_id", "detail"), "-")
    return [words | {"at": at, "account_id": None} for _ in range(count)]


def sms_rows(count: int, at: datetime) -> list[dict[str, Any]]:
    words = dict.fromkeys(("mobile_digest", "prefix", "address", "outcome"), "-")
    return [words | {"at": at, "used_at": None} for _ in range(count)]


def state_rows(count: int, at: datetime) -> list[dict[str, Any]]:
    row = {"value": "v", "count": 0, "expires_at_ms": int(at.timestamp() * 1000)}
    return [row | {"key": secrets.token_hex(16)} for _ in range(count)]


async def count_rows(database: Database, table: Table) -> int:
    async with database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0


async def test_everything_that_is_over_goes_and_nothing_else(harness: Harness) -> None:
    await fill(harness)

    deleted = await maintenance(harness).purge_expired()

    tables = {
        "sessions": sessions,
        "audit_events": audit_events,
        "sms_messages": sms_messages,
        "devices": devices,
    }
    if harness.redis_url is None:
        tables["state_entries"] = state_entries
        assert deleted["state_entries"] == EXPIRED
    left = {name: await count_rows(harness.services.database, table) for name, table in tables.items()}
    assert {name: deleted[name] for name in tables if name != "state_entries"} == dict.fromkeys(
        ("sessions", "audit_events", "sms_messages", "devices"), EXPIRED
    )
    # One session more: that of the account itself.
    assert left == dict.fromkeys(tables, ALIVE) | {"sessions": ALIVE + 1}


async def test_one_table_that_fails_holds_no_other_up_and_gets_smaller_batches(harness: Harness) -> None:
    await fill(harness)
    state = FailingState()
    changes: dict[str, Any] = {"state": state}
    keeper = maintenance(harness, services=replace(harness.services, **changes))

    deleted = await keeper.purge_expired()
    await keeper.purge_expired()

    assert deleted == {
        "state_entries": 0,
        "sessions": EXPIRED,
        "audit_events": EXPIRED,
        "sms_messages": EXPIRED,
        "devices": EXPIRED,
    }
    assert state.asked == [BATCH_ROWS, BATCH_ROWS // 2]


async def test_what_was_deleted_stays_deleted_when_a_later_batch_fails(harness: Harness) -> None:
    await fill(harness)
    hands = Hands()
    batches = 0

    async def pause(_: float) -> None:
        nonlocal batches
        batches += 1
        if batches == 4:
            raise DatabaseUnavailableError

    keeper = Maintenance(
        harness.services, lease_of(harness, hands), time_percent=20, pause=pause, monotonic=hands.monotonic
    )
    with pytest.raises(DatabaseUnavailableError):
        await keeper.purge_expired()

    assert await count_rows(harness.services.database, sessions) == EXPIRED - BATCH_ROWS + ALIVE + 1


async def test_a_worker_rests_four_times_as_long_as_it_deletes(harness: Harness) -> None:
    hands = Hands()

    await maintenance(harness, hands=hands).purge_expired()

    assert hands.pauses
    assert set(hands.pauses) == {0.4}


async def test_one_process_at_a_time_deletes(harness: Harness) -> None:
    await fill(harness)
    hands = Hands()
    await maintenance(harness, lease=lease_of(harness, hands)).purge_expired()
    await fill_again(harness)

    deleted = await maintenance(harness, lease=lease_of(harness, hands)).purge_expired()

    assert sum(deleted.values()) == 0


async def fill_again(harness: Harness) -> None:
    long_ago = harness.clock() - timedelta(days=harness.settings.policy.audit_days, seconds=1)
    async with harness.services.database.writing() as connection:
        await connection.execute(insert(audit_events), audit_rows(1, long_ago))


async def test_lease_of_a_holder_that_died_is_taken_over_after_a_while(harness: Harness) -> None:
    hands = Hands()
    dead, heir = lease_of(harness, hands), lease_of(harness, hands)
    assert await dead.hold()
    assert not await heir.hold()

    hands.now += LAPSE_SECONDS - 1
    assert not await heir.hold()
    hands.now += 1

    assert await heir.hold()
    assert not await dead.hold()


async def test_holder_that_lives_keeps_the_lease_however_wrong_its_clock_is(harness: Harness) -> None:
    right, wrong = Hands(), Hands()
    wrong.now = 10_000_000
    holder, other = lease_of(harness, right), lease_of(harness, wrong)

    for _ in range(5):
        assert await holder.hold()
        assert not await other.hold()
        right.now += 60
        wrong.now += 60


async def test_lease_that_was_given_back_is_free_at_once(harness: Harness) -> None:
    hands = Hands()
    first, second = lease_of(harness, hands), lease_of(harness, hands)
    await first.hold()
    await second.release()
    assert not await second.hold()

    await first.release()

    assert await second.hold()
    async with harness.services.database.reading() as connection:
        assert len((await connection.execute(select(leases.c.name))).all()) == 1


async def test_holder_that_was_displaced_stops_between_two_batches(harness: Harness) -> None:
    await fill(harness)
    hands = Hands()
    lease, other = lease_of(harness, hands), lease_of(harness, hands)

    async def displace(_: float) -> None:
        """Asleep for long enough that another one has taken over."""
        await other.hold()
        hands.now += LAPSE_SECONDS
        await other.hold()

    keeper = Maintenance(harness.services, lease, time_percent=20, pause=displace, monotonic=hands.monotonic)
    deleted = await keeper.purge_expired()

    assert sum(deleted.values()) <= BATCH_ROWS
