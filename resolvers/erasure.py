"""Export and erasure: what the law gives a person a right to, carried out by an operator."""

import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta

from db import accounts, audit, consents, devices, identities, sessions, sms_messages
from db.engine import DatabaseUnavailableError
from resolvers.avatars import delete_unless_shown
from resolvers.context import Context
from resolvers.events import EventKind, record_event
from resolvers.identities import open_identity
from resolvers.operators import get_account
from resolvers.sign_in_guard import forget_sign_ins
from resolvers.sms_codes import forget_sms_codes
from resolvers.sms_guard import ledger_digests

_EVENTS = 100_000
ON_ITS_WAY = timedelta(hours=1)


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
    ctx.require_operator()
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
        live = await sessions.list_live_sessions_of(connection, row.id, ctx.now)
        agreed = await consents.list_consents_of(connection, row.id)
        known = await devices.list_devices_of(connection, row.id)
        identity = await identities.find_identity(connection, row.id)
        events = await audit.list_audit_events(connection, row.id, limit=_EVENTS)
        messages = await sms_messages.list_sms_messages_of(connection, ledger_digests(ctx, row.mobile))
    name, number = open_identity(ctx.services.keys, identity) if identity else (None, None)
    data: dict[str, object] = {
        "account": row._asdict(),
        "sessions": [_without_secrets(session._asdict()) for session in live],
        "consents": [row._asdict() for row in agreed],
        "devices": [
            {"created_at": created, "last_used_at": used, "expires_at": expires}
            for created, used, expires in known
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
        await record_event(ctx, connection, EventKind.OPERATOR_EXPORTED, account_id=row.id, mobile=row.mobile)
    return Export(data, avatar)


def _without_secrets(session: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in session.items() if name != "token_hash"}


async def erase_account(ctx: Context, *, mobile: str) -> None:
    """Erase the person everywhere; what the audit trail says stays, under a pseudonym.

    The mobile is free again afterwards. Can be repeated after a failure half-way: the account goes last. What SQLite's
    log still has of the person goes with it; where others read for too long, the running service empties it later.
    """
    ctx.require_operator()
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
    await forget_sms_codes(ctx, mobile=row.mobile, account_id=row.id)
    await forget_sign_ins(ctx, row.mobile)
    if ctx.services.inbox:
        ctx.services.inbox.forget(row.mobile)
    if row.avatar_key:
        await delete_unless_shown(ctx, row.avatar_key, except_by=row.id)
    async with ctx.writing() as connection:
        await sms_messages.forget_sms_mobile(connection, ledger_digests(ctx, row.mobile))
        await accounts.delete_account(connection, row.id)
        await record_event(ctx, connection, EventKind.OPERATOR_ERASED, account_id=row.id, mobile=row.mobile)
        await audit.pseudonymise_audit_events(connection, row.id, f"erased-{secrets.token_hex(4)}")
    with suppress(DatabaseUnavailableError):
        await ctx.services.database.scrub()


async def sweep_avatars(ctx: Context, *, minimum_age: timedelta = ON_ITS_WAY) -> int:
    """Delete pictures that no account shows, left over from a crash; how many there were.

    A picture is stored before an account shows it, so what is younger than `minimum_age` may be on its way.
    """
    ctx.require_operator()
    keys = await ctx.services.avatars.list_keys(older_than=ctx.now - minimum_age)
    return sum([await delete_unless_shown(ctx, key) for key in keys])
