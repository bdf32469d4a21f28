"""Races of the deeds that need a proof: one code, one token, one password, whoever comes at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from db.credentials import set_password
from db.engine import Connection, Database
from tests.doors.conftest import BuildHarness
from tests.doors.credential_flows import NEW_PASSWORD, receive, registered
from tests.doors.door import Outcome
from tests.doors.flows import MOBILE, PASSWORD, receive_code
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.test_races import CALLERS, EndlessCodes, all_at_once, strays
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio


def crowd(harness: Harness, *, token: str | None = None, size: int = CALLERS) -> list[GraphQLDoor]:
    """So many clients, each at an address of its own."""
    return [harness.graphql(address=f"10.0.0.{turn + 1}", token=token) for turn in range(size)]


async def count_sessions(harness: Harness) -> int:
    return len((await harness.records())["sessions"])


async def find_fitting(harness: Harness, passwords: list[str]) -> list[str]:
    """Which of them sign in."""
    return [one for one in passwords if await harness.graphql(address="203.0.113.9").login(MOBILE, one)]


async def test_one_of_fifty_resets_with_one_code(harness: Harness) -> None:
    owner = await registered(harness)
    code = await receive(harness, owner, "RESET_PASSWORD")
    doors = crowd(harness)
    outcomes = await asyncio.gather(
        *(door.reset_password(MOBILE, code, f"{NEW_PASSWORD} {turn}") for turn, door in enumerate(doors))
    )
    winners = [turn for turn, outcome in enumerate(outcomes) if outcome.is_ok]

    assert len(winners) == 1
    others = [one for one in outcomes if not one.is_ok]
    assert strays(others, "SMS_CODE_EXPIRED", "RATE_LIMITED") == []
    assert (await harness.events()).count("password-reset") == 1
    assert await count_sessions(harness) == 0
    assert await find_fitting(harness, [PASSWORD, f"{NEW_PASSWORD} {winners[0]}"]) == [
        f"{NEW_PASSWORD} {winners[0]}"
    ]


async def test_one_of_fifty_signs_in_with_one_code(harness: Harness) -> None:
    code = await receive(harness, harness.graphql(), "LOGIN")
    winners, others = await all_at_once([door.login_with_sms_code(MOBILE, code) for door in crowd(harness)])

    assert winners == 1
    assert strays(others, "SMS_CODE_EXPIRED", "RATE_LIMITED") == []
    records = await harness.records()
    assert (len(records["accounts"]), len(records["sessions"])) == (1, 1)


async def test_registration_by_either_code_makes_one_account(build_harness: BuildHarness) -> None:
    """The database alone must decide, where codes would not."""
    async with build_harness(wrap_state=EndlessCodes) as harness:
        door = harness.graphql()
        to_register, _ = await receive_code(harness, door)
        to_sign_in = await receive(harness, door, "LOGIN")
        doors = crowd(harness)
        winners, others = await all_at_once(
            [
                one.register(MOBILE, to_register, PASSWORD)
                if turn % 2
                else one.login_with_sms_code(MOBILE, to_sign_in)
                for turn, one in enumerate(doors)
            ]
        )
        records = await harness.records()
        made = (await harness.events()).count("register")

    assert strays(others, "MOBILE_TAKEN", "RATE_LIMITED") == []
    # Who brings the code to sign in is signed in, whoever made the account.
    assert winners in {CALLERS // 2, CALLERS // 2 + 1}
    assert made == 1
    assert len(records["accounts"]) == 1
    assert len(records["sessions"]) == winners


@pytest.mark.parametrize("deed", ["changePassword", "reauthenticate"])
async def test_one_of_fifty_exchanges_the_token_of_a_session(harness: Harness, deed: str) -> None:
    owner = await registered(harness)
    doors = crowd(harness, token=token_of(owner))
    winners, others = await all_at_once(
        [
            door.change_password(PASSWORD, f"{NEW_PASSWORD} {turn}")
            if deed == "changePassword"
            else door.reauthenticate(password=PASSWORD)
            for turn, door in enumerate(doors)
        ]
    )

    assert winners == 1
    assert strays(others, "UNAUTHENTICATED", "RATE_LIMITED", "WRONG_CREDENTIALS") == []
    assert await count_sessions(harness) == 1
    assert not (await owner.me()).is_ok


@pytest.mark.parametrize("turn", range(3))
async def test_no_session_outlives_a_reset_that_runs_beside_sign_ins(harness: Harness, turn: int) -> None:
    owner = await registered(harness)
    code = await receive(harness, owner, "RESET_PASSWORD")
    doors = crowd(harness, size=5)
    calls: list[Awaitable[Outcome]] = [door.login(MOBILE, PASSWORD) for door in doors[:4]]
    calls.insert(turn, doors[4].reset_password(MOBILE, code, NEW_PASSWORD))
    outcomes = await asyncio.gather(*calls)

    assert outcomes[turn].is_ok, outcomes[turn]
    assert await count_sessions(harness) == 0
    assert await find_fitting(harness, [PASSWORD, NEW_PASSWORD]) == [NEW_PASSWORD]


@pytest.mark.parametrize("turn", range(3))
async def test_of_a_reset_and_a_change_at_once_one_password_and_its_sessions_are_left(
    harness: Harness, turn: int
) -> None:
    owner = await registered(harness)
    code = await receive(harness, owner, "RESET_PASSWORD")
    doors = crowd(harness, size=3)
    calls: list[Awaitable[Outcome]] = [door.login(MOBILE, PASSWORD) for door in doors[:2]]
    calls.insert(turn, owner.change_password(PASSWORD, "a changed horse 44"))
    calls.insert(turn + 1, doors[2].reset_password(MOBILE, code, NEW_PASSWORD))
    outcomes = await asyncio.gather(*calls)

    # A change that was first has made the code void.
    reset = outcomes[turn + 1]
    assert reset.is_ok or (reset.is_refused_as("SMS_CODE_EXPIRED") and outcomes[turn].is_ok), reset
    assert await count_sessions(harness) == (0 if reset.is_ok else 1)
    left = NEW_PASSWORD if reset.is_ok else "a changed horse 44"
    assert await find_fitting(harness, [PASSWORD, "a changed horse 44", NEW_PASSWORD]) == [left]


class MeddledDatabase:
    """Somebody changes the password after it was judged and before anything is written for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.meddle: Callable[[Connection], Awaitable[None]] | None = None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            async with self._database.writing() as connection:
                await meddle(connection)
        async with self._database.writing() as connection:
            yield connection

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a database has
        return getattr(self._database, name)


@pytest.mark.parametrize("deed", ["login", "reauthenticate", "changePassword"])
async def test_password_that_is_another_by_now_opens_nothing(build_harness: BuildHarness, deed: str) -> None:
    meddled: list[Any] = []

    def wrap(database: Database) -> Any:  # noqa: ANN401 - stands in for one
        meddled.append(MeddledDatabase(database))
        return meddled[-1]

    async with build_harness(wrap_database=wrap) as harness:
        owner = await registered(harness)
        account = await harness.account(MOBILE)
        fresh = harness.hasher.hash(NEW_PASSWORD)

        async def change(connection: Connection) -> None:
            await set_password(connection, account.id, fresh, harness.clock())

        meddled[-1].meddle = change
        deeds = {
            "login": lambda: harness.graphql().login(MOBILE, PASSWORD),
            "reauthenticate": lambda: owner.reauthenticate(password=PASSWORD),
            "changePassword": lambda: owner.change_password(PASSWORD, "a changed horse 44"),
        }
        refused = await deeds[deed]()

        assert refused.is_refused_as("WRONG_CREDENTIALS")
        assert await count_sessions(harness) == 1
        assert await find_fitting(harness, [PASSWORD, "a changed horse 44", NEW_PASSWORD]) == [NEW_PASSWORD]
