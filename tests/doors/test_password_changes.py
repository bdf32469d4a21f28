"""Another password: reset by a code, or changed by who has the present one."""

import itertools

import pytest

from db.accounts import set_locked_at
from resolvers.errors import ReauthenticationRequiredError
from resolvers.reauthentication import require_sudo
from tests.doors.credential_flows import NEW_PASSWORD, ask_for, notices, receive, registered, signed_in
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, wrong
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio


async def passwordless(harness: Harness) -> GraphQLDoor:
    """Somebody who has registered by SMS code."""
    door = harness.graphql(address="203.0.113.3")
    assert await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"))
    return door


async def test_forgotten_password_is_replaced_by_who_has_the_code(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()
    assert await door.reset_password(MOBILE, await receive(harness, door, "RESET_PASSWORD"), NEW_PASSWORD)

    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("WRONG_CREDENTIALS")
    assert await door.login(MOBILE, NEW_PASSWORD)
    assert "password-reset" in await harness.events()
    assert await notices(harness) == [(MOBILE, "password_changed")]


async def test_reset_ends_all_sessions_of_the_account_and_begins_none(harness: Harness) -> None:
    mine = [await registered(harness), await signed_in(harness), await signed_in(harness)]
    other = harness.graphql(token=await harness.make_account(OTHER_MOBILE))
    outcome = await mine[0].reset_password(
        MOBILE, await receive(harness, mine[0], "RESET_PASSWORD"), NEW_PASSWORD
    )

    assert outcome.values["me"] is None
    assert [(await door.me()).is_ok for door in (*mine, other)] == [False, False, False, True]
    assert len((await harness.records())["sessions"]) == 1
    # The browser is told that its cookie is worth nothing any more.
    assert [cookie.name for cookie in mine[0].client.cookies.jar] == ["device"]


async def test_who_resets_the_password_of_another_account_stays_signed_in(harness: Harness) -> None:
    await registered(harness)
    door = await registered(harness, mobile=OTHER_MOBILE)
    outcome = await door.reset_password(MOBILE, await receive(harness, door, "RESET_PASSWORD"), NEW_PASSWORD)

    assert outcome.values["id"] == (await harness.account(OTHER_MOBILE)).public_id
    assert (await door.me()).values["mobile"] == OTHER_MOBILE


async def test_reset_ends_the_pause_at_sign_in(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()
    code = await receive(harness, door, "RESET_PASSWORD")
    for _ in range(6):
        await door.login(MOBILE, "a wrong password")
    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")
    await door.reset_password(MOBILE, code, NEW_PASSWORD)

    assert await harness.graphql(address="198.51.100.2").login(MOBILE, NEW_PASSWORD)


@pytest.mark.parametrize("deed", ["reset", "change"])
async def test_live_codes_are_void_after_another_password(harness: Harness, deed: str) -> None:
    owner = await registered(harness)
    thief = harness.graphql()
    to_reset = await receive(harness, thief, "RESET_PASSWORD")
    to_sign_in = await receive(harness, thief, "LOGIN")
    to_prove = await receive(harness, owner, "REAUTHENTICATE", None)
    if deed == "reset":
        assert await thief.reset_password(MOBILE, to_reset, NEW_PASSWORD)
        owner = await signed_in(harness, password=NEW_PASSWORD)
    else:
        assert await owner.change_password(PASSWORD, NEW_PASSWORD)

    assert (await thief.login_with_sms_code(MOBILE, to_sign_in)).is_refused_as("SMS_CODE_EXPIRED")
    assert (await thief.reset_password(MOBILE, to_reset, PASSWORD)).is_refused_as("SMS_CODE_EXPIRED")
    assert (await owner.reauthenticate(smsCode=to_prove)).is_refused_as("SMS_CODE_EXPIRED")


async def test_reset_does_not_tell_whether_the_password_is_the_present_one(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()

    assert await door.reset_password(MOBILE, await receive(harness, door, "RESET_PASSWORD"), PASSWORD)


async def test_reset_without_or_with_a_wrong_code_changes_nothing(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()
    before = await harness.records()
    missing = await door.reset_password(MOBILE, "123456", NEW_PASSWORD)
    code = await receive(harness, door, "RESET_PASSWORD")
    refused = await door.reset_password(MOBILE, wrong(code), NEW_PASSWORD)

    assert missing.is_refused_as("SMS_CODE_EXPIRED")
    assert refused.is_refused_as("SMS_CODE_WRONG")
    assert await harness.records() == before


async def test_reset_of_a_mobile_without_an_account_is_told_to_who_has_the_code(harness: Harness) -> None:
    door = harness.graphql()
    code = await receive(harness, door, "RESET_PASSWORD")

    assert (await door.reset_password(MOBILE, wrong(code), NEW_PASSWORD)).is_refused_as("SMS_CODE_WRONG")
    assert (await door.reset_password(MOBILE, code, NEW_PASSWORD)).is_refused_as("ACCOUNT_NOT_FOUND")
    assert (await harness.records())["accounts"] == []


@pytest.mark.parametrize(("password", "code"), [("short", "INVALID_INPUT"), ("123456789", "WEAK_PASSWORD")])
async def test_bad_new_password_costs_no_code(harness: Harness, password: str, code: str) -> None:
    owner = await registered(harness)
    sms = await receive(harness, owner, "RESET_PASSWORD")
    refused = [
        await owner.reset_password(MOBILE, sms, password),
        await owner.change_password(PASSWORD, password),
    ]

    assert [one.refusals for one in refused] == [{code}] * 2
    assert [one.field for one in refused] == [("newPassword",)] * 2
    assert await owner.reset_password(MOBILE, sms, NEW_PASSWORD)


async def test_locked_account_gets_no_other_password(harness: Harness) -> None:
    await registered(harness)
    account = await harness.account(MOBILE)
    async with harness.services.database.writing() as connection:
        await set_locked_at(connection, account.id, harness.clock())
    door, before = harness.graphql(), await harness.records()

    refused = await door.reset_password(MOBILE, await receive(harness, door, "RESET_PASSWORD"), NEW_PASSWORD)

    assert refused.is_refused_as("ACCOUNT_LOCKED")
    assert await harness.records() == before


async def test_three_resets_a_day(harness: Harness) -> None:
    await registered(harness)
    door = harness.graphql()
    for turn in range(3):
        code = await receive(harness, door, "RESET_PASSWORD")
        assert await door.reset_password(MOBILE, code, f"{NEW_PASSWORD}{turn}")
    harness.clock.advance(3600)
    code = await receive(harness, door, "RESET_PASSWORD")
    refused = await door.reset_password(MOBILE, code, NEW_PASSWORD)

    assert refused.is_refused_as("RATE_LIMITED")
    assert await door.login(MOBILE, f"{NEW_PASSWORD}2")


async def test_notices_are_three_a_day_and_hold_nothing_up(harness: Harness) -> None:
    door = await registered(harness)
    passwords = [PASSWORD, *(f"{NEW_PASSWORD}{turn}" for turn in range(5))]
    for old, new in itertools.pairwise(passwords):
        assert await door.change_password(old, new)

    assert len(await notices(harness)) == 3


async def test_a_notice_that_the_vendor_does_not_take_changes_nothing_else(harness: Harness) -> None:
    door = await registered(harness)
    harness.sms.is_failing = True
    for old, new in ((PASSWORD, NEW_PASSWORD), (NEW_PASSWORD, PASSWORD)):
        assert await door.change_password(old, new)
        assert await notices(harness) == []
    harness.sms.is_failing = False

    assert await door.change_password(PASSWORD, NEW_PASSWORD)
    assert await notices(harness) == [(MOBILE, "password_changed")]


async def test_changed_password_ends_the_other_sessions_and_exchanges_the_own_token(
    harness: Harness,
) -> None:
    door, other = await registered(harness), await signed_in(harness)
    old = token_of(door)
    outcome = await door.change_password(PASSWORD, NEW_PASSWORD)

    assert outcome.values["mobile"] == MOBILE
    assert outcome.values["token"] is None
    assert token_of(door) != old
    assert [(await one.me()).is_ok for one in (door, other, harness.graphql(token=old))] == [
        True,
        False,
        False,
    ]
    assert len((await harness.records())["sessions"]) == 1
    assert not await harness.graphql().login(MOBILE, PASSWORD)
    assert await harness.graphql().login(MOBILE, NEW_PASSWORD)
    assert "password-change" in await harness.events()
    assert await notices(harness) == [(MOBILE, "password_changed")]


async def test_bearer_gets_its_fresh_token_in_the_body(harness: Harness) -> None:
    owner = await registered(harness)
    native = harness.graphql(token=token_of(owner))
    outcome = await native.change_password(PASSWORD, NEW_PASSWORD)

    assert "set-cookie" not in outcome.response.headers
    assert (await harness.graphql(token=outcome.values["token"]).me()).is_ok
    assert not (await native.me()).is_ok


async def test_present_password_is_wanted_and_judged(harness: Harness) -> None:
    door = await registered(harness)
    before = await harness.records()
    missing = await door.change_password(None, NEW_PASSWORD)
    refused = await door.change_password("a wrong password", NEW_PASSWORD)
    same = await door.change_password(PASSWORD, PASSWORD)

    assert missing.is_refused_as("INVALID_INPUT")
    assert missing.field == ("currentPassword",)
    assert refused.is_refused_as("WRONG_CREDENTIALS")
    assert same.is_refused_as("SAME_PASSWORD")
    assert same.field == ("newPassword",)
    assert await harness.records() == before


async def test_right_passwords_use_up_nothing(harness: Harness) -> None:
    door = await registered(harness)
    for _ in range(10):
        assert (await door.change_password(PASSWORD, PASSWORD)).is_refused_as("SAME_PASSWORD")

    assert await door.change_password(PASSWORD, NEW_PASSWORD)


async def test_same_password_is_told_only_to_who_knows_it(harness: Harness) -> None:
    door = await registered(harness)

    assert (await door.change_password("a wrong password", PASSWORD)).is_refused_as("WRONG_CREDENTIALS")


async def test_five_wrong_passwords_of_a_session_are_judged_and_hold_no_other_up(harness: Harness) -> None:
    door, other = await registered(harness), await signed_in(harness)
    for _ in range(5):
        assert (await door.change_password("wrong", NEW_PASSWORD)).is_refused_as("WRONG_CREDENTIALS")
    before = harness.hasher.computations
    assert (await door.change_password(PASSWORD, NEW_PASSWORD)).is_refused_as("RATE_LIMITED")
    assert harness.hasher.computations == before
    # Sign-in has a budget of its own.
    assert await harness.graphql().login(MOBILE, PASSWORD)
    assert await other.change_password(PASSWORD, NEW_PASSWORD)


async def test_the_mobiles_pause_does_not_hold_a_change_up(harness: Harness) -> None:
    door = await registered(harness)
    for _ in range(6):
        await harness.graphql().login(MOBILE, "a wrong password")

    assert await door.change_password(PASSWORD, NEW_PASSWORD)


async def test_nobody_changes_nothing(harness: Harness) -> None:
    await registered(harness)

    assert (await harness.graphql().change_password(PASSWORD, NEW_PASSWORD)).is_refused_as("UNAUTHENTICATED")


async def test_account_without_a_password_gets_one_under_sudo(harness: Harness) -> None:
    door = await passwordless(harness)
    harness.clock.advance(900)
    refused = await door.change_password(None, NEW_PASSWORD)
    assert refused.is_refused_as("REAUTHENTICATION_REQUIRED")
    assert refused.response.json()["data"]["changePassword"]["errors"][0]["methods"] == ["SMS_CODE"]
    await door.reauthenticate(smsCode=await receive(harness, door, "REAUTHENTICATE", None))
    assert await door.change_password(None, NEW_PASSWORD)

    assert await harness.graphql().login(MOBILE, NEW_PASSWORD)


async def test_first_password_is_no_proof_and_keeps_sudo_no_longer(harness: Harness) -> None:
    door = await passwordless(harness)
    harness.clock.advance(899)
    assert await door.change_password(None, NEW_PASSWORD)
    harness.clock.advance(1)

    with pytest.raises(ReauthenticationRequiredError):
        await require_sudo(harness.context(token=token_of(door)))


async def test_every_built_purpose_is_sent_alike_to_known_and_unknown_mobiles(harness: Harness) -> None:
    await harness.make_account(MOBILE)
    for purpose in ("REGISTER", "LOGIN", "RESET_PASSWORD"):
        harness.clock.advance(60)
        answers = [
            await ask_for(harness, harness.graphql(), purpose, mobile) for mobile in (MOBILE, OTHER_MOBILE)
        ]
        assert answers[0].response.content == answers[1].response.content
    assert [one.purpose for one in harness.sms.messages] == [
        purpose for purpose in ("register", "login", "reset_password") for _ in range(2)
    ]
