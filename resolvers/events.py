"""Events: what happens to accounts and who did it, in the audit trail in the same transaction as the thing itself.

`EventKind` is the one list of them, and `record_event` the one place that writes.
"""

from enum import StrEnum

from db.accounts import find_account_by_mobile
from db.audit import AuditRow, insert_audit_event
from db.engine import Connection
from resolvers.context import Context
from resolvers.errors import RateLimitedError
from resolvers.masking import mask_mobile


class EventKind(StrEnum):
    """The word by which the trail calls what happened; at most 40 characters, and never changed."""

    REGISTERED = "register"
    SIGNED_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_IN_LIMITED = "sign-in-limited"
    SIGN_IN_LOCKED = "sign-in-locked"
    SIGNED_OUT = "sign-out"
    PASSWORD_CHANGED = "password-change"
    PASSWORD_RESET = "password-reset"
    REAUTHENTICATED = "reauthenticate"
    REAUTHENTICATION_FAILED = "reauthenticate-failed"
    REAUTHENTICATION_LIMITED = "reauthenticate-limited"
    SMS_LIMITED = "sms-limited"
    RENAMED = "name"
    AVATAR_CHANGED = "avatar"
    REAL_NAME_SUBMITTED = "real-name"
    REAL_NAME_REFUSED = "real-name-refused"
    REAL_NAME_LIMITED = "real-name-limited"
    CONSENTED = "consent"
    NEW_DEVICE = "new-device"
    SESSION_REVOKED = "session-revoke"
    OTHER_SESSIONS_REVOKED = "sessions-revoke-others"
    OPERATOR_LOCKED = "operator-lock"
    OPERATOR_UNLOCKED = "operator-unlock"
    OPERATOR_SIGNED_OUT = "operator-sign-out"
    OPERATOR_REQUIRED_RESET = "operator-require-reset"
    OPERATOR_LIFTED_LIMITS = "operator-limits-lift"
    OPERATOR_RESET_IDENTITY = "operator-identity-reset"
    OPERATOR_EXPORTED = "operator-export"
    OPERATOR_ERASED = "operator-erase"


async def record_event(
    ctx: Context,
    connection: Connection,
    kind: EventKind,
    *,
    account_id: int | None,
    mobile: str,
    detail: str = "",
) -> None:
    """Append what happened to an account; the mobile is masked, and `detail` must hold nothing private."""
    await insert_audit_event(
        connection,
        AuditRow(
            at=ctx.now,
            action=kind,
            account_id=account_id,
            subject=mask_mobile(mobile),
            actor=ctx.actor.label[:64],
            address=ctx.address[:64],
            user_agent=ctx.actor.user_agent[:200],
            request_id=ctx.request_id[:64],
            detail=detail[:500],
        ),
    )


async def record_refusal(ctx: Context, kind: EventKind, *, mobile: str, detail: str = "") -> None:
    """Append that something was refused for a mobile, with its account where it has one."""
    async with ctx.writing() as connection:
        row = await find_account_by_mobile(connection, mobile)
        account_id = row.id if row else None
        await record_event(ctx, connection, kind, account_id=account_id, mobile=mobile, detail=detail)


async def record_limit(ctx: Context, kind: EventKind, *, mobile: str, error: RateLimitedError) -> None:
    """Append that a limit was reached: once for each subject and window, or the attack would fill the table."""
    subject = ctx.address if error.is_address_limit else mobile
    key = ctx.state_key(f"audited:{kind}", subject)
    first = await ctx.services.state.increment(key, error.retry_after_seconds)
    if first.count == 1:
        await record_refusal(
            ctx, kind, mobile=mobile, detail="address" if error.is_address_limit else "mobile"
        )
