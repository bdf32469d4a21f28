from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, execute, parse, validate

from graphql_http.compiled import compile_operation

Run = Callable[..., ExecutionResult | Awaitable[ExecutionResult]]


@pytest.fixture(params=["graphql-core", "compiled"])
def run(request: pytest.FixtureRequest) -> Run:
    """Execute a text on a schema, either way: what a test says of one holds for the other."""

    def run_text(
        schema: GraphQLSchema,
        text: str,
        root: object = None,
        variables: Mapping[str, Any] | None = None,
        context: object = None,
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        document = parse(text)
        assert validate(schema, document) == []
        if request.param == "graphql-core":
            return execute(schema, document, root, context, dict(variables or {}))
        compiled = compile_operation(schema, document, None)
        assert compiled is not None
        return compiled.execute(variables, context, root)

    return run_text
