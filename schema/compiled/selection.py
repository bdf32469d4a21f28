"""Executing the fields of one object: all at once, or one after the other at the root of a mutation."""

from collections.abc import Awaitable, Iterator
from types import CoroutineType

from graphql.pyutils import Path, gather_with_cancel

from schema.compiled.run import Run
from schema.compiled.shapes import Data, ExecuteField, Source

Fields = list[tuple[str, ExecuteField]]


def execute_fields(fields: Fields, run: Run, source: Source, path: Path | None) -> Data:
    """Execute fields on a source object: give their data, or a coroutine of it, in the order of the document."""
    results: dict[str, Data] = {}
    pending: list[str] | None = None
    try:
        for response_name, execute in fields:
            data = results[response_name] = execute(run, source, path)
            if type(data) is CoroutineType:
                pending = [response_name] if pending is None else [*pending, response_name]
    except Exception:
        # The siblings that were begun are settled though nobody waits for them any more.
        if pending:
            run.executor.settle_in_background([results[response_name] for response_name in pending])
        raise
    if not pending:
        return results
    return _gather_fields(results, pending) if len(pending) > 1 else _await_field(results, pending[0])


async def _await_field(results: dict[str, Data], response_name: str) -> dict[str, Data]:
    """Await the only pending field, without a task of its own, as graphql-core does."""
    results[response_name] = await results[response_name]
    return results


async def _gather_fields(results: dict[str, Data], pending: list[str]) -> dict[str, Data]:
    """Await the pending fields together."""
    gathered = await gather_with_cancel(*[results[response_name] for response_name in pending])
    results.update(zip(pending, gathered, strict=True))
    return results


def execute_fields_serially(fields: Fields, run: Run, source: Source) -> Data:
    """Execute root fields so that each begins when the one before it is complete, as mutations must."""
    results: dict[str, Data] = {}
    remaining = iter(fields)
    for response_name, execute in remaining:
        data = execute(run, source, None)
        if type(data) is CoroutineType:
            return _continue_serially(results, response_name, data, remaining, run, source)
        results[response_name] = data
    return results


async def _continue_serially(
    results: dict[str, Data],
    response_name: str,
    data: Awaitable[Data],
    remaining: Iterator[tuple[str, ExecuteField]],
    run: Run,
    source: Source,
) -> dict[str, Data]:
    """Go on from the first field that has to be awaited."""
    results[response_name] = await data
    for next_name, execute in remaining:
        data = execute(run, source, None)
        results[next_name] = await data if type(data) is CoroutineType else data
    return results
