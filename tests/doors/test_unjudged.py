"""What could not be judged costs nothing, whatever failed before it was, and whenever."""

import asyncio
from contextlib import suppress

import pytest

from resolvers.context import Context
from resolvers.errors import ServiceUnavailableError
from resolvers.sign_in import login
from tests.doors.door import Door
from tests.doors.faults import Breakable
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, ask_for_code, receive_code, sign_up, wrong
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

# More than any limit of a mobile or an address bears.
TRIES = 25


async def registered(harness: Harness, kind: str) -> Door:
    await sign_up(harness, harness.open_door(kind, address="203.0.113.1"))
    return harness.open_door(kind)


async def test_right_passwords_while_the_database_is_down_lock_nobody_out(
    breakable: Breakable, kind: str
) -> None:
    door = await registered(breakable.harness, kind)
    breakable.database.is_down = True
    for _ in range(TRIES):
        assert (await door.login(MOBILE, PASSWORD)).is_refused_as("SERVICE_UNAVAILABLE")
    breakable.database.is_down = False

    assert await door.login(MOBILE, PASSWORD)


@pytest.mark.parametrize("operations", range(10))
async def test_right_passwords_lock_nobody_out_wherever_the_state_store_breaks(
    breakable: Breakable, operations: int
) -> None:
    """The count itself, or giving it back, is what fails: then it is given back when the store answers again."""
    door = await registered(breakable.harness, "rest")
    for _ in range(TRIES):
        breakable.store.breaks_after = operations
        answer = await door.login(MOBILE, PASSWORD)
        assert answer.is_ok or answer.is_refused_as("SERVICE_UNAVAILABLE"), answer
        breakable.store.is_down, breakable.store.breaks_after = False, None

    assert await door.login(MOBILE, PASSWORD)


async def test_wrong_passwords_count_all_the_same_after_an_outage(breakable: Breakable, kind: str) -> None:
    door = await registered(breakable.harness, kind)
    for _ in range(4):
        assert (await door.login(MOBILE, "a wrong password")).is_refused_as("WRONG_CREDENTIALS")
    breakable.database.is_down = True
    for _ in range(TRIES):
        await door.login(MOBILE, "a wrong password")
    breakable.database.is_down = False

    assert (await door.login(MOBILE, "a wrong password")).is_refused_as("WRONG_CREDENTIALS")
    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_the_attempt_after_a_pause_is_not_lost_to_an_outage(breakable: Breakable, kind: str) -> None:
    door = await registered(breakable.harness, kind)
    for _ in range(5):
        await door.login(MOBILE, "a wrong password")
    breakable.harness.clock.advance(60)
    breakable.database.is_down = True
    await door.login(MOBILE, PASSWORD)
    breakable.database.is_down = False

    assert await door.login(MOBILE, PASSWORD)


async def test_who_finds_the_hashers_busy_has_not_failed(breakable: Breakable, kind: str) -> None:
    door = await registered(breakable.harness, kind)
    pool = breakable.harness.services.passwords._pool
    places, pool._maximum = pool._maximum, 0
    for _ in range(TRIES):
        assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")
    pool._maximum = places

    assert await door.login(MOBILE, PASSWORD)


async def test_who_finds_the_hashers_busy_is_not_even_counted(breakable: Breakable, kind: str) -> None:
    door = await registered(breakable.harness, kind)
    breakable.harness.services.passwords._pool._maximum = 0
    before = breakable.store.increments

    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")
    assert breakable.store.increments == before


async def test_increments_that_were_never_sent_give_nothing_back(breakable: Breakable, kind: str) -> None:
    """Else whoever keeps the state store busy has as many guesses as they like."""
    harness, door = breakable.harness, breakable.harness.open_door(kind)
    for turn in range(20):
        assert (await door.login(f"+86138{turn:08}", "a wrong password")).is_refused_as("WRONG_CREDENTIALS")
    breakable.store.is_crowded = True
    for _ in range(TRIES):
        assert (await door.login(MOBILE, PASSWORD)).is_refused_as("SERVICE_UNAVAILABLE")
    breakable.store.is_crowded = False
    await harness.services.refunds.settle()

    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_a_cancelled_sign_in_has_not_failed(breakable: Breakable) -> None:
    harness = breakable.harness
    door = await registered(harness, "rest")
    for _ in range(TRIES):
        begun = asyncio.Event()
        breakable.database.on_connect = begun.set
        attempt = asyncio.create_task(
            login(Context(harness.services, address="198.51.100.1"), mobile=MOBILE, password=PASSWORD)
        )
        await begun.wait()
        attempt.cancel()
        with suppress(asyncio.CancelledError):
            await attempt
    breakable.database.on_connect = lambda: None

    assert await door.login(MOBILE, PASSWORD)


async def test_codes_that_could_not_be_sent_use_up_no_interval(breakable: Breakable, kind: str) -> None:
    harness, door = breakable.harness, breakable.harness.open_door(kind)
    breakable.database.is_down = True
    for _ in range(TRIES):
        assert (await ask_for_code(harness, door)).is_refused_as("SERVICE_UNAVAILABLE")
    breakable.database.is_down = False
    harness.sms.is_failing = True
    for _ in range(TRIES):
        assert (await ask_for_code(harness, door)).is_refused_as("SMS_NOT_SENT")
    harness.sms.is_failing = False

    assert await ask_for_code(harness, door)


@pytest.mark.parametrize("operations", range(14))
async def test_a_send_uses_up_no_interval_wherever_the_state_store_breaks(
    breakable: Breakable, operations: int
) -> None:
    harness, door = breakable.harness, breakable.harness.open_door("rest")
    for _ in range(3):
        captcha_id = (await door.create_captcha()).values["id"]
        breakable.store.breaks_after = operations
        sent = await door.send_sms_code(MOBILE, captcha_id, harness.captcha_text(captcha_id))
        breakable.store.is_down, breakable.store.breaks_after = False, None
        if sent.is_ok:
            return
        assert sent.is_refused_as("SERVICE_UNAVAILABLE"), sent

    assert await ask_for_code(harness, door)


async def test_right_codes_while_the_database_is_down_cost_neither_code_nor_guess(
    breakable: Breakable, kind: str
) -> None:
    harness, door = breakable.harness, breakable.harness.open_door(kind)
    code, text = await receive_code(harness, door)
    breakable.database.is_down = True
    for _ in range(TRIES):
        refused = await door.register(MOBILE, code, PASSWORD, captcha_text=text)
        assert refused.is_refused_as("SERVICE_UNAVAILABLE"), refused
    breakable.database.is_down = False
    for _ in range(4):
        guess = await door.register(MOBILE, wrong(code), PASSWORD, captcha_text=text)
        assert guess.is_refused_as("SMS_CODE_WRONG")

    assert await door.register(MOBILE, code, PASSWORD, captcha_text=text)


@pytest.mark.parametrize("operations", range(14))
async def test_a_right_code_is_not_lost_wherever_the_state_store_breaks(
    breakable: Breakable, operations: int
) -> None:
    harness, door = breakable.harness, breakable.harness.open_door("rest")
    code, text = await receive_code(harness, door)
    breakable.store.breaks_after = operations
    first = await door.register(MOBILE, code, PASSWORD, captcha_text=text)
    breakable.store.is_down, breakable.store.breaks_after = False, None

    assert first.is_ok or first.is_refused_as("SERVICE_UNAVAILABLE"), first
    assert first.is_ok or await door.register(MOBILE, code, PASSWORD, captcha_text=text)


async def test_captchas_that_could_not_be_drawn_do_not_count(breakable: Breakable, kind: str) -> None:
    door = breakable.harness.open_door(kind)
    for _ in range(70):
        breakable.store.breaks_after = 1
        assert (await door.create_captcha()).is_refused_as("SERVICE_UNAVAILABLE")
        breakable.store.is_down = False

    assert await door.create_captcha()


async def test_a_send_that_is_cut_off_at_the_vendor_stays_counted(breakable: Breakable) -> None:
    """It may be on its way: who breaks off in time must not get messages for nothing."""
    harness, door = breakable.harness, breakable.harness.open_door("rest")
    harness.sms.is_cut_off = True
    with suppress(asyncio.CancelledError):
        await ask_for_code(harness, door)
    harness.sms.is_cut_off = False

    assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")
    assert await ask_for_code(harness, door, OTHER_MOBILE)


async def test_what_is_owed_is_given_back_without_anybody_asking(breakable: Breakable) -> None:
    harness = breakable.harness
    door = await registered(harness, "rest")
    breakable.store.breaks_after = 0
    with suppress(ServiceUnavailableError):
        await login(Context(harness.services, address="198.51.100.1"), mobile=MOBILE, password=PASSWORD)
    breakable.store.is_down = False
    payer = harness.services.refunds._worker
    assert payer is not None
    await payer

    assert await door.login(MOBILE, PASSWORD)
