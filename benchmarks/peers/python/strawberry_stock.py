"""Strawberry as its documentation shows it: the ASGI view on Starlette, nothing tuned."""

from datetime import datetime

import strawberry
from accounts import avatar_url, find_viewer
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.types import Info


@strawberry.type
class Account:
    id: strawberry.ID
    mobile: str
    name: str
    avatar_url: str | None
    created_at: datetime


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info) -> Account | None:
        row = await find_viewer(info.context["request"].cookies.get("session"))
        if row is None:
            return None
        return Account(
            id=strawberry.ID(str(row.id)),
            mobile=row.mobile,
            name=row.name,
            avatar_url=avatar_url(row),
            created_at=row.created_at,
        )


schema = strawberry.Schema(query=Query)
app = Starlette(routes=[Route("/graphql", GraphQL(schema))])
