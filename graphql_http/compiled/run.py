"""What belongs to one execution of a compiled operation."""

from typing import Any

from graphql import Executor, GraphQLError, VariableValues, default_field_resolver, default_type_resolver

from graphql_http.compiled.coverage import CoveredOperation


class Run:
    """One execution: its values, and graphql-core's executor for what is rare.

    The executor is made when it is first needed, which on a request without errors is never. It keeps the
    errors of the execution, so that compiled fields and fields it completes itself share one list.
    """

    __slots__ = ("_covered", "_executor", "context", "root_value", "variables")

    def __init__(
        self, covered: CoveredOperation, variables: VariableValues, context: object, root_value: object
    ) -> None:
        self._covered = covered
        self._executor: Executor[Any] | None = None
        self.variables = variables
        self.context = context
        self.root_value = root_value

    @property
    def executor(self) -> Executor[Any]:
        """graphql-core's executor for this very execution."""
        if self._executor is None:
            self._executor = graphql_core_executor(
                self._covered, self.variables, self.context, self.root_value
            )
        return self._executor

    @property
    def errors(self) -> list[GraphQLError] | None:
        """The field errors so far, or None."""
        return self._executor.collected_errors.errors or None if self._executor else None


def graphql_core_executor(
    covered: CoveredOperation, variables: VariableValues, context: object = None, root_value: object = None
) -> Executor[Any]:
    """Make graphql-core's plain executor, with its defaults, for a covered operation."""
    return Executor(
        schema=covered.schema,
        fragment_definitions=covered.fragment_definitions,
        fragments=covered.fragments,
        root_value=root_value,
        context_value=context,
        operation=covered.operation,
        variable_values=variables,
        field_resolver=default_field_resolver,
        type_resolver=default_type_resolver,
        subscribe_field_resolver=default_field_resolver,
        hide_suggestions=covered.hide_suggestions,
    )
