"""Shortcuts past a framework's wrapping of its resolvers, given by whoever knows the framework."""

from collections.abc import Callable
from typing import Final, NamedTuple

from graphql import GraphQLField, GraphQLFieldResolver

PlainAttribute = Callable[[GraphQLField], str | None]
DirectResolver = Callable[[GraphQLField], GraphQLFieldResolver | None]


class Shortcuts(NamedTuple):
    """What may be done in place of calling a field's resolver, where nobody could tell the difference."""

    plain_attribute: PlainAttribute
    """Names the attribute of the source object that the resolver would only read; the field takes no arguments."""

    direct_resolver: DirectResolver
    """Gives a resolver that does what the field's own does, with less around it."""


def _none(_definition: GraphQLField) -> None:
    """Take no shortcut."""


NO_SHORTCUTS: Final = Shortcuts(_none, _none)
