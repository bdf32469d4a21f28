"""One field of a selection: what is known of it before any execution."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path, is_awaitable

from graphql_http.compiled.coverage import CoveredOperation
from graphql_http.compiled.run import Run
from graphql_http.compiled.selection import PlanSubfields
from graphql_http.compiled.shapes import Data, Info, new_tuple
from graphql_http.compiled.shortcuts import Shortcuts

MakeInfo = Callable[[Run, Path], Info]


class Compilation(NamedTuple):
    """What compiling any field of a plan takes."""

    covered: CoveredOperation
    shortcuts: Shortcuts
    async_helpers: GraphQLResolveInfoHelpers
    plan_subfields: PlanSubfields


class Field:
    """A response name of one object type, with every field node that was merged into it."""

    __slots__ = ("compilation", "definition", "details", "nodes", "parent_type", "response_name")

    def __init__(
        self,
        compilation: Compilation,
        parent_type: GraphQLObjectType,
        definition: GraphQLField,
        response_name: str,
        details: FieldDetailsList,
    ) -> None:
        self.compilation = compilation
        self.parent_type = parent_type
        self.definition = definition
        self.response_name = response_name
        self.details = details
        self.nodes: list[FieldNode] = [detail.node for detail in details]

    def path(self, parent: Path | None) -> Path:
        """Give the response path of this field in the object at a path."""
        return new_tuple(Path, (parent, self.response_name, self.parent_type.name))

    def fail(self, run: Run, error: Exception, path: Path, output_type: GraphQLOutputType) -> None:
        """Record the error of a value in this field, which becomes null; raise it if the type forbids null."""
        run.executor.handle_field_error(error, output_type, self.details, path)

    async def guard(
        self, run: Run, data: Awaitable[Data], path: Path, output_type: GraphQLOutputType
    ) -> Data:
        """Await data, and do the same with its error."""
        try:
            return await data
        except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
            return self.fail(run, error, path, output_type)


def compile_info(field: Field) -> MakeInfo:
    """Give the function that makes the resolvers' second argument, of graphql-core's own class."""
    covered = field.compilation.covered
    name, nodes, parent_type = field.nodes[0].name.value, field.nodes, field.parent_type
    return_type, schema, operation = field.definition.type, covered.schema, covered.operation
    fragments, async_helpers = covered.fragment_definitions, field.compilation.async_helpers
    abort_signal = None

    def make_info(run: Run, path: Path) -> Info:
        return new_tuple(
            GraphQLResolveInfo,
            (
                name,
                nodes.copy(),
                return_type,
                parent_type,
                path,
                schema,
                fragments,
                run.root_value,
                operation,
                run.variables,
                run.context,
                is_awaitable,
                abort_signal,
                async_helpers,
            ),
        )

    return make_info
