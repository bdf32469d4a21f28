"""Completing scalars and enums, which needs nothing but the value."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import TypeGuard

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
    is_leaf_type,
    is_non_null_type,
)
from graphql.pyutils import Undefined, inspect, is_awaitable

from graphql_http.compiled.field import Field
from graphql_http.compiled.shapes import Data, Value

CompleteLeaf = Callable[[Value], Data]

_SERIALISED_AS_THEY_ARE = ((GraphQLString, str), (GraphQLID, str), (GraphQLBoolean, bool))

# Exact types of which it is known without looking; a list of the common ones, not of all.
NEVER_AWAITABLE = frozenset({str, int, float, bool, NoneType, list, dict, datetime})


def is_pending(value: Value) -> TypeGuard[Awaitable[Value]]:
    """Tell whether a value is awaitable: graphql-core's answer, sooner."""
    return type(value) not in NEVER_AWAITABLE and is_awaitable(value)


def as_leaf_type(output_type: GraphQLOutputType) -> GraphQLScalarType | GraphQLEnumType | None:
    """Give the scalar or enum that a type is, non-null or not; None if it is something else."""
    inner = output_type.of_type if is_non_null_type(output_type) else output_type
    return inner if is_leaf_type(inner) else None


@lru_cache(maxsize=1024)
def data_types(output_type: GraphQLOutputType) -> frozenset[type]:
    """Give the Python types, if any, whose values are response data as they are."""
    leaf_type = as_leaf_type(output_type)
    if leaf_type is None:
        return frozenset()
    found: set[type] = {
        python_type
        for scalar, python_type in _SERIALISED_AS_THEY_ARE
        if leaf_type.coerce_output_value is scalar.coerce_output_value
    }
    return frozenset(found if is_non_null_type(output_type) else found | {NoneType})


def compile_leaf(
    field: Field, leaf_type: GraphQLScalarType | GraphQLEnumType, output_type: GraphQLOutputType
) -> CompleteLeaf:
    """Give the closure for values of a scalar or enum, in an output type that may be its non-null."""
    as_they_are = data_types(output_type)
    is_nullable = not is_non_null_type(output_type)
    serialise = leaf_type.coerce_output_value

    def complete_leaf(value: Value) -> Data:
        if type(value) in as_they_are:
            return value
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            if is_nullable:
                return None
            raise null_error(field)
        data = serialise(value)
        if data is None or data is Undefined:
            raise _no_data_error(leaf_type, value, data)
        return _awaited(data) if type(data) not in NEVER_AWAITABLE and is_pending(data) else data

    return complete_leaf


async def _awaited(data: Awaitable[Data]) -> Data:
    """Make a coroutine of any awaitable; a scalar may serialise to one."""
    return await data


def null_error(field: Field) -> TypeError:
    """Make the error for a null where the type forbids it, in graphql-core's words."""
    return TypeError(
        f"Cannot return null for non-nullable field {field.parent_type}.{field.nodes[0].name.value}."
    )


def _no_data_error(leaf_type: GraphQLScalarType | GraphQLEnumType, value: Value, data: Data) -> TypeError:
    return TypeError(
        f"Expected `{inspect(leaf_type)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
        f" returned: {inspect(data)}"
    )
