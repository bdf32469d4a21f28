"""What is compiled, and what is left to graphql-core."""

import pytest
from graphql import (
    ExecutionResult,
    GraphQLDeferDirective,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
)

from graphql_http.compiled import CompiledOperation, compile_operation

SCHEMA = build_schema(
    """
    directive @own on FIELD | QUERY
    type Query { a: Int  self: Query  many: [Query] }
    type Subscription { a: Int }
    """
)


def compiled(text: str, operation_name: str | None = None) -> CompiledOperation | None:
    return compile_operation(SCHEMA, parse(text), operation_name)


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ a __type(name: "Query") { name } }',
        "{ ...F } fragment F on Query { ... { __schema { queryType { name } } } }",
        "subscription { a }",
        "mutation { a }",
        "{ ... @defer { a } }",
        "{ many @stream { a } }",
        "{ a @own }",
        "query @own { a }",
        "query @experimental_disableErrorPropagation { a }",
        "query One { a } query Two { a }",
        "fragment F on Query { a }",
    ],
)
def test_unusual_operations_are_left_to_graphql_core(text: str) -> None:
    assert compiled(text) is None


def test_fragment_arguments_are_left_to_graphql_core() -> None:
    document = parse(
        "{ ...F(x: 1) } fragment F($x: Int) on Query { a }", experimental_fragment_arguments=True
    )
    assert compile_operation(SCHEMA, document, None) is None


def test_schemas_with_incremental_delivery_are_left_to_graphql_core() -> None:
    schema = GraphQLSchema(SCHEMA.query_type, directives=[*SCHEMA.directives, GraphQLDeferDirective])
    assert compile_operation(schema, parse("{ a }"), None) is None


def test_invalid_schemas_are_left_to_graphql_core() -> None:
    assert compile_operation(GraphQLSchema(), parse("{ a }"), None) is None


def test_operation_is_chosen_by_its_name() -> None:
    text = "query One { a } query Two { b: a }"
    two = compiled(text, "Two")
    assert two is not None
    assert two.execute(None, None, {"a": 1}) == ExecutionResult({"b": 1})
    assert compiled(text, "Three") is None


def test_typename_at_the_root_is_covered() -> None:
    operation = compiled("{ __typename }")
    assert operation is not None
    assert operation.execute(None, None) == ExecutionResult({"__typename": "Query"})


def test_fragments_nested_too_deeply_are_refused_in_graphql_cores_words() -> None:
    count = 1500
    chain = " ".join(f"fragment F{number} on Query {{ ...F{number + 1} }}" for number in range(count))
    document = parse(f"{{ ...F0 }} {chain} fragment F{count} on Query {{ a }}")
    operation = compile_operation(SCHEMA, document, None)
    assert operation is not None
    assert operation.execute(None, None) == execute(SCHEMA, document)
