"""Completing values: for each output type a closure that turns what a resolver gave into response data."""

from collections.abc import Awaitable
from types import CoroutineType

from graphql import (
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLOutputType,
    default_type_resolver,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import Path, Undefined, is_awaitable

from graphql_http.compiled.field import Field
from graphql_http.compiled.leaves import as_leaf_type, compile_leaf, null_error
from graphql_http.compiled.lists import compile_list
from graphql_http.compiled.run import Run
from graphql_http.compiled.selection import Selection, execute_fields
from graphql_http.compiled.shapes import CompleteValue, Data, Info, Value


def compile_completion(field: Field, output_type: GraphQLOutputType) -> CompleteValue:
    """Give the closure for values of an output type: a field's own, or those of the items in its list."""
    if leaf_type := as_leaf_type(output_type):
        complete_leaf = compile_leaf(field, leaf_type, output_type)
        return lambda _run, _info, _path, value: complete_leaf(value)
    if is_non_null_type(output_type):
        return _compile_non_null(field, compile_completion(field, output_type.of_type))
    if is_list_type(output_type):
        return compile_list(field, output_type, compile_completion(field, output_type.of_type))
    if is_abstract_type(output_type):
        return _compile_abstract(field, output_type)
    if is_object_type(output_type):
        return _compile_object(field, output_type)
    raise TypeError(f"{output_type} is no output type")


def _compile_non_null(field: Field, complete: CompleteValue) -> CompleteValue:
    def complete_non_null(run: Run, info: Info, path: Path, value: Value) -> Data:
        data = complete(run, info, path, value)
        if data is None:
            raise null_error(field)
        return data

    return complete_non_null


def _compile_object(field: Field, object_type: GraphQLObjectType) -> CompleteValue:
    is_type_of = object_type.is_type_of
    selection = Selection(field.compilation.plan_subfields, object_type, field.details)

    def complete_object(run: Run, info: Info, path: Path, value: Value) -> Data:
        if value is None or value is Undefined:
            return None
        if isinstance(value, Exception):
            raise value
        if is_type_of is not None:
            verdict = is_type_of(value, info)
            if verdict is not True and is_awaitable(verdict):
                return select_if(verdict, run, path, value)
            if not verdict:
                raise invalid_return_type_error(object_type, value, field.details)
        return execute_fields(selection.fields or selection.plan(run.variables), run, value, path)

    async def select_if(verdict: Awaitable[bool], run: Run, path: Path, value: Value) -> Data:
        if not await verdict:
            raise invalid_return_type_error(object_type, value, field.details)
        data = execute_fields(selection.fields or selection.plan(run.variables), run, value, path)
        return await data if type(data) is CoroutineType else data

    return complete_object


def _compile_abstract(field: Field, abstract_type: GraphQLAbstractType) -> CompleteValue:
    resolve_type = abstract_type.resolve_type or default_type_resolver
    by_type_name: dict[str, CompleteValue] = {}

    def complete_abstract(run: Run, info: Info, path: Path, value: Value) -> Data:
        if _is_null(value):
            return None
        type_name: object = resolve_type(value, info, abstract_type)
        if type(type_name) is not str and is_awaitable(type_name):
            return complete_as_awaited(type_name, run, info, path, value)
        return complete_as(type_name, run, info, path, value)

    def complete_as(type_name: object, run: Run, info: Info, path: Path, value: Value) -> Data:
        complete = by_type_name.get(type_name) if isinstance(type_name, str) else None
        if complete is None:
            runtime_type = run.executor.ensure_valid_runtime_type(
                type_name, abstract_type, field.details, info, value
            )
            complete = by_type_name[runtime_type.name] = _compile_object(field, runtime_type)
        return complete(run, info, path, value)

    async def complete_as_awaited(
        type_name: Awaitable[object], run: Run, info: Info, path: Path, value: Value
    ) -> Data:
        data = complete_as(await type_name, run, info, path, value)
        return await data if type(data) is CoroutineType else data

    return complete_abstract


def _is_null(value: Value) -> bool:
    """Tell whether a value is null; raise it if it is an exception, which resolvers may return."""
    if isinstance(value, Exception):
        raise value
    return value is None or value is Undefined
