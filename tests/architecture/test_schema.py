"""The released schema: printed, described, and only ever growing."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    is_introspection_type,
    is_non_null_type,
    is_required_input_field,
    is_specified_scalar_type,
)

from schema.sdl import graphql_schema, print_sdl
from tests.architecture.released import read_schema
from tests.architecture.sources import ROOT

CONTRACT = read_schema()


def own_types(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    for type_ in schema.type_map.values():
        if not (is_introspection_type(type_) or is_specified_scalar_type(type_)):
            yield type_


def kind_of(type_: GraphQLNamedType) -> str:
    """Strawberry's types are of subclasses; what counts is which of GraphQL's kinds they are."""
    kinds = (
        GraphQLObjectType,
        GraphQLInterfaceType,
        GraphQLInputObjectType,
        GraphQLEnumType,
        GraphQLScalarType,
    )
    return next(kind.__name__ for kind in kinds if isinstance(type_, kind))


def signatures(schema: GraphQLSchema) -> Iterator[str]:
    """A line for everything that a client can rely on, with its type."""
    for type_ in own_types(schema):
        yield f"{kind_of(type_)} {type_.name}"
        match type_:
            case GraphQLObjectType() | GraphQLInterfaceType():
                yield from (f"{type_.name} implements {interface.name}" for interface in type_.interfaces)
                for name, field in type_.fields.items():
                    yield f"{type_.name}.{name}: {field.type}"
                    yield from (
                        f"{type_.name}.{name}({key}: {argument.type})" for key, argument in field.args.items()
                    )
            case GraphQLInputObjectType():
                for name, field in type_.fields.items():
                    yield f"{type_.name}.{name}: {field.type}, optional: {not is_required_input_field(field)}"
            case GraphQLEnumType():
                yield from (f"{type_.name}.{name}" for name in type_.values)


def undescribed(schema: GraphQLSchema) -> Iterator[str]:
    for type_ in own_types(schema):
        if not type_.description:
            yield type_.name
        if isinstance(type_, GraphQLEnumType):
            yield from (
                f"{type_.name}.{name}" for name, value in type_.values.items() if not value.description
            )
        for name, field in getattr(type_, "fields", {}).items():
            if not field.description:
                yield f"{type_.name}.{name}"
            for key, argument in getattr(field, "args", {}).items():
                if not argument.description:
                    yield f"{type_.name}.{name}({key})"


def test_released_file_is_the_printed_schema() -> None:
    """Make it anew with `python -m gateway schema > schema/schema.graphql`."""
    assert (ROOT / "schema" / "schema.graphql").read_text("utf-8") == print_sdl()


def test_printed_schema_can_be_read_back() -> None:
    assert set(signatures(build_schema(print_sdl()))) == set(signatures(graphql_schema))


def test_schema_only_adds_to_the_contract() -> None:
    assert sorted(set(signatures(CONTRACT)) - set(signatures(graphql_schema))) == []


def test_schema_breaks_no_client_of_the_contract() -> None:
    assert [change.description for change in find_breaking_changes(CONTRACT, graphql_schema)] == []


def test_everything_in_the_schema_is_described() -> None:
    assert list(undescribed(graphql_schema)) == []


def test_input_that_has_a_default_may_be_null() -> None:
    """Editors take a defaulted input that must not be null for one that is missing."""
    inputs = [
        (f"{type_.name}.{name}", field)
        for type_ in own_types(graphql_schema)
        if isinstance(type_, GraphQLInputObjectType)
        for name, field in type_.fields.items()
    ]
    defaulted = {name for name, field in inputs if not is_required_input_field(field)}

    assert "LoginInput.tokenDelivery" in defaulted
    assert {name for name, field in inputs if name in defaulted and is_non_null_type(field.type)} == set()
