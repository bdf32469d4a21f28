"""Consents: which version of which document a person has agreed to, kept with the time and the address.

An installation names what is asked for; where it names nothing, nothing is asked for and nothing is kept.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from db import consents
from db.consents import ConsentRow
from db.engine import Connection
from resolvers.context import Context
from resolvers.errors import ErrorCode, InputError
from resolvers.events import EventKind, record_event
from resolvers.messages import Reason
from resolvers.policy import Document


@dataclass(frozen=True, slots=True)
class Consent:
    """What the viewer has agreed to, and when."""

    document: str
    version: str
    given_at: datetime


def require_consents(ctx: Context, given: Collection[Document]) -> None:
    """See to it that everything that is asked for is among `given`; what is not asked for does not matter.

    Judged by what the client sends alone, whether or not there is an account, and before a code is touched.

    Raises:
        InputError: CONSENT_REQUIRED.
    """
    missing = [document for document in ctx.services.policy.consents if document not in given]
    if missing:
        documents = ", ".join(f"{document.name} {document.version}" for document in missing)
        raise InputError(
            ErrorCode.CONSENT_REQUIRED, Reason.CONSENT_REQUIRED, field=("consents",), documents=documents
        )


async def record_consents(ctx: Context, connection: Connection, *, account_id: int, mobile: str) -> None:
    """Keep that the account's owner has agreed to what is asked for, and has not agreed to before.

    The caller has required the consents, and holds the account's row.
    """
    asked = ctx.services.policy.consents
    if not asked:
        return
    kept = {(row.document, row.version) for row in await consents.list_consents_of(connection, account_id)}
    rows = [ConsentRow(*document, ctx.now, ctx.address[:64]) for document in asked if document not in kept]
    if rows:
        await consents.insert_consents(connection, account_id, rows)
        detail = ", ".join(f"{row.document}={row.version}" for row in rows)
        await record_event(
            ctx, connection, EventKind.CONSENTED, account_id=account_id, mobile=mobile, detail=detail
        )


async def list_own_consents(ctx: Context) -> list[Consent]:
    """What the viewer has agreed to, oldest first.

    Raises:
        RefusedError: UNAUTHENTICATED.
    """
    viewer = await ctx.require_seen_viewer()
    async with ctx.reading() as connection:
        rows = await consents.list_consents_of(connection, viewer.id)
    return [Consent(row.document, row.version, row.given_at) for row in rows]
