"""Which of Strawberry's fields are read directly."""

from typing import Any, cast

import strawberry
from graphql import GraphQLField, GraphQLObjectType, build_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from schema.compiled import plain_attribute
from tests.schema.compiled.accounts import SCHEMA


def fields_of(schema: strawberry.Schema, type_name: str) -> dict[str, GraphQLField]:
    type_ = schema._schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return dict(type_.fields)


def test_attributes_are_read_under_their_python_names() -> None:
    named = {name: plain_attribute(field) for name, field in fields_of(SCHEMA, "Account").items()}
    assert named == {
        "id": "id",
        "mobile": "mobile",
        "name": "name",
        "avatarUrl": "avatar_url",
        "createdAt": "created_at",
        "isLocked": "is_locked",
        "score": "score",
        "style": "style",
        "tags": "tags",
        "authInfo": "auth_info",
        "otherName": "renamed",
        "nickname": None,  # has an extension
        "secret": None,  # has a permission
        "cheer": None,  # has a resolver
        "friends": None,
    }


def test_attributes_that_a_schema_reads_in_a_way_of_its_own_are_left_to_it() -> None:
    @strawberry.type
    class Query:
        name: str

    def read(source: Any, name: str) -> object:  # noqa: ANN401
        return source[name]

    schema = strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read))
    assert plain_attribute(fields_of(schema, "Query")["name"]) is None


def test_fields_of_a_class_of_their_own_are_left_to_it() -> None:
    class Loud(StrawberryField):
        def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:  # noqa: ANN401
            return super().get_result(source, info, args, kwargs)

    @strawberry.type
    class Query:
        name: str = cast("str", Loud(python_name="name", type_annotation=None))

    Query.__annotations__["name"] = str
    assert plain_attribute(fields_of(strawberry.Schema(Query), "Query")["name"]) is None


def test_fields_that_are_not_strawberrys_are_left_to_their_resolvers() -> None:
    query = build_schema("type Query { name: String }").query_type
    assert query is not None
    assert plain_attribute(query.fields["name"]) is None
