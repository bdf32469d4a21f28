"""What a person is shown of their own sessions, and of what happened to the account."""

from datetime import datetime
from enum import Enum

import strawberry

from resolvers import own_sessions, security_events
from resolvers.device_names import name_device
from resolvers.security_events import EVENT_TEXTS
from schema.context import Info
from schema.errors import AuthMethod, make_enum
from schema.nodes import Node

_DEVICE = (
    'What the client seems to be, such as "Chrome on Windows", in the language of `Accept-Language`; '
    "null when unknown."
)
_ADDRESS = "The network address with its end hidden, such as `198.51.100.*`; null when unknown."

SecurityEventKind = make_enum(
    "SecurityEventKind",
    "What happened to an account. Values are only ever added.",
    {kind.name: english for kind, (english, _) in EVENT_TEXTS.items()},
)


@strawberry.type(description="A live session of the viewer.")
class SessionInfo(Node):
    """See `resolvers.own_sessions.SessionInfo`."""

    id: strawberry.ID = strawberry.field(
        description="Random; it says nothing of the token, and stays when that is exchanged."
    )
    is_current: bool = strawberry.field(description="Whether this request came in it.")
    created_at: datetime = strawberry.field(description="When it began, UTC.")
    last_used_at: datetime = strawberry.field(description="When it was last used, to the hour, UTC.")
    expires_at: datetime = strawberry.field(description="When it ends unless it is used, UTC.")
    method: AuthMethod | None = strawberry.field(
        description="The proof that was last given in it; null for a way that this version does not know."
    )
    user_agent: str = strawberry.field(
        description="What the client said of itself when it began, up to 200 characters."
    )
    address: str | None = strawberry.field(description=_ADDRESS)

    @strawberry.field(description=_DEVICE)
    async def device_name(self, info: Info) -> str | None:
        """Recognised when it is asked for."""
        return await name_device(self.user_agent, info.context.language)


@strawberry.type(description="Something that happened to the viewer's account.")
class SecurityEvent:
    """See `resolvers.security_events.SecurityEvent`."""

    at: datetime = strawberry.field(description="When, UTC.")
    kind: Enum = strawberry.field(graphql_type=SecurityEventKind, description="What, for programs.")
    message: str = strawberry.field(description="What, for people, in the language of `Accept-Language`.")
    address: str | None = strawberry.field(description=_ADDRESS)
    user_agent: strawberry.Private[str]

    @strawberry.field(description=_DEVICE)
    async def device_name(self, info: Info) -> str | None:
        """Recognised when it is asked for."""
        return await name_device(self.user_agent, info.context.language)


def session_info_of(session: own_sessions.SessionInfo) -> SessionInfo:
    """A live session as this door shows it."""
    return SessionInfo(
        id=strawberry.ID(session.id),
        is_current=session.is_current,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        method=AuthMethod[session.method.name] if session.method else None,
        user_agent=session.user_agent,
        address=session.address,
    )


async def list_session_infos(info: Info) -> list[SessionInfo]:
    """The viewer's live sessions as this door shows them."""
    return [session_info_of(session) for session in await own_sessions.list_own_sessions(info.context.ctx)]


async def list_security_events(info: Info) -> list[SecurityEvent]:
    """The viewer's newest events as this door shows them."""
    return [
        SecurityEvent(
            at=event.at,
            kind=SecurityEventKind[event.kind.name],
            message=event.message(info.context.language),
            address=event.address,
            user_agent=event.user_agent,
        )
        for event in await security_events.list_own_events(info.context.ctx)
    ]
