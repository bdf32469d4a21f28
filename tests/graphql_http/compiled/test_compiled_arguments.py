"""Arguments: coerced once where that cannot be noticed, and otherwise at each execution."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLInputObjectType, GraphQLSchema, build_schema, execute, parse

from graphql_http.compiled import compile_operation

Run = Callable[..., ExecutionResult]

SCHEMA: GraphQLSchema = build_schema(
    """
    enum Colour { RED GREEN }
    input Point { x: Int = 1  y: [Int!] }
    type Query { given(
      text: String = "t", many: [Int] = [1], must: Int! = 2, colour: Colour, point: Point
    ): String }
    """
)


def given(_info: object, **arguments: object) -> str:
    return repr(arguments)


def test_arguments_come_in_the_schemas_order_with_defaults(run: Run) -> None:
    result = run(SCHEMA, "{ given(point: {}, colour: RED, must: 3) }", {"given": given})
    assert result.data == {
        "given": "{'text': 't', 'many': [1], 'must': 3, 'colour': 'RED', 'point': {'x': 1}}"
    }


def test_null_is_told_from_absent(run: Run) -> None:
    text = "query ($text: String, $colour: Colour) { given(text: $text, colour: $colour) }"
    root = {"given": given}
    assert run(SCHEMA, text, root, {"text": None}).data == {"given": "{'text': None, 'many': [1], 'must': 2}"}
    assert run(SCHEMA, text, root, {"colour": None}).data == {
        "given": "{'text': 't', 'many': [1], 'must': 2, 'colour': None}"
    }


def test_null_for_what_must_not_be_null_fails_the_field(run: Run) -> None:
    text = "query ($must: Int = 4) { given(must: $must) }"
    result = run(SCHEMA, text, {"given": given}, {"must": None})
    assert result.data == {"given": None}
    (error,) = result.errors or []
    assert error.path == ["given"]
    assert "'$must' provided to non-null type 'Int!' not to be None" in error.message


def test_variables_that_cannot_be_coerced_are_all_refused_before_anything_runs(run: Run) -> None:
    calls: list[object] = []
    text = "query ($must: Int!, $point: Point) { given(must: $must, point: $point) }"
    result = run(SCHEMA, text, {"given": calls.append}, {"must": "x", "point": {"z": 1}})
    assert result.data is None
    assert len(result.errors or []) == 2
    assert calls == []


@pytest.mark.parametrize("hide_suggestions", [True, False])
def test_suggestions_are_hidden_as_graphql_core_hides_them(hide_suggestions: bool) -> None:
    document = parse("query ($colour: Colour) { given(colour: $colour) }")
    compiled = compile_operation(SCHEMA, document, None, hide_suggestions=hide_suggestions)
    assert compiled is not None
    result = compiled.execute({"colour": "GREAN"}, None)
    assert result == execute(
        SCHEMA, document, variable_values={"colour": "GREAN"}, hide_suggestions=hide_suggestions
    )
    assert ("Did you mean" in str(result)) is not hide_suggestions


def test_resolver_that_changes_its_arguments_changes_nothing_for_the_next_execution() -> None:
    document = parse("{ given(many: [7], point: {y: [8]}) }")
    compiled = compile_operation(SCHEMA, document, None)
    assert compiled is not None

    def change(_info: object, many: list[int], point: dict[str, Any], **_rest: object) -> str:
        told = f"{many} {point}"
        many.append(0)
        point["y"].append(0)
        point["z"] = 0
        return told

    for _ in range(2):
        assert compiled.execute(None, None, {"given": change}) == ExecutionResult(
            {"given": "[7] {'x': 1, 'y': [8]}"}
        )


def test_variables_inside_of_an_object_that_becomes_a_string_are_not_mistaken_for_constants() -> None:
    schema = build_schema("input Point { x: Int }  type Query { given(point: Point): String }")
    point = schema.type_map["Point"]
    assert isinstance(point, GraphQLInputObjectType)
    point.out_type = lambda fields: f"at {fields['x']}"  # type: ignore[method-assign,assignment]
    compiled = compile_operation(schema, parse("query ($x: Int) { given(point: {x: $x}) }"), None)
    assert compiled is not None
    for x in (1, 2):
        result = compiled.execute({"x": x}, None, {"given": lambda _info, point: point})
        assert result == ExecutionResult({"given": f"at {x}"})
