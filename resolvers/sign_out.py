"""Sign-out: the session ends at the server, at once, everywhere."""

from db import accounts, sessions
from resolvers.context import Context
from resolvers.events import EventKind, record_event
from resolvers.sessions import hash_token


async def logout(ctx: Context) -> None:
    """End the session that the client is in; without one nothing happens."""
    token_hash = hash_token(ctx.token) if ctx.token else None
    if token_hash:
        async with ctx.writing() as connection:
            account_id = await sessions.delete_session(connection, token_hash)
            account = None if account_id is None else await accounts.find_account(connection, account_id)
            if account:
                await record_event(
                    ctx, connection, EventKind.SIGNED_OUT, account_id=account.id, mobile=account.mobile
                )
    ctx.end_session()
