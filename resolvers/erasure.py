"""Export and erasure: what the law gives a person a right to, carried out by an operator."""

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass

from db import accounts, audit, avatars, identities, sessions, sms_messages
from db.engine import DatabaseUnavailableError
from resolvers.audit import record_event
from resolvers.context import Context
from resolvers.identities import open_identity
from resolvers.operators import get_account
from resolvers.sign_in_guard import forget_sign_ins
from resolvers.sms_codes import forget_sms_codes
from resolvers.sms_guard import ledger_digests

_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that is held about one person: as plain data, and the picture (WebP) or None."""

    data: dict[str, object]
    avatar: bytes | None


async def export_account(ctx: Context, *, mobile: str) -> Export:
    """Everything that is held, the real-name record in clear.

    Raises:
        AccountNotFoundError: so does `erase_account`.
    """
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
        live = await sessions.list_live_sessions_of(connection, row.id, ctx.now)
        identity = await identities.find_identity(connection, row.id)
        events = await audit.list_audit_events(connection, row.id, limit=_EVENTS)
        messages = await sms_messages.list_sms_messages_of(connection, ledger_digests(ctx, row.mobile))
    name, number = open_identity(ctx.services.keys, identity) if identity else (None, None)
    data: dict[str, object] = {
        "account": row._asdict(),
        "sessions": [
            {"created_at": created, "slid_at": slid, "expires_at": expires} for created, slid, expires in live
        ],
        "real_name_record": identity
        and {"real_name": name, "id_number": number, "submitted_at": identity.submitted_at},
        "audit_events": [asdict(event) for event in events],
        "sms_messages": [
            {
                "at": message.at,
                "outcome": message.outcome,
                "used_at": message.used_at,
                "address": message.address,
            }
            for message in messages
        ],
    }
    avatar = await ctx.services.avatars.get(row.avatar_key) if row.avatar_key else None
    async with ctx.writing() as connection:
        await record_event(ctx, connection, "operator-export", account_id=row.id, mobile=row.mobile)
    return Export(data, avatar)


async def erase_account(ctx: Context, *, mobile: str) -> None:
    """Erase the person everywhere; what the audit trail says stays, under a pseudonym.

    The mobile is free again afterwards. Can be repeated after a failure half-way: the account goes last. What SQLite's
    log still has of the person goes with it; where others read for too long, the running service empties it later.
    """
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
    await forget_sms_codes(ctx, row.mobile)
    await forget_sign_ins(ctx, row.mobile)
    async with ctx.writing() as connection:
        if row.avatar_key:
            await avatars.lock_avatar(connection, row.avatar_key, ctx.now)
            await accounts.set_avatar_key(connection, row.id, None)
            if not await accounts.is_avatar_in_use(connection, row.avatar_key):
                await ctx.services.avatars.delete(row.avatar_key)
                await avatars.delete_avatar(connection, row.avatar_key)
        await sms_messages.forget_sms_mobile(connection, ledger_digests(ctx, row.mobile))
        await accounts.delete_account(connection, row.id)
        await record_event(ctx, connection, "operator-erase", account_id=row.id, mobile=row.mobile)
        await audit.pseudonymise_audit_events(connection, row.id, f"erased-{secrets.token_hex(4)}")
    with suppress(DatabaseUnavailableError):
        await ctx.services.database.scrub()


async def sweep_avatars(ctx: Context) -> int:
    """Delete pictures that no account shows, left over from a crash; how many there were."""
    swept = 0
    for key in await ctx.services.avatars.list_keys():
        async with ctx.writing() as connection:
            await avatars.lock_avatar(connection, key, ctx.now)
            if not await accounts.is_avatar_in_use(connection, key):
                await ctx.services.avatars.delete(key)
                await avatars.delete_avatar(connection, key)
                swept += 1
    return swept
