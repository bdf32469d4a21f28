"""Hypothesis strategies that draw GraphQL requests from a schema: mostly valid ones, the caller checks."""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationType,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
)
from graphql.utilities import do_types_overlap
from hypothesis import strategies as st

from tests.graphql_http.compiled.inputs import MISSING, literal, variable_input

MAX_DEPTH = 4
MAX_SELECTIONS = 4
ONE_IN_SIX = st.integers(0, 5)


@dataclass(frozen=True)
class Request:
    """A document with what comes with it; `variables` are several sets, for several executions."""

    text: str
    operation_name: str | None
    variables: tuple[dict[str, Any], ...]


@st.composite
def requests(draw: st.DrawFn, schema: GraphQLSchema, executions: int = 2) -> Request:
    """Draw a request: nested fragments, aliases, merged response names, variables, conditions."""
    return _Writer(draw, schema).request(executions)


@dataclass(frozen=True)
class Variable:
    """A variable: the type of its place, its own, and how that is written."""

    place: GraphQLInputType
    type_: GraphQLInputType
    text: str


@dataclass
class _Writer:
    """What is drawn so far; the same alias always means the same field with the same arguments."""

    draw: st.DrawFn
    schema: GraphQLSchema
    fragments: dict[str, tuple[GraphQLCompositeType, str]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    arguments: dict[tuple[str, str], str] = field(default_factory=dict)

    def request(self, executions: int) -> Request:
        kinds = [
            kind for kind in (OperationType.QUERY, OperationType.MUTATION) if self.schema.get_root_type(kind)
        ]
        kind = self.draw(st.sampled_from(kinds))
        root_type = self.schema.get_root_type(kind)
        assert root_type is not None
        body = self.selection_set(root_type, MAX_DEPTH)
        name = self.draw(st.sampled_from([None, "Drawn"]))
        declared = ", ".join(f"${name}: {variable.text}" for name, variable in self.variables.items())
        head = f"{kind.value} {name or ''}" + (f"({declared})" if declared else "")
        parts = [f"{head} {body}", *(text for _, text in self.fragments.values())]
        if name and self.is_drawn():
            parts.append("query Other { __typename }")
        return Request("\n".join(parts), name, tuple(self.variable_values() for _ in range(executions)))

    def variable_values(self) -> dict[str, Any]:
        drawn = {name: self.draw(variable_input(variable.type_)) for name, variable in self.variables.items()}
        return {name: value for name, value in drawn.items() if value is not MISSING}

    def selection_set(self, type_: GraphQLCompositeType, depth: int) -> str:
        count = self.draw(st.integers(1, MAX_SELECTIONS))
        return "{ " + " ".join(self.selection(type_, depth) for _ in range(count)) + " }"

    def selection(self, type_: GraphQLCompositeType, depth: int) -> str:
        kinds = ["field"] * 6 + ["typename"]
        if depth > 1:
            kinds += ["inline", "spread"]
        kind = self.draw(st.sampled_from(kinds))
        if kind == "inline":
            return self.inline_fragment(type_, depth)
        if kind == "spread":
            return self.spread(type_, depth)
        if kind == "field" and (is_object_type(type_) or is_interface_type(type_)):
            return self.field(type_.fields, depth)
        return self.draw(st.sampled_from(["__typename", "kind: __typename"])) + self.conditions()

    def field(self, fields: dict[str, GraphQLField], depth: int) -> str:
        names = [
            name
            for name, one in fields.items()
            if depth > 1 or not is_composite_type(get_named_type(one.type))
        ]
        if not names:
            return "__typename"
        name = self.draw(st.sampled_from(names))
        alias = self.draw(st.sampled_from(["", "", f"{name}A: ", f"{name}B: "]))
        key = name, alias
        if key not in self.arguments:
            self.arguments[key] = self.argument_list(fields[name].args)
        inner = get_named_type(fields[name].type)
        body = self.selection_set(inner, depth - 1) if is_composite_type(inner) else ""
        return f"{alias}{name}{self.arguments[key]}{self.conditions()} {body}"

    def inline_fragment(self, type_: GraphQLCompositeType, depth: int) -> str:
        condition = self.draw(st.sampled_from([None, *self.overlapping(type_)]))
        on = f" on {condition.name}" if condition else ""
        return f"...{on}{self.conditions()} {self.selection_set(condition or type_, depth - 1)}"

    def spread(self, type_: GraphQLCompositeType, depth: int) -> str:
        known = [name for name, (on, _) in self.fragments.items() if do_types_overlap(self.schema, on, type_)]
        name = self.draw(st.sampled_from([None, *known]))
        if name is None:
            condition = self.draw(st.sampled_from(self.overlapping(type_)))
            body = self.selection_set(condition, depth - 1)
            name = f"F{len(self.fragments)}"
            self.fragments[name] = condition, f"fragment {name} on {condition.name} {body}"
        return f"...{name}{self.conditions()}"

    def overlapping(self, type_: GraphQLCompositeType) -> list[GraphQLCompositeType]:
        return [
            other
            for other in self.schema.type_map.values()
            if is_composite_type(other)
            and not other.name.startswith("__")
            and do_types_overlap(self.schema, type_, other)
        ]

    def conditions(self) -> str:
        if self.draw(ONE_IN_SIX) < 5:
            return ""
        directives = self.draw(st.sampled_from(["skip", "include", "skip include"]))
        return "".join(f" @{directive}(if: {self.condition(directive)})" for directive in directives.split())

    def condition(self, directive: str) -> str:
        definition = self.schema.get_directive(directive)
        assert definition is not None
        condition_type = definition.args["if"].type
        if self.is_drawn():
            return self.draw(st.sampled_from(["true", "false"]))
        return self.variable(condition_type, has_default=False)

    def argument_list(self, arguments: dict[str, GraphQLArgument]) -> str:
        written = [
            f"{name}: {self.argument(argument)}"
            for name, argument in arguments.items()
            if is_required_argument(argument) or self.is_drawn()
        ]
        return f"({', '.join(written)})" if written else ""

    def is_drawn(self) -> bool:
        return self.draw(st.booleans())

    def argument(self, argument: GraphQLArgument) -> str:
        if self.is_drawn():
            return self.variable(argument.type, has_default=not is_required_argument(argument))
        return self.draw(literal(argument.type, self.variable))

    def variable(self, type_: GraphQLInputType, *, has_default: bool = False) -> str:
        """Give a variable that may stand where the type is wanted: one that is there already, or a new one."""
        known = [name for name, variable in self.variables.items() if variable.place == type_]
        if known and self.is_drawn():
            return f"${self.draw(st.sampled_from(known))}"
        name = f"v{len(self.variables)}"
        inner: Any = type_.of_type if is_non_null_type(type_) else type_
        non_null = Variable(type_, GraphQLNonNull(inner), f"{inner}!")
        nullable = Variable(type_, inner, f"{inner}")
        with_default = Variable(type_, inner, f"{inner} = {self.draw(literal(GraphQLNonNull(inner), None))}")
        forms = [non_null, with_default] + [nullable] * (has_default or not is_non_null_type(type_))
        self.variables[name] = self.draw(st.sampled_from(forms))
        return f"${name}"
