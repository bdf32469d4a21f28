"""Executing the fields of one object: all at once, or one after the other at the root of a mutation."""

from collections.abc import Callable
from types import CoroutineType
from typing import NamedTuple

from graphql import GraphQLObjectType, VariableValues
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path, gather_with_cancel

from graphql_http.compiled.run import Run
from graphql_http.compiled.shapes import Data, ExecuteField, FailField, Source


class PlannedField(NamedTuple):
    """One field of a selection, ready to be executed on any source object of its parent type.

    With an `attribute`, that of the source is the field's value: `execute` is given the value instead of the source,
    and is not asked where the value's type is one of `as_they_are`, since it is response data then. `fail` is told what
    reading the attribute raised.
    """

    response_name: str
    attribute: str | None
    as_they_are: frozenset[type]
    execute: ExecuteField
    fail: FailField


Fields = list[PlannedField]

PlanSubfields = Callable[[GraphQLObjectType, FieldDetailsList, VariableValues], Fields]
"""Plans the subfields of a field on objects of one runtime type."""


class Selection:
    """The subfields of a field on objects of one runtime type, planned when the first of them is there."""

    __slots__ = ("_details", "_object_type", "_plan_subfields", "fields")

    def __init__(
        self, plan_subfields: PlanSubfields, object_type: GraphQLObjectType, details: FieldDetailsList
    ) -> None:
        self._plan_subfields = plan_subfields
        self._object_type = object_type
        self._details = details
        self.fields: Fields | None = None

    def plan(self, variables: VariableValues) -> Fields:
        """Plan the fields, and keep them."""
        self.fields = self._plan_subfields(self._object_type, self._details, variables)
        return self.fields


def begin_fields(
    fields: Fields, run: Run, source: Source, path: Path | None
) -> tuple[dict[str, Data], list[str]]:
    """Execute fields on a source object: give their data in the order of the document, and which are coroutines."""
    results: dict[str, Data] = {}
    pending: list[str] = []
    try:
        for response_name, attribute, as_they_are, execute, fail in fields:
            if attribute is None:
                data = execute(run, source, path)
            else:
                # Here and not in a function, which would be one more call for the commonest fields there are.
                try:
                    value = getattr(source, attribute)
                except Exception as error:  # noqa: BLE001 -- whatever a resolver raises is a field error
                    data = fail(run, error, path)
                else:
                    data = value if type(value) in as_they_are else execute(run, value, path)
            results[response_name] = data
            if type(data) is CoroutineType:
                pending.append(response_name)
    except Exception:
        # The siblings that were begun are settled though nobody waits for them any more.
        if pending:
            run.executor.settle_in_background([results[response_name] for response_name in pending])
        raise
    return results, pending


async def await_fields(results: dict[str, Data], pending: list[str]) -> dict[str, Data]:
    """Await the pending fields, together; a lone one without a task of its own, as graphql-core does."""
    if len(pending) == 1:
        results[pending[0]] = await results[pending[0]]
    else:
        gathered = await gather_with_cancel(*[results[response_name] for response_name in pending])
        results.update(zip(pending, gathered, strict=True))
    return results


def execute_fields(fields: Fields, run: Run, source: Source, path: Path | None) -> Data:
    """Execute fields on a source object: give their data, or a coroutine of it."""
    results, pending = begin_fields(fields, run, source, path)
    return await_fields(results, pending) if pending else results


def execute_fields_serially(fields: Fields, run: Run, source: Source) -> Data:
    """Execute root fields so that each begins when the one before it is complete, as mutations must."""
    results: dict[str, Data] = {}
    for index, field in enumerate(fields):
        begun, pending = begin_fields([field], run, source, None)
        results.update(begun)
        if pending:
            return _continue_serially(results, pending, fields[index + 1 :], run, source)
    return results


async def _continue_serially(
    results: dict[str, Data], pending: list[str], remaining: Fields, run: Run, source: Source
) -> dict[str, Data]:
    """Go on from the first field that has to be awaited."""
    await await_fields(results, pending)
    for field in remaining:
        begun, pending = begin_fields([field], run, source, None)
        results.update(await await_fields(begun, pending) if pending else begun)
    return results
