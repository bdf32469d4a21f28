"""Known devices: who has signed in from one before is not kept out by a stranger's guesses."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from db.tables import devices
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.erasure import erase_account, export_account
from tests.doors.conftest import BuildHarness
from tests.doors.credential_flows import NEW_PASSWORD, notices, receive
from tests.doors.door import Door
from tests.doors.faults import BreakableDatabase
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, sign_up
from tests.doors.graphql_door import GraphQLDoor, mutation_document
from tests.doors.harness import DOORS, HOST, Harness
from tests.doors.own_sessions import browser, list_events, revoke_others
from tests.doors.rest_door import RestDoor
from tests.doors.test_sessions import PRODUCTION, token_of
from tests.doors.watching import WatchedStore, watching_statements

pytestmark = pytest.mark.anyio

DAY = 86_400
WRONG = "a wrong password"
APP = {"origin": "capacitor://localhost"}
# By the tests' clock.
LIFETIME = "Max-Age=34560000; Expires=Mon, 05 Apr 2027 12:00:00 GMT"


def device_of(door: Door) -> str:
    return token_of(door, "device")


def knowing(harness: Harness, kind: str, device: str, *, address: str = "198.51.100.1") -> Door:
    """A client without cookies that brings a device token."""
    return DOORS[kind](harness.client(address=address, headers={"x-device": device}))


async def pause(harness: Harness, kind: str = "rest", mobile: str = MOBILE) -> None:
    """Strangers guess until sign-in for the mobile pauses."""
    for turn in range(5):
        await harness.open_door(kind, address=f"203.0.113.{turn}").login(mobile, WRONG)
    refused = await harness.open_door(kind, address="203.0.113.99").login(mobile, PASSWORD)
    assert refused.is_refused_as("RATE_LIMITED")


async def list_devices(harness: Harness) -> list[dict[str, Any]]:
    async with harness.services.database.reading() as connection:
        found = await connection.execute(select(devices).order_by(devices.c.id))
        return [dict(row) for row in found.mappings()]


async def sign_in_by_body(
    harness: Harness, kind: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """What a client without cookies is told."""
    client = harness.client(headers=headers)
    if kind == "rest":
        answer = await RestDoor(client).post(
            "/api/login", mobile=MOBILE, password=PASSWORD, token_delivery="body"
        )
        told = dict(answer.values)
    else:
        document = mutation_document("login").replace("token }", "token device_token: deviceToken }")
        fields = {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": "BODY"}
        response = await GraphQLDoor(client).post(document, {"input": fields})
        told = response.json()["data"]["login"]["session"]
    assert not client.cookies
    return told


async def test_device_is_kept_by_the_hash_of_a_token_of_128_bits(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    token = device_of(door)
    (row,) = await list_devices(harness)

    assert len(token) == 22
    assert row["token_hash"] == sha256(token.encode()).hexdigest()
    assert token not in str(row)


async def test_cookie_of_the_device_in_development(harness: Harness, door: Door) -> None:
    registered = await sign_up(harness, door)
    _, device = registered.response.headers.get_list("set-cookie")

    assert device == f"device={device_of(door)}; {LIFETIME}; Path=/; HttpOnly; SameSite=Lax"


async def test_cookie_of_the_device_in_production(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(**PRODUCTION) as harness:
        door = harness.open_door(kind)
        made = await door.create_captcha()
        text = harness.captcha_text(made.values["id"])
        await door.send_sms_code(MOBILE, made.values["id"], text)
        registered = await door.register(MOBILE, harness.sms.last_code, PASSWORD, captcha_text=text)
        _, device = registered.response.headers.get_list("set-cookie")

        assert device.startswith("__Host-device=")
        assert device.endswith(f"; {LIFETIME}; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_device_stays_the_same_and_is_known_for_longer(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    token = device_of(door)
    await door.logout()
    harness.clock.advance(300 * DAY)
    await door.login(MOBILE, PASSWORD)
    (row,) = await list_devices(harness)

    assert device_of(door) == token
    assert row["last_used_at"] == harness.clock()
    assert (row["expires_at"] - row["last_used_at"]).days == 400


async def test_two_people_share_a_device(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    token = device_of(door)
    await sign_up(harness, door, OTHER_MOBILE)

    assert device_of(door) == token
    assert len(await list_devices(harness)) == 2
    for mobile in (MOBILE, OTHER_MOBILE):
        await pause(harness, mobile=mobile)
        assert await door.login(mobile, PASSWORD)


@pytest.mark.parametrize("token", ["A" * 22, "", "x" * 5000, "\x7f" * 22, "A" * 21 + "!"])
async def test_token_that_we_never_gave_is_not_adopted(harness: Harness, kind: str, token: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    planted = harness.open_door(kind)
    planted.client.cookies.set("device", token, domain=HOST)
    for door in (planted, knowing(harness, kind, token)):
        answer = await door.login(MOBILE, PASSWORD)
        assert answer.response.cookies["device"] != token

    await pause(harness)
    assert (await knowing(harness, kind, token).login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_known_device_goes_through_the_pause(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    await door.logout()
    await pause(harness)

    assert await door.login(MOBILE, PASSWORD)
    assert await door.login(MOBILE, PASSWORD)


async def test_known_device_leaves_strangers_paused(harness: Harness, door: Door, kind: str) -> None:
    """Otherwise each sign-in of the owner would give whoever guesses five more tries."""
    await sign_up(harness, door)
    await pause(harness)
    await door.login(MOBILE, WRONG)
    await door.login(MOBILE, PASSWORD)
    harness.clock.advance(59)

    stranger = harness.open_door(kind, address="203.0.113.99")
    assert (await stranger.login(MOBILE, PASSWORD)).retry_after_seconds == 1
    harness.clock.advance(1)
    assert (await stranger.login(MOBILE, WRONG)).is_refused_as("WRONG_CREDENTIALS")
    assert (await stranger.login(MOBILE, WRONG)).retry_after_seconds == 120


async def test_known_device_has_five_guesses_in_15_minutes(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    await pause(harness)
    guesses = [await door.login(MOBILE, WRONG) for _ in range(5)]
    assert [guess.refusals for guess in guesses] == [guesses[0].refusals] * 5
    assert guesses[0].is_refused_as("WRONG_CREDENTIALS")

    assert (await door.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")
    harness.clock.advance(900)
    await pause(harness)
    assert await door.login(MOBILE, PASSWORD)


async def test_right_password_from_a_known_device_uses_nothing_up(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    await pause(harness)

    assert all([await door.login(MOBILE, PASSWORD) for _ in range(12)])


async def test_50_guesses_at_once_from_a_known_device_get_five(harness: Harness, kind: str) -> None:
    owner = harness.open_door(kind)
    await sign_up(harness, owner)
    await pause(harness)
    device, before = device_of(owner), harness.hasher.computations
    doors = [
        knowing(harness, ("graphql", "rest")[turn % 2], device, address=f"192.0.2.{turn}")
        for turn in range(50)
    ]
    outcomes = await asyncio.gather(*(door.login(MOBILE, WRONG) for door in doors))

    assert sum(outcome.is_refused_as("WRONG_CREDENTIALS") for outcome in outcomes) == 5
    assert harness.hasher.computations - before == 5


async def test_device_of_another_account_goes_through_no_pause(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    attacker = harness.open_door(kind)
    await sign_up(harness, attacker, OTHER_MOBILE)
    await pause(harness)

    assert (await attacker.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_limit_of_the_address_holds_for_known_devices_too(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    for turn in range(20):
        await harness.open_door("rest").login(f"+8613900000{turn:03}", WRONG)

    refused = await door.login(MOBILE, PASSWORD)
    assert refused.is_refused_as("RATE_LIMITED")


@pytest.fixture
async def watched(build_harness: BuildHarness) -> AsyncIterator[tuple[Harness, WatchedStore]]:
    stores: list[WatchedStore] = []

    def wrap(store: Any) -> WatchedStore:  # noqa: ANN401 - whichever there is
        stores.append(WatchedStore(store))
        return stores[-1]

    async with build_harness(wrap_state=wrap) as harness:
        yield harness, stores[0]


async def test_device_tells_nothing_of_who_has_an_account(
    watched: tuple[Harness, WatchedStore], kind: str
) -> None:
    """One answer, by the same questions, whether or not there is one: paused, and not."""
    harness, store = watched
    attacker = harness.open_door(kind)
    await sign_up(harness, attacker, OTHER_MOBILE)
    await sign_up(harness, harness.open_door(kind))
    device = device_of(attacker)
    seen = []
    for mobile in (MOBILE, "+8613900000001"):
        for paused in (False, True):
            if paused:
                await pause(harness, mobile=mobile)
            store.operations.clear()
            with watching_statements(harness.services.database) as statements:
                guess = await knowing(harness, kind, device, address="192.0.2.1").login(mobile, WRONG)
            told = (guess.refusals, guess.message, guess.retry_after_seconds, tuple(guess.response.headers))
            asked = [one for one in statements if "state_entries" not in one]
            seen.append((told, tuple(asked), tuple(store.operations)))

    assert seen[:2] == seen[2:]
    assert seen[0] != seen[1]


async def test_client_without_cookies_sends_the_device_back(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    told = await sign_in_by_body(harness, kind)
    await pause(harness)

    for other in DOORS:
        assert (await harness.open_door(other, address="192.0.2.1").login(MOBILE, PASSWORD)).refusals
        assert await knowing(harness, other, told["device_token"], address="192.0.2.1").login(
            MOBILE, PASSWORD
        )
    again = await sign_in_by_body(harness, kind, {"x-device": told["device_token"]})
    assert again["device_token"] == told["device_token"]


async def test_device_is_told_in_the_body_only_where_it_is_asked_for(harness: Harness) -> None:
    door = GraphQLDoor(harness.client())
    await sign_up(harness, door)
    document = "mutation ($l: LoginInput!) { login(input: $l) { session { token deviceToken } } }"
    response = await door.post(document, {"l": {"mobile": MOBILE, "password": PASSWORD}})

    assert response.json()["data"]["login"]["session"] == {"token": None, "deviceToken": None}


async def test_app_keeps_the_device_by_header_and_never_by_cookie(
    build_harness: BuildHarness, kind: str
) -> None:
    async with build_harness(allowed_origins="capacitor://localhost") as harness:
        owner = harness.open_door(kind)
        await sign_up(harness, owner)
        device = device_of(owner)
        await pause(harness)
        by_cookie = harness.client(headers=APP | {"cookie": f"device={device}"})
        document = "mutation ($l: LoginInput!) { login(input: $l) { errors { code } } }"
        fields = {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": "BODY"}
        refused = await GraphQLDoor(by_cookie).post(document, {"l": fields})

        assert refused.json()["data"]["login"]["errors"] == [{"code": "RATE_LIMITED"}]
        told = await sign_in_by_body(harness, kind, APP | {"x-device": device})
        assert told["device_token"] == device


async def test_request_served_by_credentials_makes_no_device(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    before = await list_devices(harness)
    client = harness.client()
    answer = await client.get("/api/profile", params={"mobile": MOBILE, "password": PASSWORD})

    assert answer.json()["errno"] == 0
    assert "set-cookie" not in answer.headers
    assert await list_devices(harness) == before


async def test_request_served_by_credentials_goes_through_by_its_device(harness: Harness) -> None:
    owner = harness.open_door("rest")
    await sign_up(harness, owner)
    await pause(harness)
    client = harness.client(headers={"x-device": device_of(owner)})

    answer = await client.get("/api/profile", params={"mobile": MOBILE, "password": PASSWORD})
    assert answer.json()["errno"] == 0


async def test_refused_sign_in_makes_no_device(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    refused = await harness.open_door(kind).login(MOBILE, WRONG)

    assert "set-cookie" not in refused.response.headers
    assert len(await list_devices(harness)) == 1


async def test_beyond_20_the_device_that_was_used_longest_ago_is_forgotten(harness: Harness) -> None:
    doors = [harness.open_door("rest") for _ in range(21)]
    await sign_up(harness, doors[0])
    for door in doors[1:20]:
        harness.clock.advance(60)
        await door.login(MOBILE, PASSWORD)
    harness.clock.advance(60)
    await doors[0].login(MOBILE, PASSWORD)
    harness.clock.advance(60)
    await doors[20].login(MOBILE, PASSWORD)
    assert len(await list_devices(harness)) == 20

    await pause(harness)
    outcomes = [await door.login(MOBILE, PASSWORD) for door in doors]
    assert [turn for turn, outcome in enumerate(outcomes) if not outcome] == [1]


async def test_20_sign_ins_at_once_leave_20_devices(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    for _ in range(6):
        doors = [harness.open_door("rest") for _ in range(5)]
        assert all(await asyncio.gather(*(door.login(MOBILE, PASSWORD) for door in doors)))

    assert len(await list_devices(harness)) == 20


async def test_many_sign_ins_at_once_from_one_device_know_it_once(harness: Harness, kind: str) -> None:
    owner = harness.open_door(kind)
    await sign_up(harness, owner)
    device = device_of(owner)
    doors = [knowing(harness, kind, device) for _ in range(5)]
    assert all(await asyncio.gather(*(door.login(MOBILE, PASSWORD) for door in doors)))

    assert {door.client.cookies["device"] for door in doors} == {device}
    assert len(await list_devices(harness)) == 1


async def test_device_is_forgotten_after_400_days(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    device = device_of(door)
    harness.clock.advance(400 * DAY - 1)
    await pause(harness)
    known = knowing(harness, door.name, device)
    assert (await known.login(MOBILE, WRONG)).is_refused_as("WRONG_CREDENTIALS")
    harness.clock.advance(1)

    assert (await known.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


@pytest.mark.parametrize(("age", "is_event"), [(DAY - 1, False), (DAY, True)])
async def test_new_device_is_an_event_once_the_account_is_a_day_old(
    harness: Harness, age: int, is_event: bool
) -> None:
    home, away = browser(harness), browser(harness)
    await sign_up(harness, home)
    harness.clock.advance(age)
    await home.login(MOBILE, PASSWORD)
    assert "NEW_DEVICE" not in str(await list_events(home))
    await away.login(MOBILE, PASSWORD)
    await away.login(MOBILE, PASSWORD)

    assert str(await list_events(home)).count("NEW_DEVICE") == is_event


async def test_ending_all_other_sessions_forgets_all_other_devices(harness: Harness) -> None:
    home, away = browser(harness), browser(harness)
    await sign_up(harness, home)
    await away.login(MOBILE, PASSWORD)
    somebody = browser(harness)
    await sign_up(harness, somebody, OTHER_MOBILE)
    assert await revoke_others(home)
    await pause(harness)

    assert (await away.login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")
    assert await home.login(MOBILE, PASSWORD)
    assert len(await list_devices(harness)) == 2


async def test_forgetting_a_device_alone_is_an_event_too(harness: Harness) -> None:
    home, away = browser(harness), browser(harness)
    await sign_up(harness, home)
    await away.login(MOBILE, PASSWORD)
    await away.logout()
    assert await revoke_others(home)

    assert (await list_events(home))[0]["kind"] == "OTHER_SESSIONS_REVOKED"


async def test_guess_from_a_known_device_that_could_not_be_judged_costs_nothing(
    build_harness: BuildHarness, kind: str
) -> None:
    parts: list[BreakableDatabase] = []

    def wrap(database: Any) -> BreakableDatabase:  # noqa: ANN401 - as the harness's
        parts.append(BreakableDatabase(database))
        return parts[-1]

    async with build_harness(wrap_database=wrap) as harness:
        (database,) = parts
        owner = harness.open_door(kind)
        await sign_up(harness, owner)
        await pause(harness)
        for turn in range(25):
            # The device is looked up by the first connection, the password by the second.
            left = iter(range(turn % 2))
            database.on_connect = lambda left=left: go_down(database, left)  # type: ignore[misc]
            assert (await owner.login(MOBILE, WRONG)).is_refused_as("SERVICE_UNAVAILABLE")
            database.is_down, database.on_connect = False, lambda: None

        guesses = [await owner.login(MOBILE, WRONG) for _ in range(5)]
        assert all(guess.is_refused_as("WRONG_CREDENTIALS") for guess in guesses)


def go_down(database: BreakableDatabase, left: Any) -> None:  # noqa: ANN401 - an iterator
    database.is_down = next(left, None) is None


async def test_device_of_an_erased_account_is_gone(harness: Harness) -> None:
    door = harness.open_door("rest")
    await sign_up(harness, door)
    operator = Context(harness.services, address="console", actor=Operator("test"))
    exported = await export_account(operator, mobile=MOBILE)
    known = exported.data["devices"]
    assert isinstance(known, list)
    assert [set(device) for device in known] == [{"created_at", "last_used_at", "expires_at"}]
    await erase_account(operator, mobile=MOBILE)

    assert await list_devices(harness) == []


@pytest.mark.parametrize("deed", ["change", "reset"])
async def test_another_password_forgets_all_devices_but_ones_own(harness: Harness, deed: str) -> None:
    home, away = browser(harness), browser(harness)
    await sign_up(harness, home)
    await away.login(MOBILE, PASSWORD)
    if deed == "change":
        assert await home.change_password(PASSWORD, NEW_PASSWORD)
    else:
        assert await home.reset_password(MOBILE, await receive(harness, home, "RESET_PASSWORD"), NEW_PASSWORD)
    await pause(harness)

    assert (await away.login(MOBILE, NEW_PASSWORD)).is_refused_as("RATE_LIMITED")
    assert await home.login(MOBILE, NEW_PASSWORD)


async def test_sign_in_by_sms_code_makes_a_device_too(harness: Harness) -> None:
    door = browser(harness)
    assert await door.login_with_sms_code(MOBILE, await receive(harness, door, "LOGIN"))

    assert len(await list_devices(harness)) == 1
    assert len(device_of(door)) == 22


@pytest.mark.parametrize("is_on", [True, False])
async def test_owner_is_told_by_sms_of_a_new_device_where_that_is_on(
    build_harness: BuildHarness, is_on: bool
) -> None:
    async with build_harness(new_device_notice=is_on) as harness:
        home, away = browser(harness), browser(harness)
        await sign_up(harness, home)
        await browser(harness).login(MOBILE, PASSWORD)
        harness.clock.advance(DAY)
        await home.login(MOBILE, PASSWORD)
        assert await notices(harness) == []
        await away.login(MOBILE, PASSWORD)
        await away.login(MOBILE, PASSWORD)

        assert await notices(harness) == [(MOBILE, "new_device")] * is_on


async def test_new_devices_leave_a_notice_for_a_new_password(build_harness: BuildHarness) -> None:
    async with build_harness(new_device_notice=True) as harness:
        home = browser(harness)
        await sign_up(harness, home)
        harness.clock.advance(DAY)
        for _ in range(3):
            await browser(harness).login(MOBILE, PASSWORD)
        await home.login(MOBILE, PASSWORD)
        await home.change_password(PASSWORD, NEW_PASSWORD)

        sent = await notices(harness)
        assert sorted(sent) == [(MOBILE, "new_device")] * 2 + [(MOBILE, "password_changed")]
