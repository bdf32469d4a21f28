"""Executing one field: call its resolver, complete what it gives, and keep errors where they belong."""

from collections.abc import Awaitable
from types import CoroutineType

from graphql import GraphQLEnumType, GraphQLFieldResolver, GraphQLScalarType, default_field_resolver
from graphql.pyutils import Path
from graphql.type.introspection import TypeNameMetaFieldDef

from graphql_http.compiled.arguments import compile_arguments
from graphql_http.compiled.completion import compile_completion
from graphql_http.compiled.field import Field, compile_info
from graphql_http.compiled.leaves import (
    NEVER_AWAITABLE,
    CompleteLeaf,
    as_leaf_type,
    compile_leaf,
    data_types,
    is_pending,
)
from graphql_http.compiled.run import Run
from graphql_http.compiled.selection import PlannedField
from graphql_http.compiled.shapes import Data, ExecuteField, Info, Source, Value, new_tuple

_NO_TYPES: frozenset[type] = frozenset()


def compile_field(field: Field) -> PlannedField:
    """Give the field as a selection executes it."""
    definition, shortcuts = field.definition, field.compilation.shortcuts
    if definition is TypeNameMetaFieldDef:
        type_name = field.parent_type.name
        return _as_planned(field, lambda _run, _source, _parent: type_name)
    attribute = shortcuts.plain_attribute(definition)
    if attribute is None:
        resolve = shortcuts.direct_resolver(definition) or definition.resolve or default_field_resolver
        return _as_planned(field, _compile_resolved(field, resolve))
    if leaf_type := as_leaf_type(definition.type):
        return _as_planned(field, _compile_leaf_value(field, leaf_type), attribute)
    return _as_planned(field, _compile_resolved(field, lambda source, _info: getattr(source, attribute)))


def _as_planned(field: Field, execute: ExecuteField, attribute: str | None = None) -> PlannedField:
    field_type = field.definition.type

    def fail(run: Run, error: Exception, parent: Path | None) -> None:
        field.fail(run, error, field.path(parent), field_type)

    as_they_are = data_types(field_type) if attribute else _NO_TYPES
    return PlannedField(field.response_name, attribute, as_they_are, execute, fail)


def _compile_leaf_value(field: Field, leaf_type: GraphQLScalarType | GraphQLEnumType) -> ExecuteField:
    """The commonest field there is, from its value on: it needs a path only if something goes wrong, and never info."""
    field_type = field.definition.type
    complete_leaf = compile_leaf(field, leaf_type, field_type)

    def execute_leaf_value(run: Run, value: Value, parent: Path | None) -> Data:
        try:
            if type(value) not in NEVER_AWAITABLE and is_pending(value):
                data = _complete_later(complete_leaf, value)
            else:
                data = complete_leaf(value)
        except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
            return field.fail(run, error, field.path(parent), field_type)
        if type(data) is CoroutineType:
            return field.guard(run, data, field.path(parent), field_type)
        return data

    return execute_leaf_value


async def _complete_later(complete_leaf: CompleteLeaf, value: Awaitable[Value]) -> Data:
    data = complete_leaf(await value)
    return await data if type(data) is CoroutineType else data


def _compile_resolved(field: Field, resolve: GraphQLFieldResolver) -> ExecuteField:
    """Any other field: the resolver is given what graphql-core would give it."""
    field_type = field.definition.type
    make_info, response_name, parent_name = compile_info(field), field.response_name, field.parent_type.name
    complete = compile_completion(field, field_type)
    coerce_arguments = compile_arguments(field)

    def execute_resolved(run: Run, source: Source, parent: Path | None) -> Data:
        path = new_tuple(Path, (parent, response_name, parent_name))
        info = make_info(run, path)
        try:
            if coerce_arguments is None:
                value = resolve(source, info)
            else:
                value = resolve(source, info, **coerce_arguments(run.variables))
            if type(value) is CoroutineType or is_pending(value):
                return complete_awaited(run, info, path, value)
            data = complete(run, info, path, value)
        except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
            return field.fail(run, error, path, field_type)
        return field.guard(run, data, path, field_type) if type(data) is CoroutineType else data

    async def complete_awaited(run: Run, info: Info, path: Path, value: Awaitable[Value]) -> Data:
        try:
            data = complete(run, info, path, await value)
            return await data if type(data) is CoroutineType else data
        except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
            return field.fail(run, error, path, field_type)

    return execute_resolved
