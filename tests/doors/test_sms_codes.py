"""SMS codes: six digits, for one mobile, five wrong guesses, one success."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pytest

from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.errors import CodeError
from resolvers.sms_codes import redeemed_code, send_sms_code
from resolvers.sms_purposes import PURPOSES, SmsPurpose
from resolvers.sms_report import report_sms
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import (
    MOBILE,
    OTHER_MOBILE,
    PASSWORD,
    ask_for_code,
    receive_code,
    sign_up,
    solve_captcha,
    wrong,
)
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


async def test_code_is_six_digits_and_says_how_long_it_lives(harness: Harness, door: Door) -> None:
    await receive_code(harness, door)
    message = harness.sms.messages[0]

    assert message.code.isdigit()
    assert len(message.code) == 6
    assert message.code in message.text
    assert "5 分钟" in message.text
    assert message.purpose == "register"


@pytest.mark.parametrize(("age_seconds", "is_alive"), [(299, True), (300, False)])
async def test_code_lives_300_seconds(harness: Harness, door: Door, age_seconds: int, is_alive: bool) -> None:
    code, text = await receive_code(harness, door)
    harness.clock.advance(age_seconds)

    outcome = await door.register(MOBILE, code, PASSWORD, captcha_text=text)

    assert outcome.is_ok is is_alive
    assert is_alive or outcome.is_refused_as("SMS_CODE_EXPIRED")


async def test_code_is_bound_to_its_mobile(harness: Harness, door: Door) -> None:
    _, other_text = await receive_code(harness, door, OTHER_MOBILE)
    code, _ = await receive_code(harness, door, MOBILE)
    if harness.sms.messages[0].code == code:
        pytest.skip("both codes happen to be equal")

    stolen = await door.register(OTHER_MOBILE, code, PASSWORD, captcha_text=other_text)

    assert stolen.is_refused_as("SMS_CODE_WRONG")


async def test_code_is_spent_by_its_first_success(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)
    await door.register(MOBILE, code, PASSWORD, captcha_text=text)

    again = await harness.open_door(kind).register(MOBILE, code, PASSWORD, captcha_text=text)

    assert again.is_refused_as("SMS_CODE_EXPIRED")


async def test_wrong_guess_leaves_the_code_and_tells_what_remains(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    remaining = [
        (await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)).attempts_remaining
        for _ in range(4)
    ]

    assert remaining in ([4, 3, 2, 1], [None] * 4)
    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_fifth_wrong_guess_spends_the_code(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for _ in range(5):
        guess = await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
        assert guess.is_refused_as("SMS_CODE_WRONG")

    assert (await door.register(MOBILE, code, PASSWORD, captcha_text=text)).is_refused_as("SMS_CODE_EXPIRED")


async def test_guesses_at_both_doors_are_one_budget(harness: Harness) -> None:
    doors = [harness.open_door("rest"), harness.open_door("graphql")]
    code, text = await receive_code(harness, doors[0])
    for turn in range(5):
        await doors[turn % 2].register(MOBILE, wrong(code), PASSWORD, captcha_text=text)

    for door in doors:
        refused = await door.register(MOBILE, code, PASSWORD, captcha_text=text)
        assert refused.is_refused_as("SMS_CODE_EXPIRED")


async def test_another_code_gives_no_new_guesses(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for _ in range(3):
        await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    harness.clock.advance(60)
    code, text = await receive_code(harness, door)
    for _ in range(2):
        await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)

    assert (await door.register(MOBILE, code, PASSWORD, captcha_text=text)).is_refused_as("SMS_CODE_EXPIRED")


async def test_no_code_is_sent_while_no_guess_is_left(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for _ in range(5):
        await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    harness.clock.advance(60)

    refused = await ask_for_code(harness, door)

    assert refused.is_refused_as("RATE_LIMITED")
    assert refused.retry_after_seconds == 15 * 60 - 60
    assert len(harness.sms.messages) == 1


async def test_guesses_come_back_after_15_minutes(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for _ in range(5):
        await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    harness.clock.advance(15 * 60)

    code, text = await receive_code(harness, door)

    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_what_is_no_code_counts_as_no_guess(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for guess in (
        "12345",
        "1234567",
        "12345a",
        "１２３４５",
        "-12345",
        "1 2 3 ",
        "12345六",
        "²³⁴⁵⁶⁷",
        "1" * 65,
    ):
        refused = await door.register(MOBILE, guess, PASSWORD, captcha_text=text)
        assert refused.is_refused_as("INVALID_INPUT")

    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_there_is_no_universal_code(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    for universal in {"000000", "111111", "123456", "888888", "999999"} - {code}:
        refused = await door.register(MOBILE, universal, PASSWORD, captcha_text=text)
        assert refused.is_refused_as("SMS_CODE_WRONG")


async def test_one_sms_a_minute_for_each_mobile(harness: Harness, door: Door) -> None:
    await receive_code(harness, door)
    harness.clock.advance(59)
    early = await ask_for_code(harness, door)
    harness.clock.advance(1)

    assert early.is_refused_as("RATE_LIMITED")
    assert early.retry_after_seconds == 1
    assert await ask_for_code(harness, door)
    assert await ask_for_code(harness, door, OTHER_MOBILE)


async def test_refused_resend_keeps_the_live_code(harness: Harness, door: Door) -> None:
    code, text = await receive_code(harness, door)
    await ask_for_code(harness, door)

    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_accepted_resend_replaces_the_live_code(harness: Harness, door: Door) -> None:
    old_code, old_text = await receive_code(harness, door)
    harness.clock.advance(60)
    new_code, new_text = await receive_code(harness, door)
    if old_code == new_code:
        pytest.skip("both codes happen to be equal")

    old = await door.register(MOBILE, old_code, PASSWORD, captcha_text=old_text)

    assert old.is_refused_as("SMS_CODE_WRONG")
    assert await door.register(MOBILE, new_code, PASSWORD, captcha_text=new_text)


async def test_five_sms_an_hour_for_each_mobile_over_both_doors(harness: Harness) -> None:
    doors = [harness.open_door("rest"), harness.open_door("graphql")]
    for turn in range(5):
        assert await ask_for_code(harness, doors[turn % 2])
        harness.clock.advance(61)

    refusals = [await ask_for_code(harness, door) for door in doors]

    assert all(refused.is_refused_as("RATE_LIMITED") for refused in refusals)
    assert {refused.retry_after_seconds for refused in refusals} == {3600 - 5 * 61}
    harness.clock.advance(3600 - 5 * 61)
    assert await ask_for_code(harness, doors[0])


async def test_ten_sms_a_day_for_each_mobile(harness: Harness, door: Door) -> None:
    for _ in range(10):
        assert await ask_for_code(harness, door)
        harness.clock.advance(1800)

    refused = await ask_for_code(harness, door)

    assert refused.is_refused_as("RATE_LIMITED")
    assert refused.retry_after_seconds == 86_400 - 10 * 1800


async def test_20_sms_an_hour_for_each_address_over_both_doors(harness: Harness) -> None:
    doors = [harness.open_door("rest"), harness.open_door("graphql")]
    sent = [await ask_for_code(harness, doors[turn % 2], f"+86139000000{turn:02}") for turn in range(22)]

    assert [outcome.is_ok for outcome in sent] == [True] * 20 + [False] * 2
    assert all(outcome.is_refused_as("RATE_LIMITED") for outcome in sent[20:])
    assert sent[20].is_address_limit
    assert len(harness.sms.messages) == 20
    assert await ask_for_code(harness, harness.open_door("rest", address="198.51.100.2"), "+8613900000030")


async def test_50_sms_a_day_for_each_address(harness: Harness) -> None:
    door = harness.open_door("rest")
    for turn in range(50):
        assert await ask_for_code(harness, door, f"+86139000000{turn:02}")
        harness.clock.advance(600)

    refused = await ask_for_code(harness, door, "+8613900000099")

    assert refused.is_refused_as("RATE_LIMITED")
    assert refused.retry_after_seconds == 86_400 - 50 * 600


async def test_installation_has_a_daily_ceiling(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(sms_daily_ceiling=2) as harness:
        sent = [
            await ask_for_code(
                harness, harness.open_door(kind, address=f"198.51.100.{turn}"), f"+861390000000{turn}"
            )
            for turn in range(3)
        ]

    assert [outcome.is_ok for outcome in sent] == [True, True, False]
    assert sent[2].is_refused_as("RATE_LIMITED")


async def test_send_refused_by_one_limit_is_counted_by_none(harness: Harness, door: Door) -> None:
    """Hammering at the minute's limit must not use up the hour's."""
    await receive_code(harness, door)
    for _ in range(6):
        assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")
    for _ in range(4):
        harness.clock.advance(60)
        assert await ask_for_code(harness, door)


async def test_refused_send_uses_no_interval_of_the_mobile(harness: Harness, kind: str) -> None:
    busy = harness.open_door("rest")
    for turn in range(20):
        await ask_for_code(harness, busy, f"+86139000000{turn:02}")

    refused = await ask_for_code(harness, busy)

    assert refused.is_refused_as("RATE_LIMITED")
    assert await ask_for_code(harness, harness.open_door(kind, address="198.51.100.2"))


async def test_vendor_failure_gives_the_interval_back_and_voids_the_code(
    harness: Harness, door: Door
) -> None:
    code, text = await receive_code(harness, door)
    harness.clock.advance(60)
    harness.sms.is_failing = True
    failed = await ask_for_code(harness, door)
    harness.sms.is_failing = False

    assert failed.is_refused_as("SMS_NOT_SENT")
    assert (await door.register(MOBILE, code, PASSWORD, captcha_text=text)).is_refused_as("SMS_CODE_EXPIRED")
    assert await ask_for_code(harness, door)


async def test_wrong_captcha_uses_no_interval(harness: Harness, door: Door) -> None:
    made = await door.create_captcha()
    await door.send_sms_code(MOBILE, made.values["id"], "0000")

    assert await ask_for_code(harness, door)


async def test_only_allowed_countries_get_sms(harness: Harness, door: Door) -> None:
    refused = await ask_for_code(harness, door, "+14155552671")

    assert refused.is_refused_as("INVALID_INPUT")
    assert not harness.sms.messages
    assert await ask_for_code(harness, door)


async def test_another_allowed_country_registers(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(sms_country_codes="+86,+1") as harness:
        await sign_up(harness, harness.open_door(kind), "+14155552671")


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: f" {code[:3]} {code[3:]}",
        lambda code: code.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
        lambda code: f"\u3000{code[:3]}-{code[3:]}\u200b\n",
        lambda code: code.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),
    ],
    ids=["blanks", "full width", "dash and marks", "Arabic digits"],
)
async def test_code_is_read_as_people_mean_it(
    harness: Harness, door: Door, spell: Callable[[str], str]
) -> None:
    code, text = await receive_code(harness, door)

    assert await door.register(MOBILE, spell(code), PASSWORD, captcha_text=text)


@pytest.mark.parametrize("digits", [4, 8])
async def test_operator_chooses_how_long_a_code_to_register_is(
    build_harness: BuildHarness, kind: str, digits: int
) -> None:
    async with build_harness(sms_code_digits=digits) as harness:
        door = harness.open_door(kind)
        code, text = await receive_code(harness, door)
        refused = await door.register(MOBILE, "123456", PASSWORD, captcha_text=text)

        assert len(code) == digits
        assert refused.is_refused_as("INVALID_INPUT")
        assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


@pytest.mark.parametrize("purpose", [one for one in SmsPurpose if one is not SmsPurpose.REGISTER])
def test_code_that_opens_an_account_has_six_digits_or_more(purpose: SmsPurpose) -> None:
    assert [PURPOSES[purpose].digits(chosen) for chosen in range(4, 9)] == [6, 6, 6, 7, 8]


@pytest.mark.parametrize("asked", SmsPurpose)
@pytest.mark.parametrize("brought", SmsPurpose)
async def test_code_of_one_purpose_is_worth_nothing_for_another(
    harness: Harness, asked: SmsPurpose, brought: SmsPurpose
) -> None:
    ctx = Context(harness.services, address="198.51.100.1", token=await harness.make_account(MOBILE))
    account = await harness.account(MOBILE)
    captcha_id, text = await solve_captcha(harness, harness.open_door("rest"))

    def account_of(purpose: SmsPurpose) -> int | None:
        return account.id if PURPOSES[purpose].is_for_session else None

    await send_sms_code(
        ctx,
        purpose=asked,
        mobile=None if PURPOSES[asked].is_to_own_mobile else MOBILE,
        captcha_id=captcha_id,
        captcha_text=text,
    )
    outcome = None
    with suppress(CodeError):
        async with redeemed_code(
            ctx,
            purpose=brought,
            mobile=MOBILE,
            code=harness.sms.last_code,
            account_id=account_of(brought),
        ):
            outcome = "redeemed"

    assert (outcome == "redeemed") == (asked is brought)


async def test_a_code_sends_no_more_than_20_wrong_guesses_from_an_address(
    harness: Harness, kind: str
) -> None:
    mobiles = [f"+861390000{turn:04}" for turn in range(5)]
    codes = [
        await receive_code(harness, harness.open_door(kind, address="198.51.100.2"), mobile)
        for mobile in mobiles
    ]
    door = harness.open_door(kind)
    for mobile, (code, text) in zip(mobiles[:4], codes, strict=False):
        for _ in range(5):
            guess = await door.register(mobile, wrong(code), PASSWORD, captcha_text=text)
            assert guess.is_refused_as("SMS_CODE_WRONG")
    code, text = codes[4]

    refused = await door.register(mobiles[4], code, PASSWORD, captcha_text=text)

    assert refused.is_refused_as("RATE_LIMITED")
    assert refused.is_address_limit in {True, None}
    elsewhere = harness.open_door(kind, address="198.51.100.3")
    assert await elsewhere.register(mobiles[4], code, PASSWORD, captcha_text=text)


async def test_20_wrong_guesses_a_day_for_each_mobile(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    for _ in range(4):
        code, text = await receive_code(harness, door)
        for _ in range(5):
            guess = await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
            assert guess.is_refused_as("SMS_CODE_WRONG")
        harness.clock.advance(3600)

    assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")
    harness.clock.advance(86_400 - 4 * 3600)
    assert await ask_for_code(harness, door)


async def test_a_code_gets_no_new_guesses_when_the_mobiles_window_begins_anew(
    harness: Harness, kind: str
) -> None:
    door = harness.open_door(kind)
    code, text = await receive_code(harness, door)
    await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    harness.clock.advance(15 * 60 - 100)
    code, text = await receive_code(harness, door)
    for _ in range(3):
        await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
    harness.clock.advance(100)
    for _ in range(2):
        guess = await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
        assert guess.is_refused_as("SMS_CODE_WRONG")

    assert (await door.register(MOBILE, code, PASSWORD, captcha_text=text)).is_refused_as("SMS_CODE_EXPIRED")


async def test_ledger_knows_that_a_send_has_failed(harness: Harness, door: Door) -> None:
    harness.sms.is_failing = True
    failed = await ask_for_code(harness, door)
    report = await report_sms(Context(harness.services, actor=Operator("test")), hours=1)

    assert failed.is_refused_as("SMS_NOT_SENT")
    (hour,) = report.by_hour.values()
    assert (hour.sent, hour.failed) == (0, 1)


async def test_resend_time_is_when_the_limits_allow_another(harness: Harness) -> None:
    door = harness.open_door("graphql")
    waits = []
    for _ in range(5):
        sent = await ask_for_code(harness, door)
        at = datetime.fromisoformat(sent.values["resend_available_at"])
        waits.append((at - harness.clock()).total_seconds())
        harness.clock.advance(60)
    harness.clock.advance(waits[-1] - 61)
    early = await ask_for_code(harness, door)
    harness.clock.advance(1)

    assert waits == [60, 60, 60, 60, 3600 - 4 * 60]
    assert early.is_refused_as("RATE_LIMITED")
    assert await ask_for_code(harness, door)


async def test_taken_mobile_leaves_the_code_good(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    harness.clock.advance(60)
    code, text = await receive_code(harness, door)
    answers = [await door.register(MOBILE, code, PASSWORD, captcha_text=text) for _ in range(2)]

    assert all(answer.is_refused_as("MOBILE_TAKEN") for answer in answers)


async def test_taken_mobile_gets_its_code_like_any_other(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    harness.clock.advance(60)

    assert await ask_for_code(harness, harness.open_door(kind))
