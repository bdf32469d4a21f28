"""What is deleted because its time is over: all of it, batch by batch, by one process at a time."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from db.engine import Database, DatabaseUnavailableError
from db.tables import audit_events, leases, sessions, sms_messages, state_entries
from gateway.lease import Lease
from gateway.maintenance import BATCH_ROWS, LAPSE_SECONDS, Maintenance
from resolvers.context import Services
from resolvers.ports import StateStoreError
from tests.doors.house import House

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


def lease_of(house: House, hands: Hands) -> Lease:
    return Lease(
        house.services.database, "maintenance", lapse_seconds=LAPSE_SECONDS, monotonic=lambda: hands.now
    )


def maintenance(
    house: House, *, hands: Hands | None = None, lease: Lease | None = None, services: Services | None = None
) -> Maintenance:
    hands = hands or Hands()
    return Maintenance(
        services or house.services,
        lease or lease_of(house, hands),
        time_percent=20,
        pause=hands.pause,
        monotonic=hands.monotonic,
    )


async def fill(house: House) -> None:
    """Rows whose time is over, and some whose time is not, in every table that is purged."""
    account = await house.make_account(MOBILE)
    assert account
    now = house.clock()
    long_ago = now - timedelta(days=house.settings.audit_days, seconds=1)
    async with house.services.database.writing() as connection:
        account_id = await connection.scalar(select(sessions.c.account_id))
        for count, ended, recorded in (
            (EXPIRED, now - timedelta(hours=1), long_ago),
            (ALIVE, now + timedelta(hours=1), now),
        ):
            await connection.execute(insert(sessions), session_rows(count, account_id, ended))
            await connection.execute(insert(audit_events), audit_rows(count, recorded))
            await connection.execute(insert(sms_messages), sms_rows(count, recorded))
            await connection.execute(insert(state_entries), state_rows(count, ended))


def session_rows(count: int, account_id: int | None, at: datetime) -> list[dict[str, Any]]:
    row = {"account_id": account_id, "created_at": at, "slid_at": at, "expires_at": at}
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


async def test_everything_that_is_over_goes_and_nothing_else(house: House) -> None:
    await fill(house)

    deleted = await maintenance(house).purge_expired()

    tables = {"sessions": sessions, "audit_events": audit_events, "sms_messages": sms_messages}
    if house.redis_url is None:
        tables["state_entries"] = state_entries
        assert deleted["state_entries"] == EXPIRED
    left = {name: await count_rows(house.services.database, table) for name, table in tables.items()}
    assert {name: deleted[name] for name in ("sessions", "audit_events", "sms_messages")} == dict.fromkeys(
        ("sessions", "audit_events", "sms_messages"), EXPIRED
    )
    # One session more: that of the account itself.
    assert left == dict.fromkeys(tables, ALIVE) | {"sessions": ALIVE + 1}


async def test_one_table_that_fails_holds_no_other_up_and_gets_smaller_batches(house: House) -> None:
    await fill(house)
    state = FailingState()
    changes: dict[str, Any] = {"state": state}
    keeper = maintenance(house, services=replace(house.services, **changes))

    deleted = await keeper.purge_expired()
    await keeper.purge_expired()

    assert deleted == {
        "state_entries": 0,
        "sessions": EXPIRED,
        "audit_events": EXPIRED,
        "sms_messages": EXPIRED,
    }
    assert state.asked == [BATCH_ROWS, BATCH_ROWS // 2]


async def test_what_was_deleted_stays_deleted_when_a_later_batch_fails(house: House) -> None:
    await fill(house)
    hands = Hands()
    batches = 0

    async def pause(_: float) -> None:
        nonlocal batches
        batches += 1
        if batches == 4:
            raise DatabaseUnavailableError

    keeper = Maintenance(
        house.services, lease_of(house, hands), time_percent=20, pause=pause, monotonic=hands.monotonic
    )
    with pytest.raises(DatabaseUnavailableError):
        await keeper.purge_expired()

    assert await count_rows(house.services.database, sessions) == EXPIRED - BATCH_ROWS + ALIVE + 1


async def test_a_worker_rests_four_times_as_long_as_it_deletes(house: House) -> None:
    hands = Hands()

    await maintenance(house, hands=hands).purge_expired()

    assert hands.pauses
    assert set(hands.pauses) == {0.4}


async def test_one_process_at_a_time_deletes(house: House) -> None:
    await fill(house)
    hands = Hands()
    await maintenance(house, lease=lease_of(house, hands)).purge_expired()
    await fill_again(house)

    deleted = await maintenance(house, lease=lease_of(house, hands)).purge_expired()

    assert sum(deleted.values()) == 0


async def fill_again(house: House) -> None:
    long_ago = house.clock() - timedelta(days=house.settings.audit_days, seconds=1)
    async with house.services.database.writing() as connection:
        await connection.execute(insert(audit_events), audit_rows(1, long_ago))


async def test_lease_of_a_holder_that_died_is_taken_over_after_a_while(house: House) -> None:
    hands = Hands()
    dead, heir = lease_of(house, hands), lease_of(house, hands)
    assert await dead.hold()
    assert not await heir.hold()

    hands.now += LAPSE_SECONDS - 1
    assert not await heir.hold()
    hands.now += 1

    assert await heir.hold()
    assert not await dead.hold()


async def test_holder_that_lives_keeps_the_lease_however_wrong_its_clock_is(house: House) -> None:
    right, wrong = Hands(), Hands()
    wrong.now = 10_000_000
    holder, other = lease_of(house, right), lease_of(house, wrong)

    for _ in range(5):
        assert await holder.hold()
        assert not await other.hold()
        right.now += 60
        wrong.now += 60


async def test_lease_that_was_given_back_is_free_at_once(house: House) -> None:
    hands = Hands()
    first, second = lease_of(house, hands), lease_of(house, hands)
    await first.hold()
    await second.release()
    assert not await second.hold()

    await first.release()

    assert await second.hold()
    async with house.services.database.reading() as connection:
        assert len((await connection.execute(select(leases.c.name))).all()) == 1


async def test_holder_that_was_displaced_stops_between_two_batches(house: House) -> None:
    await fill(house)
    hands = Hands()
    lease, other = lease_of(house, hands), lease_of(house, hands)

    async def displace(_: float) -> None:
        """Asleep for long enough that another one has taken over."""
        await other.hold()
        hands.now += LAPSE_SECONDS
        await other.hold()

    keeper = Maintenance(house.services, lease, time_percent=20, pause=displace, monotonic=hands.monotonic)
    deleted = await keeper.purge_expired()

    assert sum(deleted.values()) <= BATCH_ROWS
