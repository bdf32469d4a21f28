"""Which of Strawberry's fields are read directly, and which of its resolvers called directly."""

import asyncio
from collections.abc import Generator
from typing import Any, cast

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from graphql_http.compiled import NO_SHORTCUTS, compile_operation
from graphql_http.compiled.strawberry_fields import direct_resolver, plain_attribute
from tests.graphql_http.compiled.accounts import SCHEMA, OnlySometimes


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


def test_an_error_that_can_be_awaited_is_an_error_when_it_is_raised_by_an_attribute() -> None:
    class AwaitableError(Exception):
        def __await__(self) -> Generator[None, None, str]:
            yield from ()
            return "awaited"

    class Fails:
        @property
        def name(self) -> str:
            raise AwaitableError("no name")

    document = parse("{ thing { name } }")
    root_type = build_schema("type Query { thing: Thing } type Thing { name: String }")
    compiled = compile_operation(
        root_type,
        document,
        None,
        shortcuts=NO_SHORTCUTS._replace(plain_attribute=lambda field: _attribute(root_type, field)),
    )
    assert compiled is not None
    root = {"thing": Fails()}
    ours, theirs = compiled.execute({}, None, root), execute(root_type, document, root)
    assert isinstance(ours, ExecutionResult)
    assert ours == theirs
    assert ours.data == {"thing": {"name": None}}
    assert [error.message for error in ours.errors or ()] == ["no name"]


def _attribute(schema: GraphQLSchema, field: GraphQLField) -> str | None:
    thing = schema.get_type("Thing")
    assert isinstance(thing, GraphQLObjectType)
    return "name" if field is thing.fields["name"] else None


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


def test_coroutine_functions_that_take_only_self_and_info_are_called_directly() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        async def direct(self, info: strawberry.Info) -> str:
            return f"{self} {info.field_name} {info.python_name}"

        @strawberry.field
        def synchronous(self, info: strawberry.Info) -> str:
            raise NotImplementedError

        @strawberry.field
        async def with_argument(self, info: strawberry.Info, argument: int) -> str:
            raise NotImplementedError

        @strawberry.field
        async def without_info(self) -> str:
            raise NotImplementedError

        @strawberry.field
        async def with_root(self, info: strawberry.Info, root: strawberry.Parent[object]) -> str:
            raise NotImplementedError

        @strawberry.field(permission_classes=[OnlySometimes])  # type: ignore[untyped-decorator]
        async def extended(self, info: strawberry.Info) -> str:
            raise NotImplementedError

    schema = strawberry.Schema(Query)
    found = {name: direct_resolver(field) for name, field in fields_of(schema, "Query").items()}
    assert [name for name, resolve in found.items() if resolve] == ["direct"]
    document = parse("{ direct }")
    compiled = compile_operation(
        schema._schema, document, None, shortcuts=NO_SHORTCUTS._replace(direct_resolver=direct_resolver)
    )
    assert compiled is not None

    async def both() -> tuple[Any, Any]:
        expected: Any = execute(schema._schema, document, 7)
        actual: Any = compiled.execute(None, None, 7)
        return await expected, await actual

    expected, actual = asyncio.run(both())
    assert actual == expected == ExecutionResult({"direct": "7 direct direct"})


def test_resolvers_whose_exceptions_the_schema_handles_are_left_to_it() -> None:
    @strawberry.type
    class Refusal:
        message: str

    class Refuses(strawberry.ExceptionHandler[ValueError, Refusal]):
        def handle(self, exception: ValueError, *, field: object, info: object) -> Refusal:  # noqa: ARG002
            return Refusal(message=str(exception))

    @strawberry.type
    class Fine:
        name: str

    @strawberry.type
    class Query:
        @strawberry.field
        async def answer(self, info: strawberry.Info) -> Fine | Refusal:  # noqa: ARG002
            raise ValueError("no")

    schema = strawberry.Schema(Query, exception_handlers=[Refuses()])
    assert direct_resolver(fields_of(schema, "Query")["answer"]) is None
