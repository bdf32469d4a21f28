"""The query fields."""

import strawberry

from resolvers.identities import find_own_auth_info
from schema.context import Info
from schema.types import Account, AuthInfo, account_of, auth_info_of


@strawberry.type(description="What can be read.")
class Query:
    """Reads change nothing."""

    @strawberry.field(description="The signed-in account, or null when signed out.")
    async def me(self, info: Info) -> Account | None:
        """Who is calling."""
        ctx = info.context.ctx
        viewer = await ctx.viewer()
        return account_of(viewer, ctx.services.links) if viewer else None

    @strawberry.field(
        description="The signed-in account's real-name record, or null while none has been submitted. "
        "When signed out: an error `UNAUTHENTICATED`."
    )
    async def auth_info(self, info: Info) -> AuthInfo | None:
        """The viewer's record."""
        return auth_info_of(await find_own_auth_info(info.context.ctx))
