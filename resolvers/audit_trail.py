"""The whole audit trail, for what collects events of many services (a SIEM)."""

from collections.abc import AsyncIterator
from datetime import datetime

from db.audit import NumberedAuditRow, list_audit_page
from resolvers.context import Context

_PAGE_ROWS = 1000


async def stream_events(
    ctx: Context, *, since: datetime, page_rows: int = _PAGE_ROWS
) -> AsyncIterator[NumberedAuditRow]:
    """Every event from `since` on, oldest first; no more than `page_rows` are held at a time."""
    ctx.require_operator()
    last: NumberedAuditRow | None = None
    while True:
        async with ctx.reporting() as connection:
            page = await list_audit_page(connection, since=since, after=last, limit=page_rows)
        for row in page:
            yield row
        if len(page) < page_rows:
            return
        last = page[-1]
