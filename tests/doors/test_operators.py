"""What operators find, undo and collect; each deed is in the audit trail with who did it."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.accounts import AccountRow
from resolvers import operators
from resolvers.account_search import find_accounts
from resolvers.actors import Operator, OperatorRequiredError
from resolvers.audit_trail import stream_events
from resolvers.context import Context
from resolvers.errors import InputError
from resolvers.limit_relief import LimitUse, lift_limits, show_limits
from tests.doors.credential_flows import receive
from tests.doors.door import Door
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD, REAL_NAME, sign_up
from tests.doors.harness import ADDRESS, Harness

pytestmark = pytest.mark.anyio

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
NEW_PASSWORD = "another right battery"


def operator(harness: Harness, name: str = "alice") -> Context:
    return Context(harness.services, address="console", actor=Operator(name))


async def test_accounts_are_found_by_beginnings_and_by_either_id(harness: Harness) -> None:
    for mobile in (MOBILE, OTHER_MOBILE):
        await harness.make_account(mobile)
    await harness.rename(MOBILE, "Ann_50%")
    first, second = await harness.account(MOBILE), await harness.account(OTHER_MOBILE)
    ctx = operator(harness)

    searches: list[tuple[list[AccountRow], dict[str, Any]]] = [
        ([first], {"mobile": MOBILE[3:]}),
        ([first], {"mobile": MOBILE}),
        ([first, second], {"mobile": "1"}),
        ([first], {"name": "ANN_5"}),
        ([first], {"name": "ann_50%"}),
        ([], {"name": "ann%"}),
        ([], {"name": "nn"}),
        ([second], {"account_id": str(second.id)}),
        ([second], {"account_id": second.public_id}),
        ([], {"account_id": "no id"}),
        ([], {"account_id": str(second.id), "name": "ann"}),
    ]
    for wanted, search in searches:
        assert await find_accounts(ctx, **search) == wanted, search


async def test_pages_of_accounts_begin_after_the_last_one(harness: Harness) -> None:
    mobiles = [f"+861873600{number:04d}" for number in range(5)]
    for mobile in mobiles:
        await harness.make_account(mobile)
    ctx = operator(harness)

    found, after = [], 0
    while page := await find_accounts(ctx, mobile="187", after_number=after, limit=2):
        assert len(page) <= 2
        found += [row.mobile for row in page]
        after = page[-1].id

    assert found == mobiles


async def test_required_reset_ends_sessions_and_the_password_and_lets_in_by_code(harness: Harness) -> None:
    door = harness.graphql()
    await sign_up(harness, door)

    ended = await operators.require_reset(operator(harness), mobile=MOBILE)

    assert ended == 1
    assert not (await door.me()).is_ok
    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("WRONG_CREDENTIALS")
    assert "operator-require-reset" in await harness.events()
    assert await operators.require_reset(operator(harness), mobile=MOBILE) == 0


@pytest.mark.parametrize("way", ["reset", "code"])
async def test_owner_gets_in_again_after_a_required_reset(harness: Harness, way: str) -> None:
    door = harness.graphql()
    await sign_up(harness, door)
    harness.clock.advance(120)
    await operators.require_reset(operator(harness), mobile=MOBILE)

    code = await receive(harness, door, "RESET_PASSWORD" if way == "reset" else "LOGIN")
    if way == "reset":
        assert await door.reset_password(MOBILE, code, NEW_PASSWORD)
        assert await door.login(MOBILE, NEW_PASSWORD)
    else:
        assert await door.login_with_sms_code(MOBILE, code)


async def test_required_reset_voids_the_codes_that_are_out(harness: Harness) -> None:
    door = harness.graphql()
    await sign_up(harness, door)
    code = await receive(harness, door, "LOGIN")
    await operators.require_reset(operator(harness), mobile=MOBILE)

    assert (await door.login_with_sms_code(MOBILE, code)).is_refused_as("SMS_CODE_EXPIRED")


async def test_limits_of_a_mobile_are_shown_and_lifted(harness: Harness, door: Door, kind: str) -> None:
    await sign_up(harness, door)
    stranger = harness.open_door(kind)
    failures = [await stranger.login(MOBILE, f"wrong {number}") for number in range(6)]
    assert failures[-1].is_refused_as("RATE_LIMITED")
    ctx = operator(harness)

    shown = await show_limits(ctx, subject=MOBILE[3:])
    assert LimitUse("sign-in-failure", "mobile", 5, 5, 900) in shown.uses
    assert 0 < shown.sign_in_pause_seconds <= 60

    assert await lift_limits(ctx, subject=MOBILE) == len(shown.uses)
    after = await show_limits(ctx, subject=MOBILE)
    assert (after.uses, after.sign_in_pause_seconds) == ([], 0)
    assert (await stranger.login(MOBILE, PASSWORD)).is_ok


async def test_limits_of_an_account_are_among_those_of_its_mobile(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    names = [await door.update_name(f"name {number}") for number in range(11)]
    assert names[-1].is_refused_as("RATE_LIMITED")
    assert not (await door.submit_auth(REAL_NAME, ID_NUMBER[:-1] + "0")).is_ok

    uses = {use.action for use in (await show_limits(operator(harness), subject=MOBILE)).uses}
    assert {"rename", "id-number", "new-session"} <= uses
    await lift_limits(operator(harness), subject=MOBILE)

    assert (await door.update_name("another")).is_ok


@pytest.mark.parametrize("address", [ADDRESS, "2001:db8:1:2::7"])
async def test_limits_of_an_address_are_shown_and_lifted_with_its_blocks(
    harness: Harness, address: str
) -> None:
    door = harness.open_door("graphql", address=address)
    failures = [await door.login(f"+861380013{number:04d}", "wrong wrong") for number in range(21)]
    assert failures[-1].is_refused_as("RATE_LIMITED")
    ctx = operator(harness)

    uses = (await show_limits(ctx, subject=address)).uses
    maxima = {use.maximum for use in uses if (use.action, use.window_seconds) == ("sign-in-failure", 900)}
    assert maxima == ({20} if ipaddress.ip_address(address).version == 4 else {20, 80, 320})
    assert await lift_limits(ctx, subject=address) == len(uses)

    assert (await door.login("+8613800139999", "wrong wrong")).is_refused_as("WRONG_CREDENTIALS")
    assert (await harness.events()).count("operator-limits-lift") == 1


async def test_subject_that_is_neither_mobile_nor_address_is_refused(harness: Harness) -> None:
    with pytest.raises(InputError):
        await show_limits(operator(harness), subject="somebody")


async def test_all_events_stream_once_each_in_their_order_whatever_the_page(harness: Harness) -> None:
    for number in range(3):
        await harness.make_account(f"+8618736001{number:03d}")
        for _ in range(3):
            # Several of one moment.
            await operators.unlock_account(operator(harness), mobile=f"+8618736001{number:03d}")
        harness.clock.advance(1)
    middle = harness.clock() - timedelta(seconds=2)

    streams = [
        [row async for row in stream_events(operator(harness), since=BEGINNING, page_rows=page_rows)]
        for page_rows in (1, 2, 9, 1000)
    ]
    late = [row async for row in stream_events(operator(harness), since=middle, page_rows=2)]

    numbers = [row.id for row in streams[0]]
    assert len(set(numbers)) == 9
    assert all(stream == streams[0] for stream in streams)
    assert [row.event.at for row in streams[0]] == sorted(row.event.at for row in streams[0])
    assert late == streams[0][3:]
    assert {row.event.actor for row in late} == {"operator alice"}


async def test_visitors_may_none_of_it(harness: Harness) -> None:
    visitor = harness.context()

    for deed in (
        find_accounts(visitor, mobile="1"),
        operators.require_reset(visitor, mobile=MOBILE),
        show_limits(visitor, subject=MOBILE),
        lift_limits(visitor, subject=MOBILE),
        anext(stream_events(visitor, since=BEGINNING)),
    ):
        with pytest.raises(OperatorRequiredError):
            await deed
