"""Registration: who proved a mobile with its code gets an account, and is signed in."""

import re

import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, PASSWORD, ask_for_code, receive_code, sign_up, wrong
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

SPELLINGS = [
    "18736008450",
    "+8618736008450",
    "+86 187 3600 8450",
    "0086 187-3600-8450",
    "１８７３６００８４５０",
    "(187) 3600.8450",
    "\u200e18736008450\u202c",
]


async def test_registration_signs_in(harness: Harness, door: Door) -> None:
    registered = await sign_up(harness, door)
    me = await door.me()

    assert me.is_ok
    assert me.values["id"] == registered.values["id"]
    assert me.values["mobile"] == MOBILE
    assert me.values["name"] == "18736008450"
    assert me.values["avatar_url"] is None


async def test_clients_of_graphql_know_an_account_by_a_random_id(harness: Harness) -> None:
    """And legacy ones by its number, which tells how many accounts there are."""
    await sign_up(harness, harness.open_door("graphql"))
    modern = [await harness.open_door("graphql").login(MOBILE, PASSWORD) for _ in range(2)]
    legacy = await harness.open_door("rest").login(MOBILE, PASSWORD)
    account = await harness.account(MOBILE)

    assert {one.values["id"] for one in modern} == {account.public_id}
    assert re.fullmatch("[0-9a-f]{32}", account.public_id)
    assert legacy.values["id"] == str(account.id)


async def test_registration_begins_a_session_of_its_own(harness: Harness, kind: str) -> None:
    """Registering on top of another person's session ends that one."""
    token = await harness.make_account("+8613900000001")
    door = harness.open_door(kind, cookie=token)
    await sign_up(harness, door)

    assert (await door.me()).values["mobile"] == MOBILE
    assert (await harness.open_door(kind, token=token).me()).is_refused_as("UNAUTHENTICATED")


async def test_any_spelling_of_a_mobile_is_one_account(harness: Harness, kind: str) -> None:
    registered = await sign_up(harness, harness.open_door(kind), SPELLINGS[-1])
    door = harness.open_door(kind)

    for spelling in SPELLINGS:
        assert (await door.login(spelling, PASSWORD)).values["id"] == registered.values["id"], spelling


async def test_any_spelling_of_a_mobile_gets_the_same_code(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door, SPELLINGS[2])

    assert harness.sms.messages[0].mobile == MOBILE
    assert await door.register(SPELLINGS[4], code, PASSWORD, captcha_text=text)


async def test_taken_mobile_is_told_to_who_has_its_code(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    harness.clock.advance(60)
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)

    assert (await door.register(MOBILE, code, PASSWORD, captcha_text=text)).is_refused_as("MOBILE_TAKEN")
    assert (await door.me()).is_refused_as("UNAUTHENTICATED")


async def test_taken_mobile_is_not_told_without_its_code(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    harness.clock.advance(60)
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)

    without = await door.register("+8613900000009", "123456", PASSWORD, captcha_text=text)
    guessed = await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)

    assert without.is_refused_as("SMS_CODE_EXPIRED")
    assert guessed.is_refused_as("SMS_CODE_WRONG")
    assert not guessed.is_refused_as("MOBILE_TAKEN")


async def test_mobile_taken_at_one_door_is_taken_at_the_other(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    harness.clock.advance(60)
    door = harness.open_door("graphql")
    code, _ = await receive_code(harness, door)

    assert (await door.register(MOBILE, code, PASSWORD)).is_refused_as("MOBILE_TAKEN")


@pytest.mark.parametrize(
    ("password", "is_allowed"),
    [
        ("1234567", False),
        ("k7#qTz_9", True),
        (" eight  ", True),
        ("口令很长的一句话吧", True),
        ("🀄" * 128, True),
        ("x7" * 64, True),
        ("x7" * 64 + "x", False),
        ("pass\tword\nlines", True),
        # Four letters in eight code points; and 128 in 256.
        ("e\u0301" * 4, False),
        ("e\u0301" * 8, True),
        ("e\u0301" * 128, True),
        ("e\u0301" * 129, False),
    ],
)
async def test_password_has_8_to_128_characters_of_any_kind(
    harness: Harness, kind: str, password: str, is_allowed: bool
) -> None:
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)

    outcome = await door.register(MOBILE, code, password, captcha_text=text)

    assert outcome.is_ok is is_allowed
    assert is_allowed or outcome.is_refused_as("INVALID_INPUT")
    assert (await harness.open_door(kind).login(MOBILE, password)).is_ok is is_allowed


async def test_refused_password_costs_no_code(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    await door.register(MOBILE, code, "short", captcha_text=text)

    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


@pytest.mark.parametrize("common", ["123456789", "PassWord1", "18736008450", "+8618736008450"])
async def test_graphql_refuses_common_passwords_and_the_mobile(harness: Harness, common: str) -> None:
    door = harness.open_door("graphql")
    code, _ = await receive_code(harness, door)

    refused = await door.register(MOBILE, code, common)

    assert refused.is_refused_as("WEAK_PASSWORD")
    assert refused.field == ("password",)


async def test_rest_takes_the_documents_own_example(harness: Harness) -> None:
    door = harness.open_door("rest")
    await sign_up(harness, door, "18736008450", "123456789")

    assert await harness.open_door("rest").login("18736008450", "123456789")


async def test_rest_refuses_common_passwords_when_told_to(build_harness: BuildHarness) -> None:
    async with build_harness(rest_refuse_common_passwords=True) as harness:
        door = harness.open_door("rest")
        code, text = await receive_code(harness, door)

        refused = await door.register(MOBILE, code, "123456789", captcha_text=text)

    assert refused.is_refused_as("WEAK_PASSWORD")


async def test_rest_register_needs_the_captcha_text_that_was_right(harness: Harness) -> None:
    door = harness.open_door("rest")
    code, text = await receive_code(harness, door)

    missing = await door.register(MOBILE, code, PASSWORD)
    wrong_text = await door.register(MOBILE, code, PASSWORD, captcha_text="0000")

    assert missing.is_refused_as("INVALID_INPUT")
    assert wrong_text.is_refused_as("CAPTCHA_WRONG")
    assert (await door.me()).is_refused_as("UNAUTHENTICATED")
    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text.lower())


async def test_wrong_captcha_texts_are_guesses_too(harness: Harness) -> None:
    door = harness.open_door("rest")
    code, text = await receive_code(harness, door)
    for _ in range(5):
        await door.register(MOBILE, code, PASSWORD, captcha_text="0000")

    assert not await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_nothing_of_a_refused_registration_is_kept(harness: Harness, door: Door) -> None:
    before = await harness.records()
    code, text = await receive_code(harness, door)
    await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    await door.register(MOBILE, code, "short", captcha_text=text)

    assert await harness.records() == before


async def test_registered_mobile_that_signs_up_again_keeps_its_password(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    harness.clock.advance(60)
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)
    await door.register(MOBILE, code, "another password", captcha_text=text)

    assert (await door.login(MOBILE, "another password")).is_refused_as("WRONG_CREDENTIALS")
    assert await door.login(MOBILE, PASSWORD)


async def test_password_is_kept_only_as_argon2id(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)

    row = (await harness.records())["accounts"][0]

    assert any(str(value).startswith("$argon2id$") for value in row)
    assert PASSWORD not in str(row)


async def test_sms_to_a_new_mobile_makes_no_account(harness: Harness, door: Door) -> None:
    await ask_for_code(harness, door)

    assert (await harness.records())["accounts"] == []
