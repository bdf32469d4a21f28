"""Ariadne as its documentation shows it, on the same data layer."""

from accounts import avatar_url, find_viewer
from ariadne import ObjectType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL
from starlette.applications import Starlette
from starlette.routing import Route

SDL = """
scalar DateTime
type Query { me: Account }
type Account { id: ID!  mobile: String!  name: String!  avatarUrl: String  createdAt: DateTime! }
"""

query = QueryType()
account = ObjectType("Account")
date_time = ScalarType("DateTime")
account.set_alias("createdAt", "created_at")


@date_time.serializer
def serialize_date_time(value):
    return value.isoformat()


@query.field("me")
async def resolve_me(_, info):
    return await find_viewer(info.context["request"].cookies.get("session"))


@account.field("avatarUrl")
def resolve_avatar_url(row, _):
    return avatar_url(row)


schema = make_executable_schema(SDL, query, account, date_time)
app = Starlette(routes=[Route("/graphql", GraphQL(schema))])
