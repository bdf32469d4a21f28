"""What runs at once, what waits, and what becomes of siblings when one fails or all are cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, parse

from graphql_http.compiled import compile_operation

SCHEMA = build_schema(
    """
    type Query { a: Int  b: Int  must: Int!  never: Int!  inner: Inner  list: [Int!] }
    type Inner { must: Int!  never: Int!  a: Int }
    type Mutation { a: Int  b: Int  must: Int! }
    """
)
Run = Callable[..., Any]
Info = GraphQLResolveInfo[Any]
Log = list[str]


async def fail(_info: object) -> int:
    await asyncio.sleep(0)
    raise ValueError("failed")


def fail_at_once(_info: object) -> int:
    raise ValueError("failed")


def never(log: Log) -> Callable[[object], Awaitable[int]]:
    """A resolver that waits for ever, and takes a moment to stop."""

    async def wait(_info: object) -> int:
        log.append("began")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            log.append("cleaned up")
            raise
        return 1

    return wait


def in_the_end(log: Log) -> Callable[[object], Awaitable[int]]:
    """A resolver that needs a few turns of the loop."""

    async def take_turns(_info: object) -> int:
        log.append("began")
        for _ in range(3):
            await asyncio.sleep(0)
        log.append("finished")
        return 1

    return take_turns


async def settle() -> None:
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


def test_siblings_of_a_query_run_at_once(run: Run) -> None:
    async def main() -> ExecutionResult:
        met = asyncio.Barrier(2)

        async def meet(_info: object) -> int:
            await met.wait()
            return 1

        result: ExecutionResult = await run(SCHEMA, "{ a b }", {"a": meet, "b": meet})
        return result

    assert asyncio.run(main()).data == {"a": 1, "b": 1}


def test_failed_non_null_field_cancels_its_siblings_and_waits_for_their_cleaning_up(run: Run) -> None:
    log: Log = []

    async def main() -> ExecutionResult:
        result: ExecutionResult = await run(SCHEMA, "{ must never }", {"must": fail, "never": never(log)})
        log.append("answered")
        return result

    result = asyncio.run(main())
    assert result.data is None
    assert [error.message for error in result.errors or []] == ["failed"]
    assert log == ["began", "cleaned up", "answered"]


def test_failure_below_the_root_leaves_the_roots_fields_alone(run: Run) -> None:
    log: Log = []
    root = {"inner": {"must": fail, "never": never(log)}, "a": in_the_end(log)}

    result = asyncio.run(run(SCHEMA, "{ inner { must never } a }", root))

    assert result.data == {"inner": None, "a": 1}
    assert [(error.message, error.path) for error in result.errors] == [("failed", ["inner", "must"])]
    assert sorted(log) == ["began", "began", "cleaned up", "finished"]


def test_failed_nullable_field_leaves_its_siblings_alone(run: Run) -> None:
    log: Log = []

    result = asyncio.run(run(SCHEMA, "{ a b }", {"a": fail, "b": in_the_end(log)}))

    assert result.data == {"a": None, "b": 1}
    assert log == ["began", "finished"]


def test_failure_at_once_is_answered_at_once_while_siblings_finish_in_the_background(run: Run) -> None:
    log: Log = []

    async def main() -> None:
        result = run(SCHEMA, "{ a must }", {"a": in_the_end(log), "must": fail_at_once})
        assert isinstance(result, ExecutionResult)
        assert result.data is None
        log.append("answered")
        await settle()

    asyncio.run(main())
    assert log == ["answered", "began", "finished"]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_failure_without_a_loop_closes_what_was_begun(run: Run) -> None:
    result = run(SCHEMA, "{ a must }", {"a": in_the_end([]), "must": fail_at_once})

    assert result.data is None
    assert [error.path for error in result.errors] == [["must"]]


def test_failed_item_that_cannot_be_null_cancels_the_other_items(run: Run) -> None:
    log: Log = []

    async def main() -> ExecutionResult:
        result: ExecutionResult = await run(
            SCHEMA, "{ list a }", {"list": [fail(None), never(log)(None)], "a": 1}
        )
        return result

    result = asyncio.run(main())
    assert result.data == {"list": None, "a": 1}
    assert [error.path for error in result.errors or []] == [["list", 0]]
    assert log == ["began", "cleaned up"]


def test_mutations_root_fields_run_one_after_the_other(run: Run) -> None:
    log: Log = []

    result = asyncio.run(run(SCHEMA, "mutation { b a c: b }", {"a": in_the_end(log), "b": in_the_end(log)}))

    assert list(result.data) == ["b", "a", "c"]
    assert log == ["began", "finished"] * 3


def test_mutations_after_one_that_failed_and_cannot_be_null_never_begin(run: Run) -> None:
    log: Log = []

    result = asyncio.run(
        run(SCHEMA, "mutation { a must b }", {"a": in_the_end(log), "must": fail, "b": never(log)})
    )

    assert result.data is None
    assert log == ["began", "finished"]


def test_cancelled_execution_cancels_all_its_resolvers(run: Run) -> None:
    log: Log = []

    async def main() -> None:
        root = {"a": never(log), "inner": {"never": never(log), "a": never(log)}}
        task = asyncio.ensure_future(run(SCHEMA, "{ a inner { never a } }", root))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle()

    asyncio.run(main())
    assert log == ["began"] * 3 + ["cleaned up"] * 3


def test_lone_awaitable_field_has_no_task_of_its_own(run: Run) -> None:
    tasks: list[object] = []

    async def remember(_info: object) -> int:
        tasks.append(asyncio.current_task())
        return 1

    async def main() -> None:
        await run(SCHEMA, "{ a b }", {"a": remember, "b": 2})
        assert tasks == [asyncio.current_task()]

    asyncio.run(main())


def test_without_awaitables_the_result_is_there_at_once(run: Run) -> None:
    assert run(SCHEMA, "{ a b }", {"a": 1, "b": 2}) == ExecutionResult({"a": 1, "b": 2})


def test_concurrent_executions_of_one_operation_do_not_mix() -> None:
    schema: GraphQLSchema = build_schema("type Query { echo(x: Int): Int  fails: Int }")
    compiled = compile_operation(schema, parse("query ($x: Int) { echo(x: $x) fails }"), None)
    assert compiled is not None

    async def echo(info: Info, x: int) -> int:
        await asyncio.sleep(0)
        return x + int(info.context)

    async def refuse(info: Info) -> int:
        await asyncio.sleep(0)
        raise ValueError(info.context)

    async def main() -> list[Any]:
        root = {"echo": echo, "fails": refuse}
        results: Any = [compiled.execute({"x": number}, 100 * number, root) for number in range(5)]
        gathered: list[Any] = await asyncio.gather(*results)
        return gathered

    for number, result in enumerate(asyncio.run(main())):
        assert result.data == {"echo": 101 * number, "fails": None}
        assert [error.message for error in result.errors] == [str(100 * number)]
