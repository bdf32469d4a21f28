"""The audit trail: what happened to an account, in the same transaction as the thing itself."""

from db.accounts import find_account_by_mobile
from db.audit import AuditRow, insert_audit_event
from db.engine import Connection
from resolvers.context import Context
from resolvers.errors import RateLimitedError
from resolvers.mobiles import mask_mobile


async def record_event(
    ctx: Context,
    connection: Connection,
    action: str,
    *,
    account_id: int | None,
    mobile: str,
    detail: str = "",
) -> None:
    """Append `action` (such as `sign-in`); the mobile is masked, and `detail` must hold nothing private."""
    await insert_audit_event(
        connection,
        AuditRow(
            at=ctx.now,
            action=action,
            account_id=account_id,
            subject=mask_mobile(mobile),
            address=ctx.address[:64],
            user_agent=ctx.user_agent[:200],
            request_id=ctx.request_id[:64],
            detail=detail[:500],
        ),
    )


async def record_refusal(ctx: Context, action: str, *, mobile: str, detail: str = "") -> None:
    """Append that something was refused for a mobile, with its account where it has one."""
    async with ctx.writing() as connection:
        row = await find_account_by_mobile(connection, mobile)
        account_id = row.id if row else None
        await record_event(ctx, connection, action, account_id=account_id, mobile=mobile, detail=detail)


async def record_limit(ctx: Context, action: str, *, mobile: str, error: RateLimitedError) -> None:
    """Append that a limit was reached: once for each subject and window, or the attack would fill the table."""
    subject = ctx.address if error.is_address_limit else mobile
    key = ctx.state_key(f"audited:{action}", subject)
    first = await ctx.services.state.increment(key, error.retry_after_seconds)
    if first.count == 1:
        await record_refusal(
            ctx, action, mobile=mobile, detail="address" if error.is_address_limit else "mobile"
        )
