"""The audit trail, and a person's right to see and to erase everything."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from adapters.development_inbox import FileInbox, read_inbox
from db.tables import audit_events, sms_messages
from gateway.lease import Lease
from gateway.maintenance import Maintenance
from resolvers import operators
from resolvers.actors import Operator, OperatorRequiredError
from resolvers.context import Context
from resolvers.erasure import erase_account, export_account, sweep_avatars
from resolvers.keys import KeyRing
from resolvers.operators import AccountNotFoundError
from resolvers.sms_report import report_sms
from tests.backends import BACKEND
from tests.doors.door import Door
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD, REAL_NAME, ask_for_code, sign_up
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import ADDRESS, Harness
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio


def operator(harness: Harness) -> Context:
    return Context(harness.services, address="console", actor=Operator("test"))


async def actions(harness: Harness, mobile: str = MOBILE) -> list[str]:
    events = await operators.list_events(operator(harness), mobile=mobile, limit=100)
    return [event.action for event in events]


async def live_a_little(harness: Harness, door: Door) -> None:
    """Everything that one account can do."""
    await sign_up(harness, door)
    assert (await door.update_name("小明")).is_ok
    assert (await door.upload_avatar(picture())).is_ok
    assert (await door.submit_auth(REAL_NAME, ID_NUMBER)).is_ok
    assert (await door.logout()).is_ok
    assert (await door.login(MOBILE, PASSWORD)).is_ok


async def test_everything_that_happens_to_an_account_is_in_its_trail(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)

    assert await actions(harness) == ["register", "name", "avatar", "real-name", "sign-out", "sign-in"]


async def test_an_event_tells_who_when_and_from_where_and_masks_the_mobile(
    harness: Harness, door: Door
) -> None:
    await sign_up(harness, door)

    (event,) = await operators.list_events(operator(harness), mobile=MOBILE, limit=10)

    assert (event.at, event.subject, event.address) == (harness.clock(), "+86187****8450", ADDRESS)
    assert event.request_id
    assert event.actor == "visitor"
    assert event.user_agent.startswith("python-httpx")


async def test_a_failed_sign_in_is_in_the_trail_of_the_account(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    await door.login(MOBILE, "not the password")

    assert (await actions(harness))[-1] == "sign-in-failed"


async def test_a_limit_is_in_the_trail_once_a_window_however_often_it_is_reached(
    harness: Harness, door: Door
) -> None:
    await sign_up(harness, door)
    stranger = harness.open_door(door.name)
    for _ in range(8):
        await stranger.login(MOBILE, "not the password")

    assert (await actions(harness)).count("sign-in-limited") == 1


async def test_a_second_real_name_record_is_in_the_trail(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)
    await door.submit_auth(REAL_NAME, ID_NUMBER)

    assert (await actions(harness))[-1] == "real-name-refused"


@pytest.mark.parametrize("is_race", [False, True])
async def test_an_id_number_of_two_accounts_is_in_the_trail_of_the_second(
    harness: Harness, door: Door, is_race: bool
) -> None:
    await sign_up(harness, door)
    first = harness.open_door(door.name, token=await harness.make_account(OTHER_MOBILE))
    submissions = [first.submit_auth(REAL_NAME, ID_NUMBER), door.submit_auth("李四", ID_NUMBER)]
    if is_race:
        outcomes = await asyncio.gather(*submissions)
    else:
        outcomes = [await submission for submission in submissions]

    won, lost = (MOBILE, OTHER_MOBILE) if outcomes[1] else (OTHER_MOBILE, MOBILE)
    assert sum(map(bool, outcomes)) == 1
    for mobile, action, detail in [(won, "real-name", ""), (lost, "real-name-refused", "ID_NUMBER_REFUSED")]:
        events = await operators.list_events(operator(harness), mobile=mobile, limit=10)
        told = [(event.action, event.detail) for event in events if event.action.startswith("real-name")]
        assert told == [(action, detail)]


@pytest.mark.parametrize(
    ("act", "action"),
    [
        (operators.lock_account, "operator-lock"),
        (operators.unlock_account, "operator-unlock"),
        (operators.sign_out_account, "operator-sign-out"),
        (export_account, "operator-export"),
    ],
)
async def test_what_an_operator_does_is_in_the_trail(
    harness: Harness, door: Door, act: Callable[..., Awaitable[object]], action: str
) -> None:
    await sign_up(harness, door)
    await act(operator(harness), mobile=MOBILE)

    (*_, event) = await operators.list_events(operator(harness), mobile=MOBILE, limit=10)
    assert (event.action, event.actor, event.user_agent) == (action, "operator test", "")


async def purge_expired(harness: Harness) -> None:
    lease = Lease(harness.services.database, "maintenance", lapse_seconds=60)
    await Maintenance(harness.services, lease, time_percent=100).purge_expired()
    await lease.release()


async def test_events_are_kept_for_180_days(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    harness.clock.advance(timedelta(days=180).total_seconds())
    await purge_expired(harness)
    assert await actions(harness) == ["register"]

    harness.clock.advance(1)
    await purge_expired(harness)
    assert await actions(harness) == []


async def test_export_has_everything_that_is_held(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)

    exported = await export_account(operator(harness), mobile=MOBILE)

    text = json.dumps(exported.data, ensure_ascii=False, default=str)
    assert exported.avatar is not None
    for held in (MOBILE, "小明", REAL_NAME, ID_NUMBER, ADDRESS, "sign-in", "expires_at"):
        assert held in text, held
    assert "password_hash" not in text


async def test_erasure_leaves_nothing_but_pseudonymous_events(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)
    harness.clock.advance(60)
    await ask_for_code(harness, door)

    await erase_account(operator(harness), mobile=MOBILE)

    async with harness.services.database.reading() as connection:
        rows = [
            list(map(tuple, await connection.execute(select(table))))
            for table in (audit_events, sms_messages)
        ]
    assert all(rows)
    rest = json.dumps([rows, await harness.records()], ensure_ascii=False, default=str)
    for gone in ("8450", "小明", ADDRESS, "python-httpx"):
        assert gone not in rest, gone
    assert (await harness.records())["pictures"] == []
    assert not (await door.me()).values
    with pytest.raises(AccountNotFoundError):
        await operators.show_account(operator(harness), mobile=MOBILE)


@pytest.mark.skipif(BACKEND != "sqlite", reason="a database server sees to its own files")
async def test_erasure_leaves_nothing_in_the_files(harness: Harness, door: Door) -> None:
    """Neither of the embedded database nor of the development inbox; what others wrote there stays."""
    inbox = FileInbox(harness.settings.inbox_path, tell=lambda _: None)
    await live_a_little(harness, door)
    for message in harness.sms.messages:
        inbox.record_sms(message)
    inbox.record_sms(replace(harness.sms.messages[0], mobile="+8613800138000"))
    traces = ("小明".encode(), b"18736008450")
    assert all(trace in read_files(harness) for trace in traces)

    services = replace(harness.services, inbox=inbox)
    await erase_account(Context(services, actor=Operator("test")), mobile=MOBILE)

    assert [trace for trace in traces if trace in read_files(harness)] == []
    assert [entry["mobile"] for entry in read_inbox(harness.settings.inbox_path, 10)] == ["+8613800138000"]


def read_files(harness: Harness) -> bytes:
    """What is on the disk of all that the gateway has written."""
    return b"".join(
        path.read_bytes() for path in harness.settings.installation.data_dir.rglob("*") if path.is_file()
    )


async def test_an_erased_mobile_and_its_id_number_are_free_again(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)
    await erase_account(operator(harness), mobile=MOBILE)
    harness.clock.advance(3600)

    await sign_up(harness, door)
    assert (await door.submit_auth(REAL_NAME, ID_NUMBER)).is_ok


async def test_sweeping_deletes_pictures_that_nobody_shows_and_no_others(
    harness: Harness, door: Door
) -> None:
    await sign_up(harness, door)
    await door.upload_avatar(picture())
    await harness.services.avatars.put("0" * 64, b"left over from a crash")

    # Files have the time of the system, not of the test.
    assert await sweep_avatars(operator(harness), minimum_age=timedelta(days=36_500)) == 0
    assert await sweep_avatars(operator(harness), minimum_age=timedelta(days=-36_500)) == 1
    assert len((await harness.records())["pictures"]) == 1


@pytest.mark.parametrize(
    "act",
    [
        partial(operators.show_account, mobile=MOBILE),
        partial(operators.lock_account, mobile=MOBILE),
        partial(operators.unlock_account, mobile=MOBILE),
        partial(operators.sign_out_account, mobile=MOBILE),
        partial(operators.reset_identity, mobile=MOBILE, reason="a typo"),
        partial(operators.list_events, mobile=MOBILE, limit=1),
        partial(export_account, mobile=MOBILE),
        partial(erase_account, mobile=MOBILE),
        partial(report_sms, hours=1),
        operators.reencrypt_identities,
        sweep_avatars,
    ],
)
async def test_what_operators_may_do_is_refused_to_visitors(
    harness: Harness, door: Door, act: Callable[[Context], Awaitable[object]]
) -> None:
    await sign_up(harness, door)
    before = await harness.records()

    with pytest.raises(OperatorRequiredError):
        await act(Context(harness.services))

    assert await harness.records() == before


async def test_showing_an_account_opens_no_sealed_record(harness: Harness, door: Door) -> None:
    await live_a_little(harness, door)
    services = replace(harness.services, keys=KeyRing({"another": secrets.token_bytes(32)}, "another"))
    report = await operators.show_account(Context(services, actor=Operator("test")), mobile=MOBILE)

    assert report.identity_submitted_at == harness.clock()


async def test_a_client_that_calls_itself_an_operator_is_a_visitor(harness: Harness) -> None:
    client = harness.client()
    client.headers["User-Agent"] = "operator root"
    await sign_up(harness, GraphQLDoor(client))

    (event,) = await operators.list_events(operator(harness), mobile=MOBILE, limit=10)
    assert (event.actor, event.user_agent) == ("visitor", "operator root")
