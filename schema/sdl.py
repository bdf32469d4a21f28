"""The schema itself, and its printed form."""

import strawberry
from graphql import GraphQLSchema

from schema.errors import ERROR_TYPES
from schema.mutations import Mutation
from schema.queries import Query

strawberry_schema = strawberry.Schema(query=Query, mutation=Mutation, types=ERROR_TYPES)

# The endpoint executes documents itself, over graphql-core's schema that Strawberry has made.
graphql_schema: GraphQLSchema = strawberry_schema._schema  # noqa: SLF001 - Strawberry has no public name for it


def print_sdl() -> str:
    """The schema definition language, as it is released in `schema/schema.graphql`."""
    return f"{strawberry_schema.as_str()}\n"
