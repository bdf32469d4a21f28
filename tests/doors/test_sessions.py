"""Sessions: opaque, hashed at rest, renewed while used, revoked at once."""

import secrets
from datetime import timedelta
from hashlib import sha256

import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, sign_up
from tests.doors.graphql_door import GraphQLDoor, mutation_document
from tests.doors.harness import DOORS, Harness
from tests.doors.rest_door import outcome_of

pytestmark = pytest.mark.anyio

DAY = 86_400
# By the tests' clock.
LIFETIME = "Max-Age=2592000; Expires=Tue, 31 Mar 2026 12:00:00 GMT"
PRODUCTION = {
    "environment": "production",
    "secret_keys": "k1:" + "A" * 43 + "=",
    "sms_sender": "http",
    "sms_http_url": "https://sms.test",
}


def token_of(door: Door, name: str = "session") -> str:
    (value,) = [cookie.value for cookie in door.client.cookies.jar if cookie.name == name]
    assert value is not None
    return value


async def test_token_has_256_bits_and_only_its_hash_is_stored(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    token = token_of(door)
    rows = str(await harness.records())

    assert len(token) == 43
    assert token not in rows
    assert sha256(token.encode()).hexdigest() in rows


@pytest.mark.parametrize(
    "header",
    [
        '$Version="1"; session="{token}";$Path="/";$Domain="127.0.0.1"',
        'theme=dark; session="{token}"',
        "session=of-another-service; session={token}",
    ],
)
async def test_cookie_is_read_as_other_clients_write_it(harness: Harness, kind: str, header: str) -> None:
    token = await harness.make_account(MOBILE)
    door = DOORS[kind](harness.client(headers={"cookie": header.format(token=token)}))

    assert (await door.me()).is_ok
    assert (await door.logout()).is_ok
    assert (await door.me()).is_refused_as("UNAUTHENTICATED")


async def test_cookie_tells_its_end_by_age_and_by_date(harness: Harness, door: Door) -> None:
    signed_in = await sign_up(harness, door)
    left = await door.logout()

    assert f"; {LIFETIME};" in signed_in.response.headers["set-cookie"]
    assert "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT;" in left.response.headers["set-cookie"]


async def test_session_is_fresh_at_every_sign_in(harness: Harness, kind: str) -> None:
    doors = [harness.open_door(kind) for _ in range(4)]
    await sign_up(harness, doors[0])
    for door in doors[1:]:
        await door.login(MOBILE, PASSWORD)

    assert len({token_of(door) for door in doors}) == 4
    assert [(await door.me()).is_ok for door in doors] == [True] * 4


async def test_sign_in_on_top_of_a_session_ends_the_old_one(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    old = token_of(door)
    await door.login(MOBILE, PASSWORD)

    assert token_of(door) != old
    assert (await door.me()).is_ok
    for kind in DOORS:
        assert (await harness.open_door(kind, token=old).me()).is_refused_as("UNAUTHENTICATED")


async def test_token_chosen_by_somebody_else_is_never_adopted(harness: Harness, kind: str) -> None:
    await sign_up(harness, harness.open_door(kind))
    chosen = secrets.token_urlsafe(32)
    victim = harness.open_door(kind, cookie=chosen)
    signed_in = await victim.login(MOBILE, PASSWORD)
    cookie = signed_in.response.cookies["session"]

    assert cookie != chosen
    assert (await harness.open_door(kind, token=chosen).me()).is_refused_as("UNAUTHENTICATED")


@pytest.mark.parametrize(("idle_seconds", "is_alive"), [(7 * DAY - 1, True), (7 * DAY, False)])
async def test_session_ends_after_7_idle_days(
    harness: Harness, door: Door, idle_seconds: int, is_alive: bool
) -> None:
    await sign_up(harness, door)
    harness.clock.advance(idle_seconds)

    assert (await door.me()).is_ok is is_alive


async def test_session_ends_after_30_days_however_much_it_is_used(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    for _ in range(5):
        harness.clock.advance(6 * DAY - 1)
        assert (await door.me()).is_ok
    harness.clock.advance(5)

    assert (await door.me()).is_refused_as("UNAUTHENTICATED")


async def test_use_renews_the_idle_end(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    harness.clock.advance(6 * DAY)
    await door.me()
    harness.clock.advance(6 * DAY)

    assert (await door.me()).is_ok


async def test_session_is_renewed_at_most_once_an_hour(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    began_at = harness.clock()
    slid = []
    for seconds in (3599, 1, 3599, 1):
        harness.clock.advance(seconds)
        await door.me()
        ((_, _, _, last_used_at, *_),) = (await harness.records())["sessions"]
        slid.append(last_used_at - began_at)

    assert slid == [timedelta(), timedelta(hours=1), timedelta(hours=1), timedelta(hours=2)]


async def test_sign_out_revokes_at_once_at_both_doors(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)
    token = token_of(door)
    signed_out = await door.logout()

    assert signed_out.is_ok
    assert "session=;" in signed_out.response.headers["set-cookie"]
    assert "Max-Age=0" in signed_out.response.headers["set-cookie"]
    assert [cookie.name for cookie in door.client.cookies.jar] == ["device"]
    assert (await harness.records())["sessions"] == []
    for kind in DOORS:
        assert (await harness.open_door(kind, token=token).me()).is_refused_as("UNAUTHENTICATED")


async def test_sign_out_ends_no_other_session(harness: Harness, kind: str) -> None:
    one, other = harness.open_door(kind), harness.open_door(kind)
    await sign_up(harness, one)
    await other.login(MOBILE, PASSWORD)
    await one.logout()

    assert (await other.me()).is_ok


async def test_sign_out_without_a_session_is_no_error(door: Door) -> None:
    assert (await door.logout()).is_ok


async def test_check_login_tells_the_name_or_nobody(harness: Harness) -> None:
    door = harness.open_door("rest")
    nobody = await door.client.get("/api/check_login")
    await sign_up(harness, door)
    somebody = await door.client.get("/api/check_login")

    assert outcome_of(nobody).is_refused_as("UNAUTHENTICATED")
    assert somebody.json() == {"errno": 0, "errmsg": "OK", "data": "18736008450"}


async def test_restart_signs_nobody_out(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness() as harness:
        door = harness.open_door(kind)
        await sign_up(harness, door)
        token = token_of(door)
    async with build_harness() as harness:
        assert (await harness.open_door(kind, token=token).me()).is_ok


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER  {}"])
async def test_bearer_token_is_a_session(harness: Harness, kind: str, header: str) -> None:
    token = await harness.make_account(MOBILE)
    door = DOORS[kind](harness.client(headers={"authorization": header.format(token)}))

    assert (await door.me()).values["mobile"] == MOBILE


async def test_changed_cookie_signs_out_quietly(harness: Harness, kind: str) -> None:
    token = await harness.make_account(MOBILE)
    changed = [
        token.swapcase(),
        token[:-1],
        f"{token}A",
        f"{token[:-1]}!",
        "",
        "\x7f" * 43,
        "A" * 5000,
        f"{token} {token}",
    ]
    for cookie in changed:
        door = DOORS[kind](harness.client(headers={"cookie": f"session={cookie}"}))
        assert (await door.me()).is_refused_as("UNAUTHENTICATED"), cookie


async def test_token_of_one_account_shows_only_that_account(harness: Harness, kind: str) -> None:
    tokens = {mobile: await harness.make_account(mobile) for mobile in (MOBILE, OTHER_MOBILE)}
    for mobile, token in tokens.items():
        assert (await harness.open_door(kind, token=token).me()).values["mobile"] == mobile


async def test_cookie_in_development(harness: Harness, door: Door) -> None:
    registered = await sign_up(harness, door)

    session, _ = registered.response.headers.get_list("set-cookie")
    assert session == f"session={token_of(door)}; {LIFETIME}; Path=/; HttpOnly; SameSite=Lax"


async def test_cookie_in_production(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(**PRODUCTION) as harness:
        door = harness.open_door(kind)
        made = await door.create_captcha()
        # Production keeps no inbox; this one is the test's own.
        text = harness.captcha_text(made.values["id"])
        await door.send_sms_code(MOBILE, made.values["id"], text)
        registered = await door.register(MOBILE, harness.sms.last_code, PASSWORD, captcha_text=text)
        cookie, _ = registered.response.headers.get_list("set-cookie")

        assert cookie.startswith("__Host-session=")
        assert cookie.endswith(f"; {LIFETIME}; Path=/; HttpOnly; SameSite=Lax; Secure")
        assert "domain" not in cookie.lower()
        assert (await door.me()).is_ok
        assert "strict-transport-security" in registered.response.headers


async def test_production_ignores_the_cookie_of_development(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(**PRODUCTION) as harness:
        token = await harness.make_account(MOBILE)
        door = harness.open_door(kind)
        door.client.cookies.set("session", token, domain="gateway.test")

        assert (await door.me()).is_refused_as("UNAUTHENTICATED")


@pytest.mark.parametrize("name", ["login", "register"])
async def test_body_delivery_gives_a_token_and_no_cookie(harness: Harness, name: str) -> None:
    door = GraphQLDoor(harness.client())
    fields = {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": "BODY"}
    if name == "login":
        await sign_up(harness, harness.open_door("graphql"))
    else:
        made = await door.create_captcha()
        await door.send_sms_code(MOBILE, made.values["id"], harness.captcha_text(made.values["id"]))
        fields["smsCode"] = harness.sms.last_code
    response = await door.post(mutation_document(name), {"input": fields})
    token = response.json()["data"][name]["session"]["token"]

    assert "set-cookie" not in response.headers
    assert (await harness.open_door("graphql", token=token).me()).is_ok
    assert (await harness.open_door("rest", token=token).me()).is_ok
    assert (await door.me()).is_refused_as("UNAUTHENTICATED")


async def test_cookie_delivery_gives_no_token_in_the_body(harness: Harness) -> None:
    registered = await sign_up(harness, harness.open_door("graphql"))

    assert registered.values["token"] is None
    assert registered.values["expires_at"] == "2026-03-08T12:00:00+00:00"


async def test_delivery_that_is_null_is_the_default(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("graphql"))
    fields = {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": None}
    response = await GraphQLDoor(harness.client()).post(mutation_document("login"), {"input": fields})

    assert response.json()["data"]["login"]["session"]["token"] is None
    assert "set-cookie" in response.headers


async def test_sign_in_and_the_reads_after_it_fit_in_one_graphql_request(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("graphql"))
    door = GraphQLDoor(harness.client())
    response = await door.post(
        "mutation ($l: LoginInput!, $n: UpdateNameInput!) "
        "{ login(input: $l) { account { id } } updateName(input: $n) { account { name } } }",
        {"l": {"mobile": MOBILE, "password": PASSWORD}, "n": {"name": "both"}},
    )

    assert response.json()["data"]["updateName"]["account"]["name"] == "both"


async def test_sign_in_then_sign_out_in_one_graphql_request_leaves_nobody_signed_in(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("graphql"))
    door = GraphQLDoor(harness.client())
    await door.post(
        "mutation ($l: LoginInput!) { login(input: $l) { account { id } } logout { errors { code } } }",
        {"l": {"mobile": MOBILE, "password": PASSWORD}},
    )

    assert (await door.me()).is_refused_as("UNAUTHENTICATED")
    assert len((await harness.records())["sessions"]) == 1
