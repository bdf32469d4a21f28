"""Hypothesis strategies for input values: as literals in a document, and as variables beside it."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLScalarType,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from hypothesis import strategies as st

MISSING = object()
MAX_DEPTH = 2

LITERALS = {
    "String": ['"a"', '"ü"', '""', '"""block"""'],
    "ID": ['"id"', "7"],
    "Int": ["0", "-3", "41"],
    "Float": ["1.5", "2", "-0.25"],
    "Boolean": ["true", "false"],
}
ANY_LITERAL = ["1", '"x"', "[1, 2]", "{a: 1}", "true", "RED"]

INPUTS: dict[str, list[Any]] = {
    "String": ["a", "ü", ""],
    "ID": ["id", 7],
    "Int": [0, -3, 41],
    "Float": [1.5, 2, -0.25],
    "Boolean": [True, False],
}
ANY_INPUT = [1, "x", [1, 2], {"a": 1}, True]
WRONG = ["nonsense", 3, 2.5, True, [], {}, {"unknown": 1}, [None], 2**40]

Input = Any

_FATES = st.integers(0, 79)
_ONE_IN_SIX = st.integers(0, 5)

WriteVariable = Callable[[GraphQLInputType], str]


@st.composite
def literal(draw: st.DrawFn, type_: GraphQLInputType, variable: WriteVariable | None, depth: int = 0) -> str:
    """Draw a literal that is valid for the type; it may hold variables inside, if there is a way to write them."""
    if is_non_null_type(type_):
        type_ = type_.of_type
    elif draw(_ONE_IN_SIX) == 5:
        return "null"
    if is_list_type(type_):
        return draw(_list_literal(type_.of_type, variable, depth))
    if isinstance(type_, GraphQLInputObjectType):
        return draw(_object_literal(type_, variable, depth))
    if isinstance(type_, GraphQLEnumType):
        name: str = draw(st.sampled_from(list(type_.values)))
        return name
    assert isinstance(type_, GraphQLScalarType)
    return draw(st.sampled_from(LITERALS.get(type_.name, ANY_LITERAL)))


@st.composite
def _inner_literal(
    draw: st.DrawFn, type_: GraphQLInputType, variable: WriteVariable | None, depth: int
) -> str:
    if variable is not None and draw(_ONE_IN_SIX) >= 4:
        return variable(type_)
    return draw(literal(type_, variable, depth + 1))


@st.composite
def _list_literal(draw: st.DrawFn, item: GraphQLInputType, variable: WriteVariable | None, depth: int) -> str:
    if draw(_ONE_IN_SIX) == 5:
        return draw(literal(item, None, depth + 1))
    items = [draw(_inner_literal(item, variable, depth)) for _ in range(draw(st.integers(0, 2)))]
    return f"[{', '.join(items)}]"


@st.composite
def _object_literal(
    draw: st.DrawFn, type_: GraphQLInputObjectType, variable: WriteVariable | None, depth: int
) -> str:
    if type_.is_one_of:
        name, one = draw(st.sampled_from(list(type_.fields.items())))
        return f"{{{name}: {draw(literal(one.type, None, depth + 1).filter(lambda text: text != 'null'))}}}"
    written = [
        f"{name}: {draw(_inner_literal(one.type, variable, depth))}"
        for name, one in type_.fields.items()
        if is_required_input_field(one) or (depth < MAX_DEPTH and draw(st.booleans()))
    ]
    return f"{{{', '.join(written)}}}"


@st.composite
def variable_input(draw: st.DrawFn, type_: GraphQLInputType) -> Input:
    """Draw what a client sends for a variable of about this type: mostly right, or null, wrong, or MISSING."""
    fate = draw(_FATES)
    if fate >= 75:
        return draw(st.sampled_from([MISSING, None, *WRONG]))
    if fate >= 60 and not is_non_null_type(type_):
        return MISSING
    return draw(_right_input(type_, 0))


@st.composite
def _right_input(draw: st.DrawFn, type_: GraphQLInputType, depth: int) -> Input:
    if is_non_null_type(type_):
        type_ = type_.of_type
    elif draw(_ONE_IN_SIX) == 5:
        return None
    if is_list_type(type_):
        return [draw(_right_input(type_.of_type, depth + 1)) for _ in range(draw(st.integers(0, 2)))]
    if isinstance(type_, GraphQLInputObjectType):
        return draw(_right_object(type_, depth))
    if isinstance(type_, GraphQLEnumType):
        return draw(st.sampled_from(list(type_.values)))
    assert isinstance(type_, GraphQLScalarType)
    return draw(st.sampled_from(INPUTS.get(type_.name, ANY_INPUT)))


@st.composite
def _right_object(draw: st.DrawFn, type_: GraphQLInputObjectType, depth: int) -> Input:
    names = list(type_.fields)
    if type_.is_one_of:
        names = [draw(st.sampled_from(names))]
    return {
        name: draw(_right_input(type_.fields[name].type, depth + 1))
        for name in names
        if is_required_input_field(type_.fields[name])
        or type_.is_one_of
        or (depth < MAX_DEPTH and draw(st.booleans()))
    }
