"""A person is told what happened to the account, in words, and nothing of others."""

import pytest
from sqlalchemy import update

from db.tables import audit_events
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.events import EventKind
from resolvers.operators import reset_identity
from resolvers.security_events import EVENT_TEXTS
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD, REAL_NAME, sign_up
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.own_sessions import browser, list_events
from tests.doors.test_own_sessions import CHROME, FIREFOX

pytestmark = pytest.mark.anyio

ALL = "at kind message address deviceName"


@pytest.fixture
async def door(harness: Harness) -> GraphQLDoor:
    door = browser(harness, CHROME)
    await sign_up(harness, door)
    return door


def test_each_kind_has_a_text_of_its_own_in_both_languages() -> None:
    assert set(EVENT_TEXTS) == set(EventKind)
    for texts in zip(*EVENT_TEXTS.values(), strict=True):
        assert len(set(texts)) == len(EventKind)
    assert all(english.isascii() and not chinese.isascii() for english, chinese in EVENT_TEXTS.values())


async def test_events_are_told_newest_first(harness: Harness, door: GraphQLDoor) -> None:
    harness.clock.advance(5)
    await door.update_name("somebody")

    assert await list_events(door, ALL) == [
        {
            "at": "2026-03-01T12:00:05+00:00",
            "kind": "RENAMED",
            "message": "The name was changed.",
            "address": "198.51.100.*",
            "deviceName": "Chrome on Windows",
        },
        {
            "at": "2026-03-01T12:00:00+00:00",
            "kind": "REGISTERED",
            "message": "The account was registered.",
            "address": "198.51.100.*",
            "deviceName": "Chrome on Windows",
        },
    ]


async def test_events_are_told_in_the_language_of_the_page(door: GraphQLDoor) -> None:
    door.client.headers["accept-language"] = "zh"

    assert await list_events(door, "message") == [{"message": "注册了账号"}]


async def test_attempt_of_a_stranger_is_told_without_the_end_of_the_address(
    harness: Harness, door: GraphQLDoor
) -> None:
    await browser(harness, FIREFOX, address="203.0.113.77").login(MOBILE, "a wrong password")

    event, _ = await list_events(door, "kind address deviceName")
    assert event == {"kind": "SIGN_IN_FAILED", "address": "203.0.113.*", "deviceName": "Firefox on Linux"}


async def test_deed_of_an_operator_is_told_without_name_and_reason(
    harness: Harness, door: GraphQLDoor
) -> None:
    operator = Context(harness.services, address="console", actor=Operator("secret-operator"))
    await reset_identity(operator, mobile=MOBILE, reason="secret-reason")
    told = await list_events(door, ALL)

    assert (told[0]["kind"], told[0]["address"], told[0]["deviceName"]) == (
        "OPERATOR_RESET_IDENTITY",
        None,
        None,
    )
    assert "secret" not in str(told)


async def test_nothing_of_another_account_is_told(harness: Harness, door: GraphQLDoor) -> None:
    """Not even where the two met: the ID number is the other's."""
    other = browser(harness, FIREFOX, address="203.0.113.77")
    await sign_up(harness, other, OTHER_MOBILE)
    assert await other.submit_auth(REAL_NAME, ID_NUMBER)
    await door.submit_auth(REAL_NAME, ID_NUMBER)
    told = await list_events(door, ALL)

    assert [event["kind"] for event in told] == ["REAL_NAME_REFUSED", "REGISTERED"]
    assert {event["address"] for event in told} == {"198.51.100.*"}
    assert OTHER_MOBILE[-4:] not in str(told)


async def test_the_newest_50_are_told(harness: Harness, door: GraphQLDoor) -> None:
    for turn in range(51):
        harness.clock.advance(86_400 // 10)
        await door.update_name(f"name-{turn}")

    assert [event["kind"] for event in await list_events(door)] == ["RENAMED"] * 50


async def test_kind_of_a_newer_version_is_left_out(harness: Harness, door: GraphQLDoor) -> None:
    await door.login(MOBILE, PASSWORD)
    async with harness.services.database.writing() as connection:
        await connection.execute(
            update(audit_events).where(audit_events.c.action == "register").values(action="of-tomorrow")
        )

    assert await list_events(door) == [{"kind": "SIGNED_IN"}]


async def test_nobody_is_told_nothing(harness: Harness) -> None:
    answer = await browser(harness).post("{ me { securityEvents { kind } sessions { id } } }")

    assert answer.json() == {"data": {"me": None}}
