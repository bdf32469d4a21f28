"""Proving once more who is signed in: by the password or by a code, on a budget of the session's own."""

from datetime import datetime, timedelta

import pytest

from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.erasure import erase_account
from resolvers.errors import ReauthenticationRequiredError
from resolvers.reauthentication import require_sudo
from tests.doors.credential_flows import NEW_PASSWORD, ask_for, receive, registered, signed_in
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, wrong
from tests.doors.harness import Harness
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio

SUDO_SECONDS = 900


@pytest.mark.parametrize("method", ["password", "smsCode"])
async def test_proof_opens_sudo_and_exchanges_the_token(harness: Harness, method: str) -> None:
    door, other = await registered(harness), await signed_in(harness)
    harness.clock.advance(SUDO_SECONDS)
    old = token_of(door)
    with pytest.raises(ReauthenticationRequiredError):
        await require_sudo(harness.context(token=old))
    proof = PASSWORD if method == "password" else await receive(harness, door, "REAUTHENTICATE", None)
    outcome = await door.reauthenticate(**{method: proof})

    until = datetime.fromisoformat(outcome.values["authenticated_until"])
    assert until == harness.clock() + timedelta(seconds=SUDO_SECONDS)
    assert token_of(door) != old
    assert (await require_sudo(harness.context(token=token_of(door)))).mobile == MOBILE
    assert [(await one.me()).is_ok for one in (door, other, harness.graphql(token=old))] == [
        True,
        True,
        False,
    ]
    assert (await harness.events())[-1] == "reauthenticate"


async def test_it_is_one_proof_and_not_two(harness: Harness) -> None:
    door = await registered(harness)

    assert (await door.reauthenticate()).is_refused_as("INVALID_INPUT")
    both = await door.reauthenticate(password=PASSWORD, smsCode="123456")
    assert both.is_refused_as("INVALID_INPUT")


async def test_wrong_proofs_share_the_sessions_budget(harness: Harness) -> None:
    door = await registered(harness)
    old = token_of(door)
    code = await receive(harness, door, "REAUTHENTICATE", None)
    for _ in range(2):
        assert (await door.reauthenticate(password="wrong")).is_refused_as("WRONG_CREDENTIALS")
        assert (await door.reauthenticate(smsCode=wrong(code))).is_refused_as("SMS_CODE_WRONG")
    assert (await door.change_password("wrong", NEW_PASSWORD)).is_refused_as("WRONG_CREDENTIALS")

    refused = [await door.reauthenticate(password=PASSWORD), await door.reauthenticate(smsCode=code)]
    assert [one.is_refused_as("RATE_LIMITED") for one in refused] == [True, True]
    assert token_of(door) == old
    assert (await harness.events()).count("reauthenticate-failed") == 3
    harness.clock.advance(15 * 60)
    assert await door.reauthenticate(password=PASSWORD)


async def test_right_proofs_use_up_nothing(harness: Harness) -> None:
    door = await registered(harness)

    assert all([await door.reauthenticate(password=PASSWORD) for _ in range(10)])


async def test_the_code_goes_to_the_accounts_own_mobile_and_no_other(harness: Harness) -> None:
    door = await registered(harness)
    harness.clock.advance(60)
    assert (await ask_for(harness, door, "REAUTHENTICATE", OTHER_MOBILE)).is_refused_as("INVALID_INPUT")
    await receive(harness, door, "REAUTHENTICATE", None)

    assert harness.sms.messages[-1].mobile == MOBILE


async def test_nobody_is_sent_a_code_to_prove_who_is_signed_in(harness: Harness) -> None:
    await registered(harness)
    messages = len(harness.sms.messages)

    assert (await ask_for(harness, harness.graphql(), "REAUTHENTICATE", None)).is_refused_as(
        "UNAUTHENTICATED"
    )
    assert (await harness.graphql().reauthenticate(password=PASSWORD)).is_refused_as("UNAUTHENTICATED")
    assert len(harness.sms.messages) == messages


async def test_code_of_one_account_proves_nothing_for_another(harness: Harness) -> None:
    door, other = await registered(harness), await registered(harness, mobile=OTHER_MOBILE)
    code = await receive(harness, door, "REAUTHENTICATE", None)

    assert (await other.reauthenticate(smsCode=code)).is_refused_as("SMS_CODE_EXPIRED")
    assert await door.reauthenticate(smsCode=code)


async def test_code_of_a_mobile_proves_nothing_for_its_next_account(harness: Harness) -> None:
    """An account that is erased leaves a number behind, which may get another account within a code's time."""
    door = await registered(harness)
    code = await receive(harness, door, "REAUTHENTICATE", None)
    await erase_account(Context(harness.services, actor=Operator("test")), mobile=MOBILE)
    next_one = harness.graphql(token=await harness.make_account(MOBILE))

    assert (await next_one.reauthenticate(smsCode=code)).is_refused_as("SMS_CODE_EXPIRED")


@pytest.mark.parametrize("asked", ["REGISTER", "LOGIN", "RESET_PASSWORD", "REAUTHENTICATE"])
@pytest.mark.parametrize("brought", ["REGISTER", "LOGIN", "RESET_PASSWORD", "REAUTHENTICATE"])
async def test_code_of_one_purpose_does_no_other_deed(harness: Harness, asked: str, brought: str) -> None:
    owner = await registered(harness)
    code = await receive(harness, owner, asked, None if asked == "REAUTHENTICATE" else MOBILE)
    deeds = {
        "REGISTER": owner.register(MOBILE, code, NEW_PASSWORD),
        "LOGIN": owner.login_with_sms_code(MOBILE, code),
        "RESET_PASSWORD": owner.reset_password(MOBILE, code, NEW_PASSWORD),
        "REAUTHENTICATE": owner.reauthenticate(smsCode=code),
    }
    deed = deeds.pop(brought)
    for other in deeds.values():
        other.close()
    outcome = await deed

    # The right code of a registration tells that there is an account.
    expected = {"MOBILE_TAKEN"} if brought == "REGISTER" else set()
    assert outcome.refusals == (expected if asked == brought else {"SMS_CODE_EXPIRED"})


async def test_guesses_of_strangers_keep_no_owner_from_a_code_of_the_session(harness: Harness) -> None:
    door = await registered(harness)
    stranger = harness.graphql(address="198.51.100.7")
    for _ in range(4):
        code = await receive(harness, stranger, "LOGIN")
        for _ in range(5):
            assert (await stranger.login_with_sms_code(MOBILE, wrong(code))).is_refused_as("SMS_CODE_WRONG")
        harness.clock.advance(3600)

    assert (await ask_for(harness, stranger, "LOGIN")).is_refused_as("RATE_LIMITED")
    code = await receive(harness, door, "REAUTHENTICATE", None)
    assert await door.reauthenticate(smsCode=code)
