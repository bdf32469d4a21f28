"""The viewer's own sessions: what there are, and ending them; each ends at once, everywhere."""

import re
from dataclasses import dataclass
from datetime import datetime

from db import accounts, sessions
from db.sessions import SessionFacts
from resolvers.accounts import Account
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.devices import forget_other_devices
from resolvers.errors import ErrorCode, InputError, unauthenticated
from resolvers.events import EventKind, record_event
from resolvers.masking import mask_address
from resolvers.messages import Reason
from resolvers.reauthentication import require_sudo
from resolvers.sessions import hash_token, make_public_id

_ID_FORM = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A live session as its owner may see it: `last_used_at` to the hour, the end of `address` hidden.

    `method` is None for one that only a newer version of the service knows.
    """

    id: str
    is_current: bool
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    method: AuthMethod | None
    user_agent: str
    address: str | None


async def list_own_sessions(ctx: Context) -> list[SessionInfo]:
    """The viewer's live sessions, the last used first.

    Raises:
        RefusedError: UNAUTHENTICATED.
    """
    viewer = await ctx.require_seen_viewer()
    rows = await _read(ctx, viewer)
    unnamed = [row.token_hash for row in rows if row.public_id is None]
    if unnamed:
        # An older version has begun them.
        async with ctx.writing() as connection:
            for token_hash in unnamed:
                await sessions.set_public_id(connection, token_hash, make_public_id())
        rows = await _read(ctx, viewer)
    own_hash = hash_token(ctx.token) if ctx.token else None
    infos = [
        _info_of(row, row.public_id, is_current=row.token_hash == own_hash) for row in rows if row.public_id
    ]
    return sorted(infos, key=lambda info: (info.last_used_at, info.created_at), reverse=True)


async def find_own_session(ctx: Context, *, session_id: str) -> SessionInfo | None:
    """The viewer's live session of this id.

    Raises:
        RefusedError: UNAUTHENTICATED.
    """
    return next((info for info in await list_own_sessions(ctx) if info.id == session_id), None)


async def revoke_session(ctx: Context, *, session_id: str) -> Account | None:
    """End the viewer's session of this id; who is signed in then: nobody, where it was the one that asks.

    Raises:
        RefusedError: UNAUTHENTICATED.
        InputError: SESSION_NOT_FOUND; also for somebody else's.
    """
    viewer = await ctx.require_viewer()
    own_hash = hash_token(ctx.token or "")
    async with ctx.writing() as connection:
        if not _ID_FORM.fullmatch(session_id) or not await sessions.delete_session_of(
            connection, viewer.id, session_id
        ):
            raise InputError(ErrorCode.SESSION_NOT_FOUND, Reason.SESSION_NOT_FOUND, field=("id",))
        await record_event(
            ctx, connection, EventKind.SESSION_REVOKED, account_id=viewer.id, mobile=viewer.mobile
        )
        is_alive = own_hash and await sessions.find_authenticated_at(connection, own_hash)
    if is_alive:
        return viewer
    ctx.end_session()
    return None


async def revoke_other_sessions(ctx: Context) -> Account:
    """End every session of the viewer but the one that asks, and forget every other device.

    Raises:
        RefusedError: UNAUTHENTICATED.
        ReauthenticationRequiredError: the last proof of who is signed in is too old.
    """
    viewer = await require_sudo(ctx)
    own_hash = hash_token(ctx.token or "") or ""
    async with ctx.writing() as connection:
        # Of two that ask at once the first ends the other's session, and with it what that asks for.
        held = await accounts.find_account_for_update(connection, viewer.id)
        if held is None or not await sessions.find_authenticated_at(connection, own_hash):
            raise unauthenticated()
        ended = await sessions.delete_other_sessions(connection, viewer.id, own_hash)
        forgotten = await forget_other_devices(ctx, connection, viewer.id)
        if ended or forgotten:
            await record_event(
                ctx, connection, EventKind.OTHER_SESSIONS_REVOKED, account_id=viewer.id, mobile=viewer.mobile
            )
    return viewer


async def _read(ctx: Context, viewer: Account) -> list[SessionFacts]:
    async with ctx.reading() as connection:
        return await sessions.list_live_sessions_of(connection, viewer.id, ctx.now)


def _info_of(row: SessionFacts, public_id: str, *, is_current: bool) -> SessionInfo:
    hour = row.last_used_at.replace(minute=0, second=0, microsecond=0)
    return SessionInfo(
        id=public_id,
        is_current=is_current,
        created_at=row.created_at,
        last_used_at=max(hour, row.created_at),
        expires_at=row.expires_at,
        method=AuthMethod(row.method) if row.method in set(AuthMethod) else None,
        user_agent=row.user_agent,
        address=mask_address(row.address),
    )
