"""The way in: compile a validated operation, then execute it any number of times."""

from collections.abc import Awaitable, Mapping
from types import CoroutineType
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    VariableValues,
    get_variable_values,
)
from graphql.pyutils import Undefined

from graphql_http.compiled.coverage import CoveredOperation, find_covered_operation
from graphql_http.compiled.plan import Plan
from graphql_http.compiled.run import Run
from graphql_http.compiled.selection import await_fields
from graphql_http.compiled.shapes import new_tuple
from graphql_http.compiled.shortcuts import NO_SHORTCUTS, Shortcuts

COERCION_ERRORS_MAXIMUM = 50
"""graphql-core's default."""

MAX_PLANS = 8
"""How many outcomes of its conditions an operation keeps plans for."""


def compile_operation(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    *,
    shortcuts: Shortcuts = NO_SHORTCUTS,
    hide_suggestions: bool = False,
    coercion_errors_maximum: int = COERCION_ERRORS_MAXIMUM,
) -> "CompiledOperation | None":
    """Compile an operation of a document that is valid for the schema; None if it is not covered.

    `hide_suggestions` is graphql-core's, and so is `coercion_errors_maximum`: of how many bad variables one response
    tells.
    """
    covered = find_covered_operation(schema, document, operation_name, hide_suggestions=hide_suggestions)
    if covered is None:
        return None
    return CompiledOperation(covered, shortcuts, coercion_errors_maximum)


class CompiledOperation:
    """An operation with its plans, for any number of executions, concurrent ones too, in one thread at a time."""

    def __init__(self, covered: CoveredOperation, shortcuts: Shortcuts, coercion_errors_maximum: int) -> None:
        self._covered = covered
        self._coercion_errors_maximum = coercion_errors_maximum
        self._shortcuts = shortcuts
        self._variable_definitions = covered.operation.variable_definitions or ()
        self._only_plan = None if covered.condition_variables else Plan(covered, shortcuts)
        self._plans: dict[tuple[Any, ...], Plan] = {}

    @property
    def plans_maximum(self) -> int:
        """How many plans may be kept at one time."""
        return 1 if self._only_plan else MAX_PLANS

    def execute(
        self, variable_values: Mapping[str, Any] | None, context_value: object, root_value: object = None
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Execute the operation: the result is what `graphql.execute` would give, field errors included.

        A result that has to be awaited is a coroutine. Only what is no `Exception`, such as a cancellation, is
        raised.
        """
        if self._variable_definitions:
            variables = self._coerce_variables(variable_values)
            if isinstance(variables, list):
                return ExecutionResult(None, variables)
        else:
            variables = new_tuple(VariableValues, ({}, {}))
        run = Run(self._covered, variables, context_value, root_value)
        plan = self._only_plan or self._plan_for(variables)
        try:
            if plan.is_serial:
                data = plan.execute_serially(run)
                return (
                    _respond(run, data) if type(data) is CoroutineType else ExecutionResult(data, run.errors)
                )
            results, pending = plan.begin(run)
        except GraphQLError as error:
            return _refuse(run, error)
        return _respond_when(run, results, pending) if pending else ExecutionResult(results, run.errors)

    def _coerce_variables(self, raw: Mapping[str, Any] | None) -> VariableValues | list[GraphQLError]:
        return get_variable_values(
            self._covered.schema,
            self._variable_definitions,
            dict(raw or {}),
            max_errors=self._coercion_errors_maximum,
            hide_suggestions=self._covered.hide_suggestions,
        )

    def _plan_for(self, variables: VariableValues) -> Plan:
        """Give the plan for the values that the conditions have in this execution."""
        outcome = tuple(
            [variables.coerced.get(name, Undefined) for name in self._covered.condition_variables]
        )
        plan = self._plans.get(outcome)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[outcome] = Plan(self._covered, self._shortcuts)
        return plan


async def _respond(run: Run, data: Awaitable[dict[str, Any]]) -> ExecutionResult:
    try:
        return ExecutionResult(await data, run.errors)
    except GraphQLError as error:
        return _refuse(run, error)


async def _respond_when(run: Run, results: dict[str, Any], pending: list[str]) -> ExecutionResult:
    try:
        if len(pending) == 1:
            # As `await_fields`, which would be one more coroutine for what nearly every query is.
            results[pending[0]] = await results[pending[0]]
        else:
            await await_fields(results, pending)
        return ExecutionResult(results, run.errors)
    except GraphQLError as error:
        return _refuse(run, error)


def _refuse(run: Run, error: GraphQLError) -> ExecutionResult:
    """Answer without data: an error has reached the root."""
    run.executor.collected_errors.add(error, None)
    return ExecutionResult(None, run.errors)
