"""Sudo: some deeds need a proof of who it is that is at most 15 minutes old, and a fresh proof changes the token."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from db.tables import accounts, sessions
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.errors import ReauthenticationRequiredError, RefusedError
from resolvers.reauthentication import require_sudo
from resolvers.sessions import IssuedSession, exchange_token, hash_token
from resolvers.sign_out import logout
from tests.doors.door import Door
from tests.doors.flows import MOBILE, sign_up
from tests.doors.harness import ADDRESS, DOORS, Harness
from tests.doors.test_sessions import token_of

pytestmark = pytest.mark.anyio

SUDO_SECONDS = 900


async def session_row(harness: Harness, token: str) -> dict[str, Any]:
    async with harness.services.database.reading() as connection:
        found = await connection.execute(select(sessions).where(sessions.c.token_hash == hash_token(token)))
        return dict(found.mappings().one())


async def exchange(harness: Harness, token: str, method: AuthMethod = AuthMethod.PASSWORD) -> IssuedSession:
    ctx = Context(harness.services, token=token)
    async with ctx.writing() as connection:
        return await exchange_token(connection, token, ctx.authentication(method))


async def is_alive(harness: Harness, token: str) -> bool:
    alive = {(await harness.open_door(kind, token=token).me()).is_ok for kind in DOORS}
    assert len(alive) == 1
    return alive.pop()


async def test_session_keeps_how_and_from_where_it_began(harness: Harness, kind: str) -> None:
    door = DOORS[kind](harness.client(headers={"user-agent": "x" * 300}))
    await sign_up(harness, door)
    registered = await session_row(harness, token_of(door))
    await door.login(MOBILE, "correct horse 42")
    signed_in = await session_row(harness, token_of(door))

    assert (registered["method"], signed_in["method"]) == ("registration", "password")
    assert (registered["user_agent"], registered["address"]) == ("x" * 200, ADDRESS)
    assert registered["authenticated_at"] == registered["created_at"]


async def test_public_ids_are_random_and_tell_nothing_of_the_token(harness: Harness, door: Door) -> None:
    ids: set[str] = set()
    for _ in range(3):
        await (sign_up(harness, door) if not ids else door.login(MOBILE, "correct horse 42"))
        row = await session_row(harness, token_of(door))
        ids.add(row["public_id"])
        assert row["public_id"] not in row["token_hash"]

    assert len(ids) == 3
    assert {len(public_id) for public_id in ids} == {32}


@pytest.mark.parametrize(("seconds", "is_open"), [(SUDO_SECONDS - 1, True), (SUDO_SECONDS, False)])
async def test_sudo_ends_15_minutes_after_the_proof(harness: Harness, seconds: int, is_open: bool) -> None:
    token = await harness.make_account(MOBILE)
    harness.clock.advance(seconds)
    ctx = Context(harness.services, token=token)

    if is_open:
        assert (await require_sudo(ctx)).mobile == MOBILE
    else:
        with pytest.raises(ReauthenticationRequiredError) as refused:
            await require_sudo(ctx)
        assert refused.value.methods == (AuthMethod.PASSWORD, AuthMethod.SMS_CODE)


async def test_use_of_a_session_is_no_proof(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    harness.clock.advance(7200)
    assert await is_alive(harness, token)

    with pytest.raises(ReauthenticationRequiredError):
        await require_sudo(Context(harness.services, token=token))


async def test_nobody_has_no_sudo(harness: Harness) -> None:
    with pytest.raises(RefusedError, match="UNAUTHENTICATED"):
        await require_sudo(Context(harness.services))


async def test_exchanged_token_opens_sudo_and_voids_the_old_one_everywhere(harness: Harness) -> None:
    old = await harness.make_account(MOBILE)
    before = await session_row(harness, old)
    harness.clock.advance(SUDO_SECONDS)
    fresh = await exchange(harness, old, AuthMethod.SMS_CODE)
    after = await session_row(harness, fresh.token)

    assert (await require_sudo(Context(harness.services, token=fresh.token))).mobile == MOBILE
    assert [await is_alive(harness, token) for token in (old, fresh.token)] == [False, True]
    kept = ("public_id", "created_at", "expires_at", "account_id", "user_agent", "address")
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert (after["method"], after["authenticated_at"]) == ("sms_code", harness.clock())
    assert fresh.expires_at == after["expires_at"]


async def test_token_is_exchanged_once_also_by_50_at_once(harness: Harness) -> None:
    old = await harness.make_account(MOBILE)
    outcomes = await asyncio.gather(*(exchange(harness, old) for _ in range(50)), return_exceptions=True)
    fresh = [outcome.token for outcome in outcomes if isinstance(outcome, IssuedSession)]

    assert len(fresh) == 1
    assert {str(one) for one in outcomes if not isinstance(one, IssuedSession)} == {
        "UNAUTHENTICATED: unauthenticated"
    }
    assert [await is_alive(harness, token) for token in (old, *fresh)] == [False, True]


async def test_revoked_session_gets_no_fresh_token(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    await logout(Context(harness.services, token=token))

    with pytest.raises(RefusedError, match="UNAUTHENTICATED"):
        await exchange(harness, token)
    assert (await harness.records())["sessions"] == []


async def test_session_of_an_older_version_counts_from_its_beginning(harness: Harness) -> None:
    """It still writes only the columns that it knows, while the newer version runs beside it."""
    await harness.make_account(MOBILE)
    tokens, now = ("a" * 43, "b" * 43), harness.clock()
    times = {"created_at": now, "last_used_at": now, "expires_at": now + timedelta(days=7)}
    async with harness.services.database.writing() as connection:
        account_id = await connection.scalar(select(accounts.c.id))
        for token in tokens:
            row = {"token_hash": hash_token(token), "account_id": account_id} | times
            await connection.execute(insert(sessions).values(row))

    harness.clock.advance(SUDO_SECONDS - 1)
    assert (await require_sudo(Context(harness.services, token=tokens[0]))).mobile == MOBILE
    assert await is_alive(harness, tokens[1])
    harness.clock.advance(1)
    with pytest.raises(ReauthenticationRequiredError):
        await require_sudo(Context(harness.services, token=tokens[0]))
