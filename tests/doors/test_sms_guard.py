"""The guard on SMS spending, through both doors: countries, ceiling, breaker, and dry runs of each."""

from datetime import timedelta

import pytest

from db.sms_messages import SmsMessageRow, insert_sms_message
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.sms_guard import BREAKER_MINIMUM_SENT, prefix_of
from resolvers.sms_report import report_sms
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, OTHER_MOBILE, ask_for_code, sign_up
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def send_to_neighbours(
    harness: Harness, *, sent: int, used: int, ago: timedelta = timedelta(minutes=30), mobile: str = MOBILE
) -> None:
    """Lines of the ledger: codes to the block of numbers that `mobile` is in."""
    at = harness.clock() - ago
    async with harness.services.database.writing() as connection:
        for number in range(sent):
            row = SmsMessageRow(
                at=at,
                mobile_digest=f"neighbour {number}",
                prefix=prefix_of(mobile),
                address="203.0.113.1",
                outcome="sent",
                used_at=at if number < used else None,
            )
            await insert_sms_message(connection, row)


def context(harness: Harness) -> Context:
    return Context(harness.services, address="console", actor=Operator("test"))


async def test_a_prefix_whose_codes_are_not_used_pauses_for_an_hour(harness: Harness, door: Door) -> None:
    await send_to_neighbours(harness, sent=BREAKER_MINIMUM_SENT, used=9)

    refused = await ask_for_code(harness, door)

    assert refused.is_refused_as("RATE_LIMITED"), refused
    assert refused.retry_after_seconds == HOUR.total_seconds()
    assert harness.sms.messages == []
    harness.clock.advance(HOUR.total_seconds())
    assert (await ask_for_code(harness, door)).is_ok


@pytest.mark.parametrize(
    ("sent", "used"),
    [(BREAKER_MINIMUM_SENT, 10), (BREAKER_MINIMUM_SENT - 1, 0)],
    ids=["a fifth was used", "too few to tell"],
)
async def test_a_prefix_goes_on_while_its_codes_are_used_or_few(
    harness: Harness, door: Door, sent: int, used: int
) -> None:
    await send_to_neighbours(harness, sent=sent, used=used)

    assert (await ask_for_code(harness, door)).is_ok


async def test_codes_older_than_an_hour_do_not_count_against_a_prefix(harness: Harness, door: Door) -> None:
    await send_to_neighbours(harness, sent=200, used=0, ago=HOUR)

    assert (await ask_for_code(harness, door)).is_ok


async def test_another_prefix_is_not_paused(harness: Harness, door: Door) -> None:
    await send_to_neighbours(harness, sent=200, used=0)

    assert (await ask_for_code(harness, door, OTHER_MOBILE)).is_ok


@pytest.mark.parametrize("has_account", [True, False])
async def test_a_pause_holds_for_who_has_an_account_as_for_everybody(
    harness: Harness, door: Door, has_account: bool
) -> None:
    if has_account:
        await harness.make_account(MOBILE)
    await send_to_neighbours(harness, sent=200, used=0)

    assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")


async def test_a_number_that_used_a_code_before_pauses_with_its_neighbours(
    harness: Harness, door: Door
) -> None:
    await sign_up(harness, door)
    await send_to_neighbours(harness, sent=200, used=0)
    harness.clock.advance(60)

    assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")


async def test_a_refused_code_uses_up_no_interval(harness: Harness, kind: str) -> None:
    door = harness.open_door(kind)
    for turn in range(20):
        assert await ask_for_code(harness, door, f"+86139000000{turn:02}")

    assert (await ask_for_code(harness, door)).is_refused_as("RATE_LIMITED")
    assert await ask_for_code(harness, harness.open_door(kind, address="198.51.100.2"))


async def test_country_that_is_not_on_the_list_is_refused_after_the_captcha(
    harness: Harness, door: Door
) -> None:
    refused = await ask_for_code(harness, door, "+12025550123")

    assert refused.is_refused_as("INVALID_INPUT"), refused
    assert harness.sms.messages == []


async def test_ceiling_of_the_installation_holds_over_all_mobiles(
    build_harness: BuildHarness, kind: str
) -> None:
    async with build_harness(sms_daily_ceiling=1) as harness:
        assert (await ask_for_code(harness, harness.open_door(kind))).is_ok
        refused = await ask_for_code(harness, harness.open_door(kind), OTHER_MOBILE)

    assert refused.is_refused_as("RATE_LIMITED"), refused
    assert len(harness.sms.messages) == 1


@pytest.mark.parametrize("guard", ["country", "ceiling", "breaker"])
async def test_a_guard_that_is_run_dry_sends_all_the_same(
    build_harness: BuildHarness, kind: str, guard: str
) -> None:
    ceiling = 0 if guard == "ceiling" else 5000
    async with build_harness(sms_dry_guards=guard, sms_daily_ceiling=ceiling) as harness:
        await send_to_neighbours(harness, sent=200 if guard == "breaker" else 0, used=0)
        mobile = "+12025550123" if guard == "country" else MOBILE
        sent = await ask_for_code(harness, harness.open_door(kind), mobile)
        again = await ask_for_code(harness, harness.open_door(kind), mobile)

    assert sent.is_ok, sent
    # The other limits hold all the same.
    assert again.is_refused_as("RATE_LIMITED"), again


async def test_report_tells_what_was_sent_used_and_refused(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    await ask_for_code(harness, door, OTHER_MOBILE)
    await ask_for_code(harness, door, OTHER_MOBILE)
    await ask_for_code(harness, door, "+12025550123")

    report = await report_sms(context(harness), hours=1)

    ((started_at, hour),) = report.by_hour.items()
    assert started_at == f"{harness.clock():%Y-%m-%d %H}:00"
    assert (hour.sent, hour.used, hour.refused) == (2, 1, {"limit-mobile": 1, "country": 1})
    assert report.by_prefix[prefix_of(MOBILE)].used == 1
    assert {address: tally.sent for address, tally in report.by_address.items()} == {"198.51.100.1": 2}
