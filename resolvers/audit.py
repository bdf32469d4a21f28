"""The audit trail: what happened to an account, in the same transaction as the thing itself."""

from db.audit import AuditRow, insert_audit_event
from db.engine import Connection
from resolvers.context import Context
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
