"""Errors as entries of the response, and the exception of a request that is not served.

Entries are readable, coded, and short whatever the document was.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from graphql import GraphQLError

from graphql_http.error_codes import EndpointErrorCode

ErrorEntry: TypeAlias = dict[str, Any]
"""One entry of the response's `errors`, ready for JSON."""

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

CLOSE: Final = (b"connection", b"close")
MESSAGE_MAXIMUM_BYTES: Final = 300
ENTRY_MAXIMUM_BYTES: Final = 1_000
LOCATIONS_MAXIMUM: Final = 4
PATH_MAXIMUM_BYTES: Final = 300

# Where graphql-core quotes what was sent, in its messages about inputs and about syntax; what comes before is kept.
_QUOTES: Final = (
    re.compile(r"(Value) .*(?= does not exist in )", re.DOTALL),
    re.compile(r"(cannot represent [^:]*): .*", re.DOTALL),
    re.compile(r"(, found (?:Block)?String) .*", re.DOTALL),
    re.compile(r"()(?:, but encountered error |[,.;]? [Ff]ound: ).*", re.DOTALL),
)


class RequestRefusedError(Exception):
    """The request is refused as a whole; nothing was executed.

    `is_well_formed` tells that it was a proper GraphQL-over-HTTP request whose document, variables or operation
    were refused: such an answer has status 200 as `application/json`, because older clients expect that.
    """

    def __init__(
        self,
        entries: Sequence[ErrorEntry],
        *,
        status: int = 400,
        is_well_formed: bool = False,
        headers: Headers = (),
    ) -> None:
        super().__init__(entries[0]["message"])
        self.entries = list(entries)
        self.status = status
        self.is_well_formed = is_well_formed
        self.headers = headers


def refuse(
    code: EndpointErrorCode,
    message: str,
    *,
    status: int = 400,
    headers: Headers = (),
    extensions: Mapping[str, Any] | None = None,
) -> RequestRefusedError:
    """The request is not a proper GraphQL-over-HTTP request, or is too large to be read: the status always holds."""
    entry = {"message": message, "extensions": {"code": code.value, **(extensions or {})}}
    return RequestRefusedError([entry], status=status, headers=headers)


def refuse_operation(
    code: EndpointErrorCode, message: str, *, status: int = 400, extensions: Mapping[str, Any] | None = None
) -> RequestRefusedError:
    """The request is well-formed, and what it asks for is refused."""
    entry = {"message": message, "extensions": {"code": code.value, **(extensions or {})}}
    return RequestRefusedError([entry], status=status, is_well_formed=True)


def exceeds(
    code: EndpointErrorCode, what: str, maximum: int, value: int | None = None
) -> RequestRefusedError:
    """A limit on the document was exceeded; the message says the limit, and the value if known."""
    found = "more" if value is None else str(value)
    extensions = {"maximum": maximum, **({} if value is None else {"value": value})}
    return refuse_operation(code, f"{what}: at most {maximum} allowed, found {found}.", extensions=extensions)


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


def report_input_error(error: GraphQLError, code: str) -> ErrorEntry:
    """Write a complaint about what was sent, without what was sent: front ends pass messages on to their logs."""
    return report_error(error, code, message=without_values(error.message))


def without_values(message: str) -> str:
    """`message` of graphql-core's without the values that it quotes; names of fields and types stay."""
    for quote in _QUOTES:
        message = quote.sub(r"\1", message)
    return message if message.endswith((".", "?")) else message + "."


def shorten(message: str) -> str:
    """Cut `message` to what is worth reading, at a character's border."""
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= MESSAGE_MAXIMUM_BYTES:
        return message
    return encoded[:MESSAGE_MAXIMUM_BYTES].decode("utf-8", "ignore") + "…"


def _length(value: object) -> int:
    return len(msgspec.json.encode(value))
