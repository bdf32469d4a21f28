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
from resolvers.auth_methods import AuthMethod
from resolvers.avatars import upload_avatar
from resolvers.context import Context
from resolvers.errors import ServiceUnavailableError
from resolvers.identities import submit_auth
from resolvers.limits import Limit, Limits
from resolvers.profiles import update_name
from resolvers.sessions import MAXIMUM_LIVE, Authentication, begin_session
from resolvers.sign_in import login
from tests.doors.door import Door, Outcome
from tests.doors.fakes import ThreadPictureMaker
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD, REAL_NAME, sign_up
from tests.doors.harness import Harness
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


def failing(harness: Harness, token: str | None = None) -> Context:
    """A request that meets that database."""
    database = cast("Database", ReadOnlyDatabase(harness.services.database))
    return Context(replace(harness.services, database=database), token=token)


def crowd(harness: Harness, token: str, size: int = 50) -> list[Door]:
    return [harness.open_door(KINDS[turn % 2], token=token) for turn in range(size)]


async def use(harness: Harness, limit: Limit, door: Door, times: int) -> None:
    """What the account behind `door` has done before."""
    me = (await door.me()).values
    subject = me["mobile"] if limit.subject == "mobile" else str((await harness.account(me["mobile"])).id)
    for _ in range(times):
        await Context(harness.services).consuming().use(limit, subject)


async def begin_sessions(harness: Harness, door: Door, count: int) -> None:
    """Sessions of the account behind `door`, each a second younger than the last."""
    account_id = (await harness.account((await door.me()).values["mobile"])).id
    for _ in range(count):
        harness.clock.advance(1)
        async with harness.services.database.writing() as connection:
            authentication = Authentication(AuthMethod.PASSWORD, harness.clock())
            await begin_session(connection, account_id=account_id, authentication=authentication)


async def sign_in(harness: Harness, turn: int) -> Outcome:
    return await harness.open_door(KINDS[turn % 2], address=f"10.0.0.{turn + 1}").login(MOBILE, PASSWORD)


def is_limited(outcome: Outcome, seconds: int) -> bool:
    return outcome.is_refused_as("RATE_LIMITED") and outcome.retry_after_seconds == seconds


async def test_60_sessions_an_hour_begin_for_one_account(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await sign_up(harness, door)
    await sign_up(harness, harness.open_door(kind, address="203.0.113.1"), OTHER_MOBILE)
    # Its registration began the first one.
    await use(harness, Limits().new_session, door, 56)
    signed_in = [await sign_in(harness, turn) for turn in range(2)]
    last = await asyncio.gather(*(sign_in(harness, turn) for turn in range(4)))
    refused = await harness.open_door(kind).login(MOBILE, PASSWORD)
    other = await harness.open_door(kind).login(OTHER_MOBILE, PASSWORD)
    harness.clock.advance(HOUR)

    assert all(signed_in)
    assert sum(map(bool, last)) == 1
    assert is_limited(refused, HOUR)
    assert not refused.is_address_limit
    assert other
    assert await harness.open_door(kind).login(MOBILE, PASSWORD)


async def test_the_limit_on_sessions_is_told_only_to_who_knows_the_password(
    harness: Harness, kind: str
) -> None:
    door = harness.open_door(kind)
    await sign_up(harness, door)
    await use(harness, Limits().new_session, door, 59)

    assert (await harness.open_door(kind).login(MOBILE, "not the password")).is_refused_as(
        "WRONG_CREDENTIALS"
    )


async def test_right_passwords_are_600_an_hour_with_and_without_a_session(harness: Harness) -> None:
    door = harness.open_door("graphql")
    await sign_up(harness, door)
    await use(harness, Limits().right_password, door, 598)
    query = {"mobile": MOBILE, "password": PASSWORD}
    client = harness.client()
    served = (await client.get("/api/profile", params=query)).json()["errno"]
    assert (await harness.open_door("rest").login(MOBILE, "not the password")).is_refused_as(
        "WRONG_CREDENTIALS"
    )
    assert await harness.open_door("rest").login(MOBILE, PASSWORD)
    hashes = harness.hasher.computations
    refused = (await client.get("/api/profile", params=query)).json()

    assert served == 0
    assert (refused["errno"], refused["retry_after"]) == (4201, HOUR)
    assert is_limited(await harness.open_door("graphql").login(MOBILE, PASSWORD), HOUR)
    assert harness.hasher.computations == hashes
    harness.clock.advance(HOUR)
    assert (await client.get("/api/profile", params=query)).json()["errno"] == 0


async def test_of_more_than_50_live_sessions_the_oldest_ends(harness: Harness, kind: str) -> None:
    first, second = harness.open_door(kind), harness.open_door(kind)
    await sign_up(harness, first)
    harness.clock.advance(1)
    await second.login(MOBILE, PASSWORD)
    await begin_sessions(harness, second, MAXIMUM_LIVE - 2)
    harness.clock.advance(1)
    assert (await first.me()).is_ok

    newest = harness.open_door(kind)
    await newest.login(MOBILE, PASSWORD)

    assert (await first.me()).is_refused_as("UNAUTHENTICATED")
    assert (await second.me()).is_ok
    assert (await newest.me()).is_ok
    assert len((await harness.records())["sessions"]) == MAXIMUM_LIVE


async def test_sign_ins_at_once_leave_no_more_than_50_live_sessions(harness: Harness) -> None:
    door = harness.open_door("rest")
    await sign_up(harness, door)
    await begin_sessions(harness, door, MAXIMUM_LIVE - 3)
    for turn in range(0, 10, 5):
        assert all(await asyncio.gather(*(sign_in(harness, turn + one) for one in range(5))))

    assert len((await harness.records())["sessions"]) == MAXIMUM_LIVE


async def test_sign_in_on_top_of_a_session_ends_no_other(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await sign_up(harness, door)
    await begin_sessions(harness, door, MAXIMUM_LIVE - 1)
    before = (await harness.records())["sessions"]
    await door.login(MOBILE, PASSWORD)

    assert len(before) == len((await harness.records())["sessions"]) == MAXIMUM_LIVE
    assert len(set(before) & set((await harness.records())["sessions"])) == MAXIMUM_LIVE - 1


async def test_an_account_is_renamed_ten_times_a_day(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    doors = crowd(harness, token)
    outcomes = await asyncio.gather(*(door.update_name(f"name {turn}") for turn, door in enumerate(doors)))
    other = harness.open_door("rest", token=await harness.make_account(OTHER_MOBILE))

    assert sum(map(bool, outcomes)) == 10
    assert all(is_limited(outcome, DAY) for outcome in outcomes if not outcome)
    assert await other.update_name("another")
    harness.clock.advance(DAY)
    assert await harness.open_door("rest", token=token).update_name("tomorrow")


async def test_a_name_that_is_refused_or_ones_own_is_no_renaming(harness: Harness, kind: str) -> None:
    await harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE)).update_name("taken")
    door = harness.open_door(kind, token=await harness.make_account(MOBILE))
    for name in ["taken", "<b>", "18736008450"] * 10:
        await door.update_name(name)

    assert all([await door.update_name(f"name {turn}") for turn in range(10)])
    assert await door.update_name("name 9")
    assert is_limited(await door.update_name("name 10"), DAY)


async def test_an_account_gets_ten_pictures_an_hour(harness: Harness, kind: str) -> None:
    token = await harness.make_account(MOBILE)
    for turn in range(5):
        for door in crowd(harness, token, 2):
            assert (await door.upload_avatar(b"no picture")).is_refused_as("INVALID_IMAGE")
            assert await door.upload_avatar(picture(colour=(turn, 0, 0)))
    door = harness.open_door(kind, token=token)

    assert is_limited(await door.upload_avatar(picture()), HOUR)
    harness.clock.advance(HOUR)
    assert await door.upload_avatar(picture())


async def test_pictures_that_cost_work_for_nothing_are_twenty_an_hour(harness: Harness, kind: str) -> None:
    maker = cast("ThreadPictureMaker", harness.services.pictures)
    door = harness.open_door(kind, token=await harness.make_account(MOBILE))
    await use(harness, Limits().refused_picture, door, 16)
    assert (await door.upload_avatar(b"no picture")).is_refused_as("INVALID_IMAGE")
    maker.is_too_slow = True
    for _ in range(3):
        assert (await door.upload_avatar(picture())).retry_after_seconds == 5
    maker.is_too_slow = False

    assert is_limited(await door.upload_avatar(picture()), HOUR)
    harness.clock.advance(HOUR)
    assert await door.upload_avatar(picture())


async def test_pictures_that_are_shown_or_refused_without_work_are_no_refused_ones(
    harness: Harness, kind: str
) -> None:
    maker = cast("ThreadPictureMaker", harness.services.pictures)
    door = harness.open_door(kind, token=await harness.make_account(MOBILE))
    await use(harness, Limits().refused_picture, door, 19)
    maker.is_crowded = True
    for _ in range(2):
        assert (await door.upload_avatar(picture())).is_refused_as("RATE_LIMITED")
    maker.is_crowded = False

    assert await door.upload_avatar(picture())
    assert (await door.upload_avatar(b"no picture")).is_refused_as("INVALID_IMAGE")
    assert is_limited(await door.upload_avatar(picture()), HOUR)


async def test_pictures_at_once_are_ten_at_most(harness: Harness) -> None:
    doors = crowd(harness, await harness.make_account(MOBILE))
    outcomes = await asyncio.gather(*(door.upload_avatar(picture()) for door in doors))

    assert sum(map(bool, outcomes)) <= 10
    assert all(outcome.is_refused_as("RATE_LIMITED") for outcome in outcomes if not outcome)


@pytest.mark.parametrize("tried", [MALFORMED, ID_NUMBER], ids=["malformed", "taken"])
async def test_an_account_tries_five_id_numbers_a_day(harness: Harness, kind: str, tried: str) -> None:
    await harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE)).submit_auth(
        REAL_NAME, ID_NUMBER
    )
    token = await harness.make_account(MOBILE)
    outcomes = await asyncio.gather(*(door.submit_auth("李四", tried) for door in crowd(harness, token)))
    door = harness.open_door(kind, token=token)
    right = "110105194912310038"

    judged = {"INVALID_INPUT"} if tried == MALFORMED else {"ID_NUMBER_REFUSED"}
    assert sum(bool(judged & outcome.refusals) for outcome in outcomes) == 5
    assert sum(is_limited(outcome, DAY) for outcome in outcomes) == 45
    assert is_limited(await door.submit_auth("李四", right), DAY)
    harness.clock.advance(DAY)
    assert await door.submit_auth("李四", right)


async def test_a_second_record_and_a_malformed_name_are_no_tries(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind, token=await harness.make_account(MOBILE))
    for _ in range(10):
        assert (await door.submit_auth("王", ID_NUMBER)).is_refused_as("INVALID_INPUT")
    assert await door.submit_auth(REAL_NAME, ID_NUMBER)
    for _ in range(10):
        assert (await door.submit_auth(REAL_NAME, ID_NUMBER)).is_refused_as("AUTH_ALREADY_SUBMITTED")


async def test_what_the_database_could_not_do_costs_nothing(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    await sign_up(harness, door)
    token = (await login(Context(harness.services), mobile=MOBILE, password=PASSWORD)).session.token
    limits = Limits()
    for limit in (limits.new_session, limits.rename, limits.avatar, limits.id_number):
        # All but one, or three of the sessions: two began above, and one shall begin.
        await use(harness, limit, door, limit.maximum - (3 if limit is limits.new_session else 1))
    for _ in range(2):
        with pytest.raises(ServiceUnavailableError):
            await login(failing(harness), mobile=MOBILE, password=PASSWORD)
        with pytest.raises(ServiceUnavailableError):
            await update_name(failing(harness, token), name="小明")
        with pytest.raises(ServiceUnavailableError):
            await upload_avatar(
                failing(harness, token), image=UploadFile(BytesIO(picture()), size=len(picture()))
            )
        with pytest.raises(ServiceUnavailableError):
            await submit_auth(failing(harness, token), real_name=REAL_NAME, id_number=ID_NUMBER)

    assert await door.login(MOBILE, PASSWORD)
    assert await door.update_name("小明")
    assert await door.upload_avatar(picture())
    assert await door.submit_auth(REAL_NAME, ID_NUMBER)
