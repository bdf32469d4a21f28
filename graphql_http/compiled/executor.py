"""An executor that compiles, with graphql-core behind it for what compiled operations do not cover."""

from collections.abc import Awaitable, Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema

from graphql_http.compiled.operation import CompiledOperation, compile_operation
from graphql_http.compiled.shortcuts import NO_SHORTCUTS, Shortcuts
from graphql_http.documents import PreparedOperation
from graphql_http.execution import SchemaExecutor

# A plan's closures take about as much memory as the nodes that they are made from.
_PLAN_BYTES_PER_SELECTION = 2_000

# Kept in a plan's place where an operation is not covered, so that this is found out once.
_NOT_COVERED = object()


class CompilingExecutor:
    """Runs each operation from a plan that is made at its first run and kept with its document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        are_suggestions_shown: bool = False,
        shortcuts: Shortcuts = NO_SHORTCUTS,
    ) -> None:
        self._schema = schema
        self._shortcuts = shortcuts
        self._hides_suggestions = not are_suggestions_shown
        self._fallback = SchemaExecutor(schema, are_suggestions_shown=are_suggestions_shown)

    def __call__(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: object
    ) -> Awaitable[ExecutionResult]:
        """See `graphql_http.execution.Executor`."""
        plan = operation.plan or self._compile(operation)
        if not isinstance(plan, CompiledOperation):
            return self._fallback(operation, variables, context)
        outcome = plan.execute(variables, context)
        return _just(outcome) if isinstance(outcome, ExecutionResult) else outcome

    def _compile(self, operation: PreparedOperation) -> CompiledOperation | object:
        compiled = compile_operation(
            self._schema,
            operation.document,
            operation.name,
            shortcuts=self._shortcuts,
            hide_suggestions=self._hides_suggestions,
            coercion_errors_maximum=operation.errors_maximum,
        )
        if compiled is None:
            operation.keep_plan(_NOT_COVERED, 0)
            return _NOT_COVERED
        selections = operation.cost.selections * compiled.plans_maximum
        operation.keep_plan(compiled, _PLAN_BYTES_PER_SELECTION * selections)
        return compiled


async def _just(result: ExecutionResult) -> ExecutionResult:
    return result
