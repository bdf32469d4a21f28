"""The query fields."""

from typing import Annotated

import strawberry

from resolvers.identities import find_own_auth_info
from resolvers.own_sessions import find_own_session
from schema.context import Info
from schema.nodes import Node
from schema.sessions import session_info_of
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
        description="The viewer's object with this id; null where there is none, or nobody is signed in."
    )
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Node | None:
        """What is one's own, and nothing else."""
        ctx = info.context.ctx
        viewer = await ctx.viewer()
        if viewer is None:
            return None
        account = account_of(viewer, ctx.services.links)
        if id == account.id:
            return account
        session = await find_own_session(ctx, session_id=id)
        return session_info_of(session) if session else None

    @strawberry.field(
        description="The signed-in account's real-name record, or null while none has been submitted. "
        "When signed out: an error `UNAUTHENTICATED`."
    )
    async def auth_info(self, info: Info) -> AuthInfo | None:
        """The viewer's record."""
        return auth_info_of(await find_own_auth_info(info.context.ctx))
