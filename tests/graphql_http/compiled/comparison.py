"""Executing a request with graphql-core and with a compiled operation, and telling all that can be seen of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute, parse, validate

from graphql_http.compiled import compile_operation
from graphql_http.compiled.shortcuts import NO_SHORTCUTS, Shortcuts
from tests.graphql_http.compiled.documents import Request

ROOT = "the root value"


class Logging(Protocol):
    """A context in which resolvers note what they see and do."""

    log: list[object]


Execute = Callable[[Mapping[str, Any] | None, object, object], ExecutionResult | Awaitable[ExecutionResult]]


@dataclass(frozen=True)
class Subject:
    """A schema to compare on; a context is made anew for each execution, from what was drawn for it."""

    schema: GraphQLSchema
    make_context: Callable[[Any], Logging]
    shortcuts: Shortcuts = NO_SHORTCUTS


@dataclass(frozen=True)
class Observation:
    """All that can be told of an execution: errors in plain values, data with the order of its keys."""

    was_awaitable: bool
    answer: tuple[object, ...]
    answer_in_the_end: tuple[object, ...]
    log: list[object]


def compare(
    runner: asyncio.Runner, subject: Subject, drawn: tuple[Request, Sequence[object]], seen: Counter[str]
) -> None:
    """Execute a request for each context drawn, always with one compiled operation, and as graphql-core does.

    Documents that are not valid are left out; `seen` counts what was compared.
    """
    request, contexts = drawn
    document = parse(request.text)
    if validate(subject.schema, document):
        seen["invalid"] += 1
        return
    compiled = compile_operation(
        subject.schema,
        document,
        request.operation_name,
        shortcuts=subject.shortcuts,
    )
    assert compiled is not None

    def by_graphql_core(
        variables: Mapping[str, Any] | None, context: object, root: object
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        return execute(subject.schema, document, root, context, dict(variables or {}), request.operation_name)

    seen["documents"] += 1
    for variables, one in zip(request.variables, contexts, strict=True):
        expected, actual = (
            runner.run(observe(way, variables, subject.make_context(one)))
            for way in (by_graphql_core, compiled.execute)
        )
        assert actual == expected
        _count(expected, seen)


async def observe(way: Execute, variables: Mapping[str, Any] | None, context: Logging) -> Observation:
    """Execute one way, then wait for whatever still goes on, and tell what was seen."""
    result = way(variables, context, ROOT)
    answer = await result if isawaitable(result) else result
    context.log.append("answered")
    at_once = tell(answer)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
    return Observation(isawaitable(result), at_once, tell(answer), context.log)


def tell(result: ExecutionResult) -> tuple[object, ...]:
    """Tell a result in plain values, such that equal means indistinguishable."""
    errors = None if result.errors is None else [tell_error(error) for error in result.errors]
    return repr(result.data), errors, result.extensions


def tell_error(error: BaseException | None) -> object:
    """Tell an error and what it came from."""
    if not isinstance(error, GraphQLError):
        return type(error), str(error)
    return {
        "type": type(error),
        "message": error.message,
        "path": error.path,
        "locations": error.locations,
        "nodes": None if error.nodes is None else [id(node) for node in error.nodes],
        "positions": error.positions,
        "extensions": error.extensions,
        "original": tell_error(error.original_error),
    }


def _count(observation: Observation, seen: Counter[str]) -> None:
    data, errors, _ = observation.answer
    seen["executions"] += 1
    seen["awaited"] += observation.was_awaitable
    seen["with errors"] += errors is not None
    seen["refused for variables"] += "invalid value" in str(errors)
    seen["without data"] += data == "None"
    seen["with cancellations"] += any(entry[0] == "cancelled" for entry in observation.log if entry)  # type: ignore[index]
    seen["calls"] += len(observation.log)
