"""The seam to Strawberry: which of its fields do nothing but read an attribute."""

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def plain_attribute(definition: GraphQLField) -> str | None:
    """Name the attribute that a Strawberry field without resolver, permission or extension reads; else None.

    Strawberry's schema converter gives exactly those fields a resolver of its own, `_get_basic_result`, which
    comes down to `getattr(source, python_name)` unless the field class or the schema's configuration says
    otherwise. A field that cannot be proven to be one is left to its resolver.
    """
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or definition.args:
        return None
    is_converters_own = getattr(definition.resolve, "__name__", None) == "_get_basic_result"
    reads_attribute = (
        field.is_basic_field
        and type(field).get_result is StrawberryField.get_result
        and field.default_resolver is getattr
    )
    return field.python_name if is_converters_own and reads_attribute else None
