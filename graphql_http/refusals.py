"""A request that is not served: what to say, and with which status."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from graphql_http.codes import EndpointErrorCode

ErrorEntry: TypeAlias = dict[str, Any]
"""One entry of the response's `errors`, ready for JSON."""

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

CLOSE: Final = (b"connection", b"close")


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
