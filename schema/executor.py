"""The executor of this door: compiled operations, with graphql-core behind them for what they do not cover."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, GraphQLSchema

from schema.compiled import CompiledOperation, compile_operation, plain_attribute
from schema.endpoint import PreparedOperation, SchemaExecutor

# A plan's closures weigh about as much as the nodes that they are made from.
_PLAN_BYTES_PER_SELECTION = 2_000

# Kept in a plan's place where an operation is not covered, so that this is found out once.
_NOT_COVERED = object()


class CompilingExecutor:
    """Runs each operation from a plan that is made at its first run and kept with its document."""

    def __init__(self, schema: GraphQLSchema, *, are_suggestions_shown: bool) -> None:
        self._schema = schema
        self._fallback = SchemaExecutor(schema, are_suggestions_shown=are_suggestions_shown)

    async def __call__(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: object
    ) -> ExecutionResult:
        """See `schema.endpoint.Executor`."""
        plan = operation.plan or self._compile(operation)
        if not isinstance(plan, CompiledOperation):
            return await self._fallback(operation, variables, context)
        outcome = plan.execute(variables, context)
        result: ExecutionResult = outcome if isinstance(outcome, ExecutionResult) else await outcome
        if result.errors and result.data is None and not any(error.path for error in result.errors):
            # The variables do not fit: nothing has run, and graphql-core words it by the endpoint's options.
            return await self._fallback(operation, variables, context)
        return result

    def _compile(self, operation: PreparedOperation) -> CompiledOperation | object:
        compiled = compile_operation(
            self._schema, operation.document, operation.name, plain_attribute=plain_attribute
        )
        plan = compiled or _NOT_COVERED
        operation.keep_plan(plan, _PLAN_BYTES_PER_SELECTION * operation.weight.selections if compiled else 0)
        return plan
