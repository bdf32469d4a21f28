"""The mutation fields on the viewer's own sessions."""

from typing import Annotated

import strawberry

from resolvers import own_sessions
from schema.context import Info
from schema.errors import UserError, settle
from schema.types import Account, account_of, errors_field


@strawberry.input(description="What `revokeSession` takes.")
class RevokeSessionInput:
    """Input."""

    id: strawberry.ID = strawberry.field(description="The id of one of `me.sessions`.")


@strawberry.type(description="What `revokeSession` answers.")
class RevokeSessionPayload:
    """Payload."""

    me: Account | None = strawberry.field(
        default=None, description="Who is signed in now; null where the session was the one that asked."
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `revokeOtherSessions` answers.")
class RevokeOtherSessionsPayload:
    """Payload."""

    me: Account | None = strawberry.field(default=None, description="The viewer, who has one session now.")
    errors: list[UserError] = errors_field()


@strawberry.type
class SessionMutations:
    """A part of `Mutation`."""

    @strawberry.mutation(description="End one of the viewer's sessions, at the server and at once.")
    async def revoke_session(
        self, info: Info, input: Annotated[RevokeSessionInput, strawberry.argument(description="Which.")]
    ) -> RevokeSessionPayload:
        """See `resolvers.own_sessions.revoke_session`."""

        async def make() -> RevokeSessionPayload:
            ctx = info.context.ctx
            viewer = await own_sessions.revoke_session(ctx, session_id=input.id)
            return RevokeSessionPayload(me=account_of(viewer, ctx.services.links) if viewer else None)

        return await settle(RevokeSessionPayload, make(), info.context)

    @strawberry.mutation(
        description="End every session of the viewer but this one, at once, and forget every other device. "
        "Needs a fresh proof."
    )
    async def revoke_other_sessions(self, info: Info) -> RevokeOtherSessionsPayload:
        """See `resolvers.own_sessions.revoke_other_sessions`."""

        async def make() -> RevokeOtherSessionsPayload:
            ctx = info.context.ctx
            viewer = await own_sessions.revoke_other_sessions(ctx)
            return RevokeOtherSessionsPayload(me=account_of(viewer, ctx.services.links))

        return await settle(RevokeOtherSessionsPayload, make(), info.context)
