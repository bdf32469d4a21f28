"""Errors as entries of the response: readable, coded, and short whatever the document was."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from graphql import GraphQLError

from graphql_http.refusals import ErrorEntry

MESSAGE_MAXIMUM_BYTES: Final = 300
ENTRY_MAXIMUM_BYTES: Final = 1_000
LOCATIONS_MAXIMUM: Final = 4
PATH_MAXIMUM_BYTES: Final = 300


def report_error(
    error: GraphQLError, code: str, *, message: str | None = None, extensions: Mapping[str, Any] | None = None
) -> ErrorEntry:
    """Write `error` as an entry of under 1 kB with `code`.

    Messages of graphql-core quote names and values of the document: long ones are cut. A path that is too long to
    be shown is left out. The error's own extensions are not shown; `extensions` are.
    """
    entry: ErrorEntry = {"message": shorten(message or error.message)}
    if error.locations:
        entry["locations"] = [
            {"line": p.line, "column": p.column} for p in error.locations[:LOCATIONS_MAXIMUM]
        ]
    if error.path is not None and _length(error.path) <= PATH_MAXIMUM_BYTES:
        entry["path"] = error.path
    entry["extensions"] = {"code": code}
    if extensions and _length(extensions) <= ENTRY_MAXIMUM_BYTES - _length(entry):
        entry["extensions"] = {"code": code, **extensions}
    return entry


def shorten(message: str) -> str:
    """Cut `message` to what is worth reading, at a character's border."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= MESSAGE_MAXIMUM_BYTES:
        return message
    return encoded[:MESSAGE_MAXIMUM_BYTES].decode("utf-8", "ignore") + "…"


def _length(value: object) -> int:
    return len(msgspec.json.encode(value))
