"""Sign-in by SMS code: the code is the proof, and an account is made where there is none."""

import re

import pytest

from db.accounts import set_locked_at
from tests.doors.conftest import BuildHarness
from tests.doors.credential_flows import ask_for, receive, registered
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, wrong
from tests.doors.harness import Harness
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio


async def test_right_code_signs_in_to_the_account_of_its_mobile(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()
    code = await receive(harness, door, "LOGIN")
    outcome = await door.login_with_sms_code(MOBILE, code)

    assert outcome.is_ok, outcome
    assert outcome.values["is_new_account"] is False
    assert (await door.me()).values["mobile"] == MOBILE
    assert len((await harness.records())["accounts"]) == 1
    assert (await harness.events())[-1] == "sign-in"


async def test_mobile_without_an_account_gets_one_whose_name_tells_nothing(harness: Harness) -> None:
    door = harness.graphql()
    outcome = await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"))
    records = await harness.records()

    assert outcome.values["is_new_account"] is True
    assert re.fullmatch("用户[0-9]{10}", (await door.me()).values["name"])
    assert (len(records["accounts"]), len(records["credentials"])) == (1, 0)
    assert await harness.events() == ["register"]


async def test_account_without_a_password_fails_as_an_unknown_one_does(harness: Harness) -> None:
    door = harness.graphql()
    await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"))
    answers = []
    for mobile in (MOBILE, OTHER_MOBILE):
        before = harness.hasher.computations
        refused = await harness.graphql().login(mobile, PASSWORD)
        answers.append((refused.response.content, harness.hasher.computations - before))

    assert answers[0] == answers[1]
    assert answers[0][1] == 1


async def test_sign_in_gives_a_fresh_session_and_ends_the_clients_old_one(harness: Harness) -> None:
    door = await registered(harness)
    old, other = token_of(door), harness.graphql(token=await harness.make_account(OTHER_MOBILE))
    assert await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"))

    assert token_of(door) != old
    assert not (await harness.graphql(token=old).me()).is_ok
    assert (await other.me()).is_ok
    assert len((await harness.records())["sessions"]) == 2


async def test_token_comes_in_the_body_where_it_was_asked_for(harness: Harness) -> None:
    door = harness.graphql()
    outcome = await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"), "BODY")

    assert "set-cookie" not in outcome.response.headers
    assert (await harness.graphql(token=outcome.values["token"]).me()).values["mobile"] == MOBILE


async def test_without_or_with_a_wrong_code_nothing_happens(harness: Harness) -> None:
    door = harness.graphql()
    missing = await door.login_with_sms_code(MOBILE, "123456")
    code = await receive(harness, door, "LOGIN")
    refused = await door.login_with_sms_code(MOBILE, wrong(code))

    assert missing.is_refused_as("SMS_CODE_EXPIRED")
    assert (refused.is_refused_as("SMS_CODE_WRONG"), refused.attempts_remaining) == (True, 4)
    assert (await harness.records())["accounts"] == []


async def test_five_wrong_codes_spend_the_code(harness: Harness) -> None:
    door = harness.graphql()
    code = await receive(harness, door, "LOGIN")
    for _ in range(5):
        assert (await door.login_with_sms_code(MOBILE, wrong(code))).is_refused_as("SMS_CODE_WRONG")

    assert not await door.login_with_sms_code(MOBILE, code)


async def test_code_is_spent_by_the_sign_in(harness: Harness) -> None:
    door = harness.graphql()
    code = await receive(harness, door, "LOGIN")
    assert await door.login_with_sms_code(MOBILE, code)

    assert (await door.login_with_sms_code(MOBILE, code)).is_refused_as("SMS_CODE_EXPIRED")


async def test_existing_makes_no_account_and_keeps_the_code_good(build_harness: BuildHarness) -> None:
    async with build_harness(sms_sign_in="existing") as harness:
        door = harness.graphql()
        code = await receive(harness, door, "LOGIN")
        refused = await door.login_with_sms_code(MOBILE, code)
        assert refused.is_refused_as("ACCOUNT_NOT_FOUND")
        assert (await harness.records())["accounts"] == []
        await harness.make_account(MOBILE)

        assert await door.login_with_sms_code(MOBILE, code)


async def test_off_neither_sends_a_code_nor_takes_one(build_harness: BuildHarness) -> None:
    async with build_harness(sms_sign_in="off") as harness:
        door = harness.graphql()
        assert (await ask_for(harness, door, "LOGIN")).is_refused_as("INVALID_INPUT")
        assert (await door.login_with_sms_code(MOBILE, "123456")).is_refused_as("INVALID_INPUT")
        assert harness.sms.messages == []
        assert await ask_for(harness, door, "RESET_PASSWORD")


async def test_locked_account_is_told_only_to_who_has_the_code(harness: Harness) -> None:
    await registered(harness)
    account = await harness.account(MOBILE)
    async with harness.services.database.writing() as connection:
        await set_locked_at(connection, account.id, harness.clock())
    door = harness.graphql()
    code = await receive(harness, door, "LOGIN")

    assert (await door.login_with_sms_code(MOBILE, wrong(code))).is_refused_as("SMS_CODE_WRONG")
    assert (await door.login_with_sms_code(MOBILE, code)).is_refused_as("ACCOUNT_LOCKED")
    assert (await harness.events())[-1] == "sign-in-locked"


async def test_sessions_of_an_hour_are_limited_here_too(harness: Harness) -> None:
    door = harness.graphql()
    limit = harness.services.policy.limits.new_session
    code = await receive(harness, door, "LOGIN")
    consumption = harness.context().consuming()
    for _ in range(limit.maximum):
        await consumption.use(limit, MOBILE)

    assert (await door.login_with_sms_code(MOBILE, code)).is_refused_as("RATE_LIMITED")
    assert (await harness.records())["accounts"] == []


async def test_registration_whose_mobile_is_a_name_already_draws_one(harness: Harness) -> None:
    """Nobody may be told for it that the mobile had an account."""
    other = await registered(harness, mobile=OTHER_MOBILE)
    await harness.rename(OTHER_MOBILE, "18736008450")
    door = await registered(harness)

    assert re.fullmatch("用户[0-9]{10}", (await door.me()).values["name"])
    assert (await other.me()).values["name"] == "18736008450"
