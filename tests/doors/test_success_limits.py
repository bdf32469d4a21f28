"""What succeeds is limited too, at both doors together; what could not be done costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from typing import cast

import pytest
from starlette.datastructures import UploadFile

from db.engine import Connection, Database, DatabaseUnavailableError
from resolvers.avatars import upload_avatar
from resolvers.context import Context
from resolvers.errors import ServiceUnavailableError
from resolvers.identities import submit_auth
from resolvers.limits import Limit, Limits
from resolvers.profiles import update_name
from resolvers.sessions import MAXIMUM_LIVE, begin_session
from resolvers.sign_in import login
from tests.doors.door import Door, Outcome
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD, REAL_NAME, sign_up
from tests.doors.house import House
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio

HOUR = 3600
DAY = 86_400
KINDS = ("graphql", "rest")
MALFORMED = "11010519491231002"


class ReadOnlyDatabase:
    """A database whose every write fails at its end, as in a fail-over."""

    def __init__(self, database: Database) -> None:
        self.reading = database.reading
        self._writing = database.writing

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        async with self._writing() as connection:
            yield connection
            raise DatabaseUnavailableError("read-only")


def failing(house: House, token: str | None = None) -> Context:
    """A request that meets that database."""
    database = cast("Database", ReadOnlyDatabase(house.services.database))
    return Context(replace(house.services, database=database), token=token)


def crowd(house: House, token: str, size: int = 50) -> list[Door]:
    return [house.open_door(KINDS[turn % 2], token=token) for turn in range(size)]


async def use(house: House, limit: Limit, door: Door, times: int) -> None:
    """What the account behind `door` has done before."""
    me = (await door.me()).values
    subject = me["mobile"] if limit.subject == "mobile" else me["id"]
    for _ in range(times):
        await Context(house.services).consuming().use(limit, subject)


async def begin_sessions(house: House, door: Door, count: int) -> None:
    """Sessions of the account behind `door`, each a second younger than the last."""
    account_id = int((await door.me()).values["id"])
    for _ in range(count):
        house.clock.advance(1)
        async with house.services.database.writing() as connection:
            await begin_session(connection, account_id=account_id, now=house.clock())


async def sign_in(house: House, turn: int) -> Outcome:
    return await house.open_door(KINDS[turn % 2], address=f"10.0.0.{turn + 1}").login(MOBILE, PASSWORD)


def is_limited(outcome: Outcome, seconds: int) -> bool:
    return outcome.is_refused_as("RATE_LIMITED") and outcome.retry_after_seconds == seconds


async def test_60_sessions_an_hour_begin_for_one_account(house: House, kind: str) -> None:
    door = house.open_door(kind)
    await sign_up(house, door)
    await sign_up(house, house.open_door(kind, address="203.0.113.1"), OTHER_MOBILE)
    # Its registration began the first one.
    await use(house, Limits().new_session, door, 56)
    signed_in = [await sign_in(house, turn) for turn in range(2)]
    last = await asyncio.gather(*(sign_in(house, turn) for turn in range(4)))
    refused = await house.open_door(kind).login(MOBILE, PASSWORD)
    other = await house.open_door(kind).login(OTHER_MOBILE, PASSWORD)
    house.clock.advance(HOUR)

    assert all(signed_in)
    assert sum(map(bool, last)) == 1
    assert is_limited(refused, HOUR)
    assert not refused.is_address_limit
    assert other
    assert await house.open_door(kind).login(MOBILE, PASSWORD)


async def test_the_limit_on_sessions_is_told_only_to_who_knows_the_password(house: House, kind: str) -> None:
    door = house.open_door(kind)
    await sign_up(house, door)
    await use(house, Limits().new_session, door, 59)

    assert (await house.open_door(kind).login(MOBILE, "not the password")).is_refused_as("WRONG_CREDENTIALS")


async def test_of_more_than_50_live_sessions_the_oldest_ends(house: House, kind: str) -> None:
    first, second = house.open_door(kind), house.open_door(kind)
    await sign_up(house, first)
    house.clock.advance(1)
    await second.login(MOBILE, PASSWORD)
    await begin_sessions(house, second, MAXIMUM_LIVE - 2)
    house.clock.advance(1)
    assert (await first.me()).is_ok

    newest = house.open_door(kind)
    await newest.login(MOBILE, PASSWORD)

    assert (await first.me()).is_refused_as("UNAUTHENTICATED")
    assert (await second.me()).is_ok
    assert (await newest.me()).is_ok
    assert len((await house.records())["sessions"]) == MAXIMUM_LIVE


async def test_sign_ins_at_once_leave_no_more_than_50_live_sessions(house: House) -> None:
    door = house.open_door("rest")
    await sign_up(house, door)
    await begin_sessions(house, door, MAXIMUM_LIVE - 3)
    for turn in range(0, 10, 5):
        assert all(await asyncio.gather(*(sign_in(house, turn + one) for one in range(5))))

    assert len((await house.records())["sessions"]) == MAXIMUM_LIVE


async def test_sign_in_on_top_of_a_session_ends_no_other(house: House, kind: str) -> None:
    door = house.open_door(kind)
    await sign_up(house, door)
    await begin_sessions(house, door, MAXIMUM_LIVE - 1)
    before = (await house.records())["sessions"]
    await door.login(MOBILE, PASSWORD)

    assert len(before) == len((await house.records())["sessions"]) == MAXIMUM_LIVE
    assert len(set(before) & set((await house.records())["sessions"])) == MAXIMUM_LIVE - 1


async def test_an_account_is_renamed_ten_times_a_day(house: House) -> None:
    token = await house.make_account(MOBILE)
    doors = crowd(house, token)
    outcomes = await asyncio.gather(*(door.update_name(f"name {turn}") for turn, door in enumerate(doors)))
    other = house.open_door("rest", token=await house.make_account(OTHER_MOBILE))

    assert sum(map(bool, outcomes)) == 10
    assert all(is_limited(outcome, DAY) for outcome in outcomes if not outcome)
    assert await other.update_name("another")
    house.clock.advance(DAY)
    assert await house.open_door("rest", token=token).update_name("tomorrow")


async def test_a_name_that_is_refused_or_ones_own_is_no_renaming(house: House, kind: str) -> None:
    await house.open_door(kind, token=await house.make_account(OTHER_MOBILE)).update_name("taken")
    door = house.open_door(kind, token=await house.make_account(MOBILE))
    for name in ["taken", "<b>", "18736008450"] * 10:
        await door.update_name(name)

    assert all([await door.update_name(f"name {turn}") for turn in range(10)])
    assert await door.update_name("name 9")
    assert is_limited(await door.update_name("name 10"), DAY)


async def test_an_account_gets_ten_pictures_an_hour(house: House, kind: str) -> None:
    token = await house.make_account(MOBILE)
    for turn in range(5):
        for door in crowd(house, token, 2):
            assert (await door.upload_avatar(b"no picture")).is_refused_as("INVALID_IMAGE")
            assert await door.upload_avatar(picture(colour=(turn, 0, 0)))
    door = house.open_door(kind, token=token)

    assert is_limited(await door.upload_avatar(picture()), HOUR)
    house.clock.advance(HOUR)
    assert await door.upload_avatar(picture())


async def test_pictures_at_once_are_ten_at_most(house: House) -> None:
    doors = crowd(house, await house.make_account(MOBILE))
    outcomes = await asyncio.gather(*(door.upload_avatar(picture()) for door in doors))

    assert sum(map(bool, outcomes)) <= 10
    assert all(outcome.is_refused_as("RATE_LIMITED") for outcome in outcomes if not outcome)


@pytest.mark.parametrize("tried", [MALFORMED, ID_NUMBER], ids=["malformed", "taken"])
async def test_an_account_tries_five_id_numbers_a_day(house: House, kind: str, tried: str) -> None:
    await house.open_door(kind, token=await house.make_account(OTHER_MOBILE)).submit_auth(
        REAL_NAME, ID_NUMBER
    )
    token = await house.make_account(MOBILE)
    outcomes = await asyncio.gather(*(door.submit_auth("李四", tried) for door in crowd(house, token)))
    door = house.open_door(kind, token=token)
    right = "110105194912310038"

    judged = {"INVALID_INPUT"} if tried == MALFORMED else {"ID_NUMBER_REFUSED"}
    assert sum(bool(judged & outcome.refusals) for outcome in outcomes) == 5
    assert sum(is_limited(outcome, DAY) for outcome in outcomes) == 45
    assert is_limited(await door.submit_auth("李四", right), DAY)
    house.clock.advance(DAY)
    assert await door.submit_auth("李四", right)


async def test_a_second_record_and_a_malformed_name_are_no_tries(house: House, kind: str) -> None:
    door = house.open_door(kind, token=await house.make_account(MOBILE))
    for _ in range(10):
        assert (await door.submit_auth("王", ID_NUMBER)).is_refused_as("INVALID_INPUT")
    assert await door.submit_auth(REAL_NAME, ID_NUMBER)
    for _ in range(10):
        assert (await door.submit_auth(REAL_NAME, ID_NUMBER)).is_refused_as("AUTH_ALREADY_SUBMITTED")


async def test_what_the_database_could_not_do_costs_nothing(house: House, kind: str) -> None:
    door = house.open_door(kind)
    await sign_up(house, door)
    token = (await login(Context(house.services), mobile=MOBILE, password=PASSWORD)).session.token
    limits = Limits()
    for limit in (limits.new_session, limits.rename, limits.avatar, limits.id_number):
        # All but one, or three of the sessions: two began above, and one shall begin.
        await use(house, limit, door, limit.maximum - (3 if limit is limits.new_session else 1))
    for _ in range(2):
        with pytest.raises(ServiceUnavailableError):
            await login(failing(house), mobile=MOBILE, password=PASSWORD)
        with pytest.raises(ServiceUnavailableError):
            await update_name(failing(house, token), name="小明")
        with pytest.raises(ServiceUnavailableError):
            await upload_avatar(
                failing(house, token), image=UploadFile(BytesIO(picture()), size=len(picture()))
            )
        with pytest.raises(ServiceUnavailableError):
            await submit_auth(failing(house, token), real_name=REAL_NAME, id_number=ID_NUMBER)

    assert await door.login(MOBILE, PASSWORD)
    assert await door.update_name("小明")
    assert await door.upload_avatar(picture())
    assert await door.submit_auth(REAL_NAME, ID_NUMBER)
