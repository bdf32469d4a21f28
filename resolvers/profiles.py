"""The profile: the name that others see."""

from db import accounts
from db.engine import ConflictError
from resolvers.accounts import Account
from resolvers.context import Context
from resolvers.events import EventKind, record_event
from resolvers.names import name_key, name_taken, parse_name


async def update_name(ctx: Context, *, name: str) -> Account:
    """Rename the viewer. Of two who take one name at once, one gets it; one's own name again changes nothing.

    Raises:
        RefusedError: UNAUTHENTICATED.
        InputError: INVALID_INPUT, NAME_TAKEN.
        RateLimitedError: renamed too often.
    """
    viewer = await ctx.require_viewer()
    parsed = parse_name(name, own_mobile=viewer.mobile)
    if parsed == viewer.name:
        return viewer
    key = name_key(parsed)
    try:
        async with (
            ctx.limited(ctx.services.policy.limits.rename, str(viewer.id)),
            ctx.writing() as connection,
        ):
            if await accounts.find_name_owner(connection, key) not in {None, viewer.id}:
                raise name_taken()
            await accounts.set_name(connection, viewer.id, name=parsed, name_key=key)
            await record_event(ctx, connection, EventKind.RENAMED, account_id=viewer.id, mobile=viewer.mobile)
    except ConflictError as error:
        raise name_taken() from error
    return viewer._replace(name=parsed)
