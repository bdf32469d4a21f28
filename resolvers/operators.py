"""What operators may do to an account, and nobody else; each act is in the audit trail with who did it."""

from dataclasses import dataclass
from datetime import datetime

from db import accounts, credentials, devices, identities, sessions
from db.accounts import AccountRow
from db.audit import AuditRow, list_audit_events
from db.engine import Connection
from resolvers.accounts import Account, account_of
from resolvers.context import Context
from resolvers.events import EventKind, record_event
from resolvers.identities import encrypt_identity, open_identity
from resolvers.mobiles import parse_mobile
from resolvers.sms_codes import void_sms_codes

_ROTATION_ROWS = 100


class AccountNotFoundError(Exception):
    """No account has this mobile."""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """What an operator may see of an account; nothing of the real-name record but when it was submitted."""

    account: Account
    locked_at: datetime | None
    live_sessions: int
    identity_submitted_at: datetime | None


async def show_account(ctx: Context, *, mobile: str) -> AccountReport:
    """The account of `mobile`.

    Raises:
        AccountNotFoundError: and InputError for what is no mobile; so do all functions here.
    """
    ctx.require_operator()
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
        live_sessions = await sessions.list_live_sessions_of(connection, row.id, ctx.now)
        identity = await identities.find_identity(connection, row.id)
    return AccountReport(
        account_of(row), row.locked_at, len(live_sessions), identity.submitted_at if identity else None
    )


async def lock_account(ctx: Context, *, mobile: str) -> int:
    """Lock the account and end its sessions; how many there were. Idempotent."""
    ctx.require_operator()
    async with ctx.writing() as connection:
        row = await get_account(connection, mobile)
        await accounts.set_locked_at(connection, row.id, row.locked_at or ctx.now)
        ended = await sessions.delete_sessions_of(connection, row.id)
        await record_event(ctx, connection, EventKind.OPERATOR_LOCKED, account_id=row.id, mobile=row.mobile)
    return ended


async def unlock_account(ctx: Context, *, mobile: str) -> None:
    """Unlock the account. Idempotent."""
    ctx.require_operator()
    async with ctx.writing() as connection:
        row = await get_account(connection, mobile)
        await accounts.set_locked_at(connection, row.id, None)
        await record_event(ctx, connection, EventKind.OPERATOR_UNLOCKED, account_id=row.id, mobile=row.mobile)


async def sign_out_account(ctx: Context, *, mobile: str) -> int:
    """End every session of the account; how many there were."""
    ctx.require_operator()
    async with ctx.writing() as connection:
        row = await get_account(connection, mobile)
        ended = await sessions.delete_sessions_of(connection, row.id)
        await record_event(
            ctx, connection, EventKind.OPERATOR_SIGNED_OUT, account_id=row.id, mobile=row.mobile
        )
    return ended


async def require_reset(ctx: Context, *, mobile: str) -> int:
    """Take the account's password away, end its sessions, forget its devices and void its codes; how many sessions.

    Idempotent. Its owner signs in or sets a new password by SMS code; the old password is a wrong one, and
    nothing tells why.
    """
    ctx.require_operator()
    async with ctx.writing() as connection:
        row = await get_account(connection, mobile)
        await credentials.delete_password(connection, row.id)
        await devices.delete_other_devices(connection, row.id, None)
        ended = await sessions.delete_sessions_of(connection, row.id)
        await record_event(
            ctx, connection, EventKind.OPERATOR_REQUIRED_RESET, account_id=row.id, mobile=row.mobile
        )
    await void_sms_codes(ctx, mobile=row.mobile, account_id=row.id)
    return ended


async def reset_identity(ctx: Context, *, mobile: str, reason: str) -> bool:
    """Delete a wrong real-name record, so that a right one can be submitted; whether there was one."""
    ctx.require_operator()
    async with ctx.writing() as connection:
        row = await get_account(connection, mobile)
        was_there = await identities.delete_identity(connection, row.id)
        await record_event(
            ctx,
            connection,
            EventKind.OPERATOR_RESET_IDENTITY,
            account_id=row.id,
            mobile=row.mobile,
            detail=reason,
        )
    return was_there


async def reencrypt_identities(ctx: Context) -> int:
    """Encrypt every record again with the active key; how many there were.

    Can be stopped and run again; records stay readable all the while.
    """
    ctx.require_operator()
    keys = ctx.services.keys
    count = 0
    while True:
        async with ctx.reading() as connection:
            rows = await identities.list_identities_not_encrypted_with(
                connection, keys.active_id, limit=_ROTATION_ROWS
            )
        if not rows:
            return count
        for row in rows:
            name, number = open_identity(keys, row)
            new = encrypt_identity(keys, row.account_id, name, number, row.submitted_at)
            async with ctx.writing() as connection:
                await identities.reencrypt_identity(connection, row, new)
        count += len(rows)


async def list_events(ctx: Context, *, mobile: str, limit: int) -> list[AuditRow]:
    """The newest `limit` events of the account's audit trail, oldest first."""
    ctx.require_operator()
    async with ctx.reading() as connection:
        row = await get_account(connection, mobile)
        return await list_audit_events(connection, row.id, limit=limit)


async def get_account(connection: Connection, mobile: str) -> AccountRow:
    """The account's row.

    Raises:
        AccountNotFoundError: when there is none.
    """
    row = await accounts.find_account_by_mobile(connection, parse_mobile(mobile))
    if row is None:
        raise AccountNotFoundError
    return row
