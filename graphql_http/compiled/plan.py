"""The plan of an operation: its selections, merged for each runtime type when an execution first reaches them."""

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    OperationType,
    VariableValues,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.executor import SELECTIONS_NESTED_TOO_DEEPLY

from graphql_http.compiled.coverage import CoveredOperation
from graphql_http.compiled.field import Compilation, Field
from graphql_http.compiled.resolution import compile_field
from graphql_http.compiled.run import Run, graphql_core_executor
from graphql_http.compiled.selection import Fields, begin_fields, execute_fields_serially
from graphql_http.compiled.shapes import Data
from graphql_http.compiled.shortcuts import Shortcuts


class Plan:
    """How to run an operation, for one outcome of its `@skip` and `@include` conditions.

    Nothing is planned that no execution has reached, and selections made of the same nodes are planned once, so
    that a plan grows with the document and not with the responses, however its fragments are nested.
    """

    def __init__(self, covered: CoveredOperation, shortcuts: Shortcuts) -> None:
        async_helpers = graphql_core_executor(covered, VariableValues({}, {})).async_helpers
        self._compilation = Compilation(covered, shortcuts, async_helpers, self._plan_subfields)
        self._covered = covered
        self.is_serial = covered.operation.operation is OperationType.MUTATION
        self._root: Fields | None = None
        self._selections: dict[tuple[str, tuple[int, ...]], Fields] = {}

    def begin(self, run: Run) -> tuple[dict[str, Data], list[str]]:
        """Execute the root fields of a query: give their data, and which of them are coroutines.

        Raises: GraphQLError if there can be no data at all.
        """
        return begin_fields(self._root or self._plan_root(run.variables), run, run.root_value, None)

    def execute_serially(self, run: Run) -> Data:
        """Execute the root fields of a mutation: give their data, or a coroutine of it.

        Raises: GraphQLError if there can be no data at all.
        """
        return execute_fields_serially(self._root or self._plan_root(run.variables), run, run.root_value)

    def _plan_root(self, variables: VariableValues) -> Fields:
        covered = self._covered
        try:
            collected = collect_fields(
                covered.schema,
                covered.fragments,
                variables,
                covered.root_type,
                covered.operation,
                covered.hide_suggestions,
            )
        except RecursionError:
            collected = None
        if collected is None:  # and the error above is gone, with all the frames that it held
            raise GraphQLError(SELECTIONS_NESTED_TOO_DEEPLY, covered.operation)
        self._root = self._compile(covered.root_type, collected.grouped_field_set)
        return self._root

    def _plan_subfields(
        self, object_type: GraphQLObjectType, details: FieldDetailsList, variables: VariableValues
    ) -> Fields:
        """Plan the subfields of a field on a runtime type; what is selected by the same nodes is planned once."""
        covered = self._covered
        # Nodes compare by value, which is slow and would mix up places; the document keeps their ids alive.
        key = object_type.name, tuple(id(detail.node) for detail in details)
        if key not in self._selections:
            collected = collect_subfields(
                covered.schema,
                covered.fragments,
                variables,
                covered.operation,
                object_type,
                details,
                covered.hide_suggestions,
            )
            self._selections[key] = self._compile(object_type, collected.grouped_field_set)
        return self._selections[key]

    def _compile(self, object_type: GraphQLObjectType, grouped: GroupedFieldSet) -> Fields:
        return [
            compile_field(Field(self._compilation, object_type, definition, response_name, details))
            for response_name, details in grouped.items()
            if (definition := self._covered.schema.get_field(object_type, details[0].node.name.value))
        ]
