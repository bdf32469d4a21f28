"""Completing lists: item by item, each with its own path and its own errors."""

from collections.abc import Awaitable, Iterable
from types import CoroutineType

from graphql import GraphQLList, GraphQLOutputType
from graphql.execution.executor import collect_iterator_awaitables
from graphql.pyutils import Path, Undefined, gather_with_cancel, is_awaitable, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable

from graphql_http.compiled.field import Field
from graphql_http.compiled.leaves import data_types, is_pending
from graphql_http.compiled.run import Run
from graphql_http.compiled.shapes import CompleteValue, Data, Info, Value, new_tuple


def compile_list(
    field: Field, list_type: GraphQLList[GraphQLOutputType], complete_item: CompleteValue
) -> CompleteValue:
    """Give the closure for lists, from that for their items."""
    complete_items = _compile_items(field, list_type.of_type, complete_item)

    def complete_list(run: Run, info: Info, path: Path, value: Value) -> Data:
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            return None
        if type(value) is not list and (is_async_iterable(value) or not is_iterable(value)):
            return run.executor.complete_list_value(list_type, field.details, info, path, value, None)
        return complete_items(run, info, path, value)

    return complete_list


def _compile_items(field: Field, item_type: GraphQLOutputType, complete_item: CompleteValue) -> CompleteValue:
    as_they_are = data_types(item_type)
    execute_item = _compile_item(field, item_type, complete_item)

    def complete_items(run: Run, info: Info, path: Path, items: Iterable[Value]) -> Data:
        results: list[Data] = []
        pending: list[int] = []
        iterator = iter(items)
        try:
            for index, item in enumerate(iterator):
                if type(item) in as_they_are:
                    results.append(item)
                    continue
                data = execute_item(run, info, new_tuple(Path, (path, index, None)), item)
                results.append(data)
                if type(data) is CoroutineType:
                    pending.append(index)
        except Exception:
            # What was begun, and what the iterator still holds, is settled though nobody waits for it any more.
            begun = [results[index] for index in pending]
            begun += collect_iterator_awaitables(iterator, is_awaitable)
            if begun:
                run.executor.settle_in_background(begun)
            raise
        return _gather_items(results, pending) if pending else results

    return complete_items


def _compile_item(field: Field, item_type: GraphQLOutputType, complete_item: CompleteValue) -> CompleteValue:
    """Give the closure for one item, which keeps the item's error if null is allowed there."""

    def execute_item(run: Run, info: Info, path: Path, item: Value) -> Data:
        if is_pending(item):
            return field.guard(run, complete_awaited(run, info, path, item), path, item_type)
        try:
            data = complete_item(run, info, path, item)
        except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
            return field.fail(run, error, path, item_type)
        return field.guard(run, data, path, item_type) if type(data) is CoroutineType else data

    async def complete_awaited(run: Run, info: Info, path: Path, item: Awaitable[Value]) -> Data:
        data = complete_item(run, info, path, await item)
        return await data if type(data) is CoroutineType else data

    return execute_item


async def _gather_items(results: list[Data], pending: list[int]) -> list[Data]:
    """Await the pending items together; a lone one without a task of its own, as graphql-core does."""
    if len(pending) == 1:
        results[pending[0]] = await results[pending[0]]
        return results
    gathered = await gather_with_cancel(*[results[index] for index in pending])
    for index, data in zip(pending, gathered, strict=True):
        results[index] = data
    return results
