"""The guard on SMS spending, through both doors: countries, ceiling, breaker, and dry runs of each."""

from datetime import timedelta

import pytest

from db.sms_messages import SmsMessageRow, insert_sms_message
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.sms_guard import BREAKER_MINIMUM_SENT, prefix_of
from resolvers.sms_report import report_sms
from tests.doors.conftest import BuildHouse
from tests.doors.door import Door
from tests.doors.flows import MOBILE, OTHER_MOBILE, ask_for_code, sign_up
from tests.doors.house import House

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def send_to_neighbours(
    house: House, *, sent: int, used: int, ago: timedelta = timedelta(minutes=30), mobile: str = MOBILE
) -> None:
    """Lines of the ledger: codes to the block of numbers that `mobile` is in."""
    at = house.clock() - ago
    async with house.services.database.writing() as connection:
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


def context(house: House) -> Context:
    return Context(house.services, address="console", actor=Operator("test"))


async def test_a_prefix_whose_codes_are_not_used_pauses_for_an_hour(house: House, door: Door) -> None:
    await send_to_neighbours(house, sent=BREAKER_MINIMUM_SENT, used=9)

    refused = await ask_for_code(house, door)

    assert refused.is_refused_as("RATE_LIMITED"), refused
    assert refused.retry_after_seconds == HOUR.total_seconds()
    assert house.sms.messages == []
    house.clock.advance(HOUR.total_seconds())
    assert (await ask_for_code(house, door)).is_ok


@pytest.mark.parametrize(
    ("sent", "used"),
    [(BREAKER_MINIMUM_SENT, 10), (BREAKER_MINIMUM_SENT - 1, 0)],
    ids=["a fifth was used", "too few to tell"],
)
async def test_a_prefix_goes_on_while_its_codes_are_used_or_few(
    house: House, door: Door, sent: int, used: int
) -> None:
    await send_to_neighbours(house, sent=sent, used=used)

    assert (await ask_for_code(house, door)).is_ok


async def test_codes_older_than_an_hour_do_not_count_against_a_prefix(house: House, door: Door) -> None:
    await send_to_neighbours(house, sent=200, used=0, ago=HOUR)

    assert (await ask_for_code(house, door)).is_ok


async def test_another_prefix_is_not_paused(house: House, door: Door) -> None:
    await send_to_neighbours(house, sent=200, used=0)

    assert (await ask_for_code(house, door, OTHER_MOBILE)).is_ok


@pytest.mark.parametrize("has_account", [True, False])
async def test_a_pause_holds_for_who_has_an_account_as_for_everybody(
    house: House, door: Door, has_account: bool
) -> None:
    if has_account:
        await house.make_account(MOBILE)
    await send_to_neighbours(house, sent=200, used=0)

    assert (await ask_for_code(house, door)).is_refused_as("RATE_LIMITED")


async def test_a_number_that_used_a_code_before_pauses_with_its_neighbours(house: House, door: Door) -> None:
    await sign_up(house, door)
    await send_to_neighbours(house, sent=200, used=0)
    house.clock.advance(60)

    assert (await ask_for_code(house, door)).is_refused_as("RATE_LIMITED")


async def test_a_refused_code_uses_up_no_interval(house: House, kind: str) -> None:
    door = house.open_door(kind)
    for turn in range(20):
        assert await ask_for_code(house, door, f"+86139000000{turn:02}")

    assert (await ask_for_code(house, door)).is_refused_as("RATE_LIMITED")
    assert await ask_for_code(house, house.open_door(kind, address="198.51.100.2"))


async def test_country_that_is_not_on_the_list_is_refused_after_the_captcha(house: House, door: Door) -> None:
    refused = await ask_for_code(house, door, "+12025550123")

    assert refused.is_refused_as("INVALID_INPUT"), refused
    assert house.sms.messages == []


async def test_ceiling_of_the_installation_holds_over_all_mobiles(build_house: BuildHouse, kind: str) -> None:
    async with build_house(sms_daily_ceiling=1) as house:
        assert (await ask_for_code(house, house.open_door(kind))).is_ok
        refused = await ask_for_code(house, house.open_door(kind), OTHER_MOBILE)

    assert refused.is_refused_as("RATE_LIMITED"), refused
    assert len(house.sms.messages) == 1


@pytest.mark.parametrize("guard", ["country", "ceiling", "breaker"])
async def test_a_guard_that_is_run_dry_sends_all_the_same(
    build_house: BuildHouse, kind: str, guard: str
) -> None:
    ceiling = 0 if guard == "ceiling" else 5000
    async with build_house(sms_dry_guards=guard, sms_daily_ceiling=ceiling) as house:
        await send_to_neighbours(house, sent=200 if guard == "breaker" else 0, used=0)
        mobile = "+12025550123" if guard == "country" else MOBILE
        sent = await ask_for_code(house, house.open_door(kind), mobile)
        again = await ask_for_code(house, house.open_door(kind), mobile)

    assert sent.is_ok, sent
    # The other limits hold all the same.
    assert again.is_refused_as("RATE_LIMITED"), again


async def test_report_tells_what_was_sent_used_and_refused(house: House, door: Door) -> None:
    await sign_up(house, door)
    await ask_for_code(house, door, OTHER_MOBILE)
    await ask_for_code(house, door, OTHER_MOBILE)
    await ask_for_code(house, door, "+12025550123")

    report = await report_sms(context(house), hours=1)

    ((started_at, hour),) = report.by_hour.items()
    assert started_at == f"{house.clock():%Y-%m-%d %H}:00"
    assert (hour.sent, hour.used, hour.refused) == (2, 1, {"limit-mobile": 1, "country": 1})
    assert report.by_prefix[prefix_of(MOBILE)].used == 1
    assert {address: tally.sent for address, tally in report.by_address.items()} == {"198.51.100.1": 2}
