"""The seam to Strawberry: which of its fields come down to less than the resolvers that it makes for them.

Both functions recognise exactly what Strawberry's schema converter makes (`GraphQLCoreConverter.from_resolver`),
and leave alone whatever they cannot prove to be that.
"""

from inspect import getclosurevars, iscoroutinefunction
from typing import Any, Final

from graphql import GraphQLField, GraphQLFieldResolver
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from graphql_http.compiled.shortcuts import Shortcuts


def plain_attribute(definition: GraphQLField) -> str | None:
    """Name the attribute that a Strawberry field without resolver, permission or extension reads; else None.

    The converter's `_get_basic_result` for such a field comes down to `getattr(source, python_name)`, unless the
    field's class or the schema's configuration says otherwise.
    """
    field = _field_of(definition)
    if field is None or _name_of(definition.resolve) != "_get_basic_result":
        return None
    return field.python_name if field.is_basic_field and field.default_resolver is getattr else None


def direct_resolver(definition: GraphQLField) -> GraphQLFieldResolver | None:
    """Give the coroutine function `(self, info)` behind a Strawberry field that has nothing else; else None.

    The converter's `_async_resolver` converts arguments, applies extensions and handles exceptions; with none of
    them it comes down to awaiting the function with the source and Strawberry's info.
    """
    field = _field_of(definition)
    if field is None or _name_of(definition.resolve) != "_async_resolver":
        return None
    parts = getclosurevars(definition.resolve).nonlocals  # type: ignore[arg-type]
    resolver = field.base_resolver
    if resolver is None or field.extensions or parts.get("field_exception_handlers") != ():
        return None
    make_info, function = parts.get("_strawberry_info_from_graphql"), resolver.wrapped_func
    if make_info is None or not iscoroutinefunction(function) or not _takes_self_and_info(resolver):
        return None
    return lambda source, info: function(source, info=make_info(info))


def _field_of(definition: GraphQLField) -> StrawberryField | None:
    """Give the Strawberry field behind one without arguments, unless its class has ways of its own."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or field.arguments or definition.args:
        return None
    return field if type(field).get_result is StrawberryField.get_result else None


def _name_of(resolve: GraphQLFieldResolver | None) -> str | None:
    return getattr(resolve, "__name__", None)


def _takes_self_and_info(resolver: StrawberryResolver[Any]) -> bool:
    names = list(resolver.signature.parameters)
    info = resolver.info_parameter
    return resolver.self_parameter is not None and info is not None and names == ["self", "info"]


STRAWBERRY_SHORTCUTS: Final = Shortcuts(plain_attribute, direct_resolver)
"""Both, for an executor of a Strawberry schema."""
