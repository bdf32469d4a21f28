"""The seam between what was prepared and what runs it."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute

from graphql_http.documents import PreparedOperation


class Result(Protocol):
    """What an execution yields, as the GraphQL specification's response has it.

    A request error (variables that do not fit, say) has `data` None and errors without a path; a field error has a
    path. `data` may hold anything that msgspec writes as JSON, a `msgspec.Raw` too.
    """

    @property
    def data(self) -> object:
        """The response's data, or None."""

    @property
    def errors(self) -> Sequence[GraphQLError] | None:
        """What went wrong, or None."""


class Executor(Protocol):
    """Runs a prepared operation. It never sees a document that did not pass limits and validation.

    What an executor makes once for an operation it keeps with `operation.keep_plan(plan, memory_bytes)`; the cache
    of documents counts it, and drops it together with the document.
    """

    def __call__(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: object
    ) -> Awaitable[Result]:
        """Run `operation`; what resolvers raise is in the result's errors."""


class ErrorDescription(NamedTuple):
    """What a client is told of an exception: a code of the schema's `ErrorCode`, a sentence, and details."""

    code: str
    message: str
    extensions: Mapping[str, Any] = {}


class DescribeError(Protocol):
    """Says what a client may know of an exception that a resolver raised; None when nothing."""

    def __call__(self, exception: BaseException, context: object) -> ErrorDescription | None:
        """Describe `exception` in the language of `context`."""


class SchemaExecutor:
    """Runs operations with graphql-core's own executor."""

    def __init__(self, schema: GraphQLSchema, *, are_suggestions_shown: bool = False) -> None:
        self._schema = schema
        self._hides_suggestions = not are_suggestions_shown

    async def __call__(
        self, operation: PreparedOperation, variables: Mapping[str, Any], context: object
    ) -> ExecutionResult:
        """Run `operation` from the schema's root, without a root value."""
        outcome = execute(
            self._schema,
            operation.document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name,
            max_coercion_errors=operation.errors_maximum,
            hide_suggestions=self._hides_suggestions,
        )
        return outcome if isinstance(outcome, ExecutionResult) else await outcome
