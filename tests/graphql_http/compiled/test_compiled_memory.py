"""What operations keep in memory, and for how long."""

import gc
from typing import Any

from graphql import ExecutionResult, build_schema, parse

from graphql_http.compiled import CompiledOperation, compile_operation
from graphql_http.compiled.field import Field
from graphql_http.compiled.operation import MAX_PLANS

SCHEMA = build_schema("type Query { a: Int  self: Query  many: [Query] }")


def compiled(text: str) -> CompiledOperation | None:
    return compile_operation(SCHEMA, parse(text), None)


def count_fields() -> int:
    gc.collect()
    return sum(isinstance(one, Field) for one in gc.get_objects())


def test_plans_are_bounded_however_many_outcomes_the_conditions_have() -> None:
    names = [f"v{number}" for number in range(6)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    selected = " ".join(f"{name}: a @include(if: ${name})" for name in names)
    operation = compiled(f"query ({declared}) {{ {selected} }}")
    assert operation is not None
    for outcome in range(2 ** len(names)):
        values = {name: bool(outcome >> number & 1) for number, name in enumerate(names)}
        expected = {name: 1 for name in names if values[name]}
        assert operation.execute(values, None, {"a": 1}) == ExecutionResult(expected)
    assert len(operation._plans) <= MAX_PLANS


def test_plan_grows_with_the_document_though_its_fragments_double_the_response_at_each_step() -> None:
    steps = 10
    chain = " ".join(
        f"fragment F{number} on Query {{ x: self {{ ...F{number + 1} }} y: self {{ ...F{number + 1} }} }}"
        for number in range(steps)
    )
    fields_before = count_fields()
    operation = compiled(f"{{ ...F0 }} {chain} fragment F{steps} on Query {{ a }}")
    assert operation is not None
    source: dict[str, Any] = {"a": 1}
    source["self"] = source
    result = operation.execute(None, None, source)
    assert isinstance(result, ExecutionResult)
    assert str(result.data).count("'a': 1") == 2**steps
    assert count_fields() - fields_before == 4 * steps


def test_executions_leave_nothing_to_the_garbage_collector() -> None:
    operation = compiled("{ a self { a } many { a self { a } } }")
    assert operation is not None
    leaf = {"a": 1}
    source = {"a": 1, "self": leaf, "many": [{"a": 2, "self": leaf}]}
    operation.execute(None, None, source)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(100):
            operation.execute(None, None, source)
        assert len(gc.get_objects()) - before < 10
    finally:
        gc.enable()
