"""Which operations are compiled; all others are left to graphql-core's executor."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_operation_ast,
)
from graphql.execution.collect_fields import FragmentDetails

_CONDITIONS = frozenset({"skip", "include"})
_INTROSPECTION = frozenset({"__schema", "__type"})
_INCREMENTAL_DELIVERY = ("defer", "stream")


@dataclass(frozen=True, slots=True)
class CoveredOperation:
    """A query or mutation that can be compiled, and what of its document it needs."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    root_type: GraphQLObjectType
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    condition_variables: tuple[str, ...]
    """The variables that decide in `@skip` and `@include` which fields there are."""
    hide_suggestions: bool
    """Whether errors name no similar names of the schema."""


def find_covered_operation(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    *,
    hide_suggestions: bool = False,
) -> CoveredOperation | None:
    """Give the operation of a validated document if it can be compiled.

    Not covered are subscriptions, introspection, incremental delivery, fragment arguments, and every
    directive but `@skip` and `@include`.
    """
    operation = get_operation_ast(document, operation_name)
    if operation is None or operation.directives or operation.operation is OperationType.SUBSCRIPTION:
        return None
    if any(schema.get_directive(name) for name in _INCREMENTAL_DELIVERY):
        return None
    root_type = schema.get_root_type(operation.operation)
    definitions = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    bodies = [operation.selection_set, *(definition.selection_set for definition in definitions)]
    selections = [selection for body in bodies for selection in _walk(body)]
    if root_type is None or any(definition.variable_definitions for definition in definitions):
        return None
    if not all(map(_is_covered, selections)):
        return None
    return CoveredOperation(
        schema=schema,
        operation=operation,
        root_type=root_type,
        fragment_definitions={definition.name.value: definition for definition in definitions},
        fragments={definition.name.value: FragmentDetails(definition) for definition in definitions},
        condition_variables=tuple(
            sorted({name for node in selections for name in _condition_variables(node)})
        ),
        hide_suggestions=hide_suggestions,
    )


def _walk(selection_set: SelectionSetNode) -> Iterator[SelectionNode]:
    """Give every selection written inside a selection set, at any depth, without following spreads."""
    waiting = [selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            yield selection
            if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                waiting.append(selection.selection_set)


def _is_covered(selection: SelectionNode) -> bool:
    if isinstance(selection, FieldNode) and selection.name.value in _INTROSPECTION:
        return False
    if isinstance(selection, FragmentSpreadNode) and selection.arguments:
        return False
    return all(directive.name.value in _CONDITIONS for directive in selection.directives or ())


def _condition_variables(selection: SelectionNode) -> Iterator[str]:
    for directive in selection.directives or ():
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value
