"""Names for what passes between the closures."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

from graphql_http.compiled.run import Run

Source = Any
"""What a parent field's resolver gave: the object that fields are read from."""

Value = Any
"""What a resolver gave, before it is completed; it may be awaitable, an exception, or of a wrong type."""

Data = Any
"""Response data, or a coroutine of it, and never anything else that is awaitable: the type tells which."""

Info = GraphQLResolveInfo[Any]

ExecuteField = Callable[[Run, Source, Path | None], Data]
"""Executes a field on a source object; the path is that object's."""

FailField = Callable[[Run, Exception, Path | None], None]
"""Records the error of a field of the object at a path; raises it if the field's type forbids null."""

CompleteValue = Callable[[Run, Info, Path, Value], Data]
"""Completes a value at a path; the info is that of the field it belongs to."""

new_tuple = tuple.__new__
"""Makes a named tuple from a tuple, in half the time that its own constructor takes."""
