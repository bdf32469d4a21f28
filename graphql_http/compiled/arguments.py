"""Arguments of a field: what is constant is coerced once, the rest at each execution."""

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    VariableNode,
    VariableValues,
    get_argument_values,
    is_enum_type,
    is_non_null_type,
    specified_scalar_types,
)

from graphql_http.compiled.field import Field

CoerceArguments = Callable[[VariableValues], dict[str, Any]]

_OWN_SCALARS = frozenset(specified_scalar_types.values())


class _Part(NamedTuple):
    """One argument: a constant, or the whole of a variable."""

    out_name: str
    variable: str | None
    constant: object = None


def compile_arguments(field: Field) -> CoerceArguments | None:
    """Give the function that makes a field's arguments from the variables; None if it takes none.

    Only constants of GraphQL's own scalars and of enums are shared between executions: a resolver may
    change the lists and objects it is given, and a custom scalar may read a literal as it likes. Those are coerced
    by graphql-core at each execution, and so is whatever it would refuse, so that it is refused in its words.
    """
    definition, node = field.definition, field.nodes[0]
    hide_suggestions = field.compilation.covered.hide_suggestions
    if not definition.args:
        return None

    def coerce_anew(variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(definition, node, variables, hide_suggestions=hide_suggestions)

    parts: list[_Part] = []
    for name, argument in definition.args.items():
        try:
            parts.extend(_parts(definition, node, name, argument))
        except (GraphQLError, _NotConstantError):
            return coerce_anew
    if all(part.variable is None for part in parts):
        constants = {part.out_name: part.constant for part in parts}
        return lambda _variables: constants
    return _with_variables(parts, coerce_anew)


class _NotConstantError(Exception):
    """An argument that has to be coerced at each execution."""


def _parts(definition: GraphQLField, node: FieldNode, name: str, argument: GraphQLArgument) -> list[_Part]:
    """Give the part an argument plays: none if it was left out and has no default."""
    written = next((given.value for given in node.arguments or () if given.name.value == name), None)
    if isinstance(written, VariableNode):
        return [_Part(argument.out_name or name, written.name.value)]
    inner = argument.type.of_type if is_non_null_type(argument.type) else argument.type
    if not is_enum_type(inner) and inner not in _OWN_SCALARS:
        raise _NotConstantError
    coerced = get_argument_values(GraphQLField(definition.type, args={name: argument}), node)
    return [_Part(out_name, None, value) for out_name, value in coerced.items()]


def _with_variables(parts: list[_Part], coerce_anew: CoerceArguments) -> CoerceArguments:
    """Take whole variables as they are; a null or absent one may mean a default or an error: coerce anew."""

    def coerce_arguments(variables: VariableValues) -> dict[str, Any]:
        values = variables.coerced
        arguments: dict[str, Any] = {}
        for out_name, variable, constant in parts:
            if variable is None:
                arguments[out_name] = constant
            elif (value := values.get(variable)) is not None:
                arguments[out_name] = value
            else:
                return coerce_anew(variables)
        return arguments

    return coerce_arguments
