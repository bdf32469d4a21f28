"""A person sees where they are signed in, and ends what they do not know."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from db.tables import accounts, sessions
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.sessions import exchange_token, hash_token
from resolvers.viewers import renew
from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, sign_up
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import DOORS, Harness
from tests.doors.own_sessions import ask, browser, list_events, list_sessions, revoke, revoke_others
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio

SUDO_SECONDS = 900
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.fixture
async def home(harness: Harness) -> GraphQLDoor:
    """Where the person has registered."""
    door = browser(harness, CHROME)
    await sign_up(harness, door)
    return door


@pytest.fixture
async def away(harness: Harness, home: GraphQLDoor) -> GraphQLDoor:
    """Where the person has signed in a minute later."""
    harness.clock.advance(60)
    door = browser(harness, FIREFOX, address="2001:db8:1:2::7")
    assert await door.login(MOBILE, PASSWORD)
    return door


async def is_alive(harness: Harness, token: str) -> bool:
    alive = {(await harness.open_door(kind, token=token).me()).is_ok for kind in DOORS}
    assert len(alive) == 1
    return alive.pop()


def id_of(found: list[dict[str, Any]], *, is_current: bool) -> str:
    (session_id,) = [session["id"] for session in found if session["isCurrent"] is is_current]
    return str(session_id)


async def test_sessions_are_told_with_how_when_and_where_they_began(
    harness: Harness, away: GraphQLDoor
) -> None:
    first, second = await list_sessions(away)
    assert len({first.pop("id"), second.pop("id")}) == 2

    assert first == {
        "isCurrent": True,
        "createdAt": "2026-03-01T12:01:00+00:00",
        "lastUsedAt": "2026-03-01T12:01:00+00:00",
        "expiresAt": "2026-03-08T12:01:00+00:00",
        "method": "PASSWORD",
        "userAgent": FIREFOX,
        "deviceName": "Firefox on Linux",
        "address": "2001:db8:1:*",
    }
    assert second == {
        "isCurrent": False,
        "createdAt": "2026-03-01T12:00:00+00:00",
        "lastUsedAt": "2026-03-01T12:00:00+00:00",
        "expiresAt": "2026-03-08T12:00:00+00:00",
        "method": "REGISTRATION",
        "userAgent": CHROME,
        "deviceName": "Chrome on Windows",
        "address": "198.51.100.*",
    }


async def test_last_use_is_told_to_the_hour(harness: Harness, home: GraphQLDoor) -> None:
    harness.clock.advance(2 * 3600 + 1799)
    await home.me()

    assert (await list_sessions(home))[0]["lastUsedAt"] == "2026-03-01T14:00:00+00:00"


async def test_device_is_named_in_the_language_of_the_page(harness: Harness, home: GraphQLDoor) -> None:
    home.client.headers["accept-language"] = "zh-CN"

    assert (await list_sessions(home))[0]["deviceName"] == "Windows 上的 Chrome"


@pytest.mark.parametrize("user_agent", ["", "x" * 300, "\x7f\xff", "Mozilla/5.0 " + "(" * 180])
async def test_device_that_is_not_recognised_has_no_name(harness: Harness, user_agent: str) -> None:
    door = GraphQLDoor(harness.client())
    door.client.headers.encoding = "latin-1"
    door.client.headers["user-agent"] = user_agent
    await sign_up(harness, door)
    (session,) = await list_sessions(door)

    assert (session["deviceName"], session["userAgent"]) == (None, user_agent[:200])


async def test_only_live_sessions_of_ones_own_are_told(harness: Harness, home: GraphQLDoor) -> None:
    other = browser(harness)
    await sign_up(harness, other, OTHER_MOBILE)
    harness.clock.advance(4 * 86_400)
    await home.login(MOBILE, PASSWORD)
    harness.clock.advance(4 * 86_400)

    assert [session["isCurrent"] for session in await list_sessions(home)] == [True]


async def test_nothing_that_opens_a_session_is_told(harness: Harness, home: GraphQLDoor) -> None:
    told = str(await list_sessions(home))
    token = token_of(home)
    token_hash = hash_token(token)

    assert token_hash is not None
    assert token not in told
    assert token_hash not in told


async def test_session_of_an_older_version_gets_an_id_that_stays(harness: Harness, home: GraphQLDoor) -> None:
    now = harness.clock()
    async with harness.services.database.writing() as connection:
        account_id = await connection.scalar(select(accounts.c.id))
        row = {"token_hash": "a" * 64, "account_id": account_id, "created_at": now, "last_used_at": now}
        await connection.execute(insert(sessions).values(row | {"expires_at": now + timedelta(days=7)}))

    listings = await asyncio.gather(*(list_sessions(home) for _ in range(20)))
    ids = {tuple(sorted(session["id"] for session in found)) for found in listings}
    assert [len(found) for found in ids] == [2]
    assert await revoke(home, id_of(listings[0], is_current=False))
    assert len(await list_sessions(home)) == 1


async def test_method_of_a_newer_version_is_no_error(harness: Harness, home: GraphQLDoor) -> None:
    async with harness.services.database.writing() as connection:
        await connection.execute(sessions.update().values(method="passkey"))

    assert [session["method"] for session in await list_sessions(home)] == [None]


async def test_revoked_session_ends_at_once_at_every_replica(build_harness: BuildHarness) -> None:
    async with build_harness() as one, build_harness() as two:
        lost, home = browser(one), browser(one)
        await sign_up(one, lost)
        await home.login(MOBILE, PASSWORD)
        tokens = token_of(lost), token_of(home)
        for replica in (one, two):
            assert [await is_alive(replica, token) for token in tokens] == [True, True]

        at_two = GraphQLDoor(two.client(token=token_of(home)))
        assert await revoke(at_two, id_of(await list_sessions(at_two), is_current=False))

        for replica in (one, two):
            assert [await is_alive(replica, token) for token in tokens] == [False, True]


async def test_own_session_that_is_revoked_signs_out(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    token = token_of(away)
    answer = await revoke(away, id_of(await list_sessions(away), is_current=True))

    assert answer.values["me"] is None
    assert "session=;" in answer.response.headers["set-cookie"]
    assert [await is_alive(harness, one) for one in (token, token_of(home))] == [False, True]


async def test_session_of_somebody_else_is_none(harness: Harness, home: GraphQLDoor) -> None:
    other = browser(harness)
    await sign_up(harness, other, OTHER_MOBILE)
    theirs = id_of(await list_sessions(other), is_current=True)

    refused = await revoke(home, theirs)
    assert refused.is_refused_as("SESSION_NOT_FOUND")
    assert refused.field == ("id",)
    assert await is_alive(harness, token_of(other))


@pytest.mark.parametrize(
    "session_id",
    ["", "1", "0" * 32, "x" * 50_000, "\x00", "\ud800", "A" * 32, "' OR 1=1 --", "%", "0" * 31 + "０"],
)
async def test_id_of_no_session_ends_none(harness: Harness, home: GraphQLDoor, session_id: str) -> None:
    refused = await revoke(home, session_id)

    assert refused.refusals in ({"SESSION_NOT_FOUND"}, {"BAD_USER_INPUT"}, {"BAD_REQUEST"}), refused
    assert await is_alive(harness, token_of(home))


async def test_hash_of_the_token_is_no_id(harness: Harness, home: GraphQLDoor) -> None:
    token_hash = hash_token(token_of(home))
    assert token_hash is not None

    for guess in (token_hash, token_hash[:32], token_hash[32:]):
        assert (await revoke(home, guess)).is_refused_as("SESSION_NOT_FOUND")


async def test_nobody_has_no_sessions_to_revoke(harness: Harness) -> None:
    nobody = browser(harness)

    assert (await revoke(nobody, "0" * 32)).is_refused_as("UNAUTHENTICATED")
    assert (await revoke_others(nobody)).is_refused_as("UNAUTHENTICATED")


async def test_all_others_end_at_once_at_every_replica(build_harness: BuildHarness) -> None:
    async with build_harness() as one, build_harness() as two:
        doors = [browser(one) for _ in range(4)]
        await sign_up(one, doors[0])
        for door in doors[1:]:
            await door.login(MOBILE, PASSWORD)
        somebody_else = await one.make_account(OTHER_MOBILE)
        answer = await revoke_others(doors[2])

        assert answer.values["sessions"] == [{"id": id_of(await list_sessions(doors[2]), is_current=True)}]
        for replica in (one, two):
            alive = [await is_alive(replica, token_of(door)) for door in doors]
            assert alive == [False, False, True, False]
            assert await is_alive(replica, somebody_else)


async def test_ending_all_others_needs_a_fresh_proof(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    harness.clock.advance(SUDO_SECONDS)
    refused = await revoke_others(away)

    assert refused.is_refused_as("REAUTHENTICATION_REQUIRED")
    (error,) = refused.response.json()["data"]["revokeOtherSessions"]["errors"]
    assert error["methods"] == ["PASSWORD", "SMS_CODE"]
    assert await is_alive(harness, token_of(home))


async def test_ending_one_needs_no_fresh_proof(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    harness.clock.advance(SUDO_SECONDS)

    assert await revoke(away, id_of(await list_sessions(away), is_current=False))
    assert not await is_alive(harness, token_of(home))


async def test_of_many_who_end_all_others_at_once_one_stays(harness: Harness, home: GraphQLDoor) -> None:
    doors = [home, *(browser(harness) for _ in range(19))]
    for door in doors[1:]:
        assert await door.login(MOBILE, PASSWORD)
    outcomes = await asyncio.gather(*(revoke_others(door) for door in doors))

    assert [outcome.refusals for outcome in outcomes if not outcome.is_ok] == [{"UNAUTHENTICATED"}] * 19
    alive = [await is_alive(harness, token_of(door)) for door in doors]
    assert alive == [outcome.is_ok for outcome in outcomes]


async def test_revoked_session_is_not_renewed_back_to_life(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    """A renewal that has read the session before it was revoked writes after it."""
    token_hash = hash_token(token_of(home))
    assert token_hash is not None
    read_before = await harness.services.viewers.find(token_hash)
    assert read_before is not None
    harness.clock.advance(3600)
    assert await revoke(away, id_of(await list_sessions(away), is_current=False))
    await renew(harness.services.database, read_before, harness.clock())

    assert not await is_alive(harness, token_of(home))


async def test_revoked_while_50_requests_renew_it(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    session_id = id_of(await list_sessions(away), is_current=False)
    harness.clock.advance(3600)
    using = [harness.open_door("graphql", token=token_of(home)).me() for _ in range(49)]
    revoked, *_ = await asyncio.gather(revoke(away, session_id), *using)

    assert revoked
    assert not await is_alive(harness, token_of(home))


async def test_exchange_of_the_token_is_no_way_round_being_revoked(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    """The id stays with the session, whatever its token is."""
    session_id = id_of(await list_sessions(away), is_current=False)
    ctx = Context(harness.services, token=token_of(home))
    async with ctx.writing() as connection:
        fresh = await exchange_token(connection, ctx.token, ctx.authentication(AuthMethod.PASSWORD))

    assert await revoke(away, session_id)
    assert not await is_alive(harness, fresh.token)


async def test_revoked_twice_is_not_found_and_told_once(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    session_id = id_of(await list_sessions(away), is_current=False)
    outcomes = await asyncio.gather(*(revoke(away, session_id) for _ in range(20)))

    assert [outcome.refusals for outcome in outcomes if not outcome.is_ok] == [{"SESSION_NOT_FOUND"}] * 19
    kinds = [event["kind"] for event in await list_events(away)]
    assert kinds == ["SESSION_REVOKED", "SIGNED_IN", "REGISTERED"]


async def test_ending_what_is_not_there_is_no_event(harness: Harness, home: GraphQLDoor) -> None:
    for _ in range(3):
        assert await revoke_others(home)

    assert [event["kind"] for event in await list_events(home)] == ["REGISTERED"]


async def test_viewers_own_objects_are_found_by_their_ids(
    harness: Harness, home: GraphQLDoor, away: GraphQLDoor
) -> None:
    account_id = (await away.me()).values["id"]
    session_id = id_of(await list_sessions(away), is_current=False)
    document = (
        "query ($a: ID!, $s: ID!) { a: node(id: $a) { __typename id ... on Account { mobile } } "
        "s: node(id: $s) { __typename id ... on SessionInfo { isCurrent deviceName } } }"
    )
    answer = await ask(away, document, {"a": account_id, "s": session_id})

    assert answer["a"] == {"__typename": "Account", "id": account_id, "mobile": MOBILE}
    found = {
        "__typename": "SessionInfo",
        "id": session_id,
        "isCurrent": False,
        "deviceName": "Chrome on Windows",
    }
    assert answer["s"] == found


async def test_node_of_nobody_and_of_somebody_else_is_null(harness: Harness, home: GraphQLDoor) -> None:
    other = browser(harness)
    await sign_up(harness, other, OTHER_MOBILE)
    theirs = [(await other.me()).values["id"], id_of(await list_sessions(other), is_current=True)]
    document = "query ($id: ID!) { node(id: $id) { id } }"

    for door in (home, browser(harness)):
        for node_id in [*theirs, "", "x" * 1000, "\x00"]:
            assert (await ask(door, document, {"id": node_id}))["node"] is None
