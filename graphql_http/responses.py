"""The answer: its content, its status for each media type, its bytes.

Source: the GraphQL-over-HTTP specification, section "Status Codes".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.types import Message

from graphql_http.errors import ErrorEntry, Headers, RequestRefusedError
from graphql_http.execution import Result
from graphql_http.negotiation import MediaType

OK: Final = 200
BAD_REQUEST: Final = 400

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Response:
    """What is answered. `status` goes with the modern media type, `legacy_status` with `application/json`.

    No content (None) has no body.
    """

    content: Any
    status: int = OK
    legacy_status: int = OK
    headers: Headers = ()


def response_to_refusal(refusal: RequestRefusedError) -> Response:
    """Answer a request that was refused as a whole: errors, and no data."""
    legacy_status = OK if refusal.is_well_formed else refusal.status
    return Response({"errors": refusal.entries}, refusal.status, legacy_status, refusal.headers)


def response_to_result(result: Result, entries: Sequence[ErrorEntry], partial_status: int) -> Response:
    """Answer what an execution yielded. Errors without a path and data mean that it never began (variables)."""
    if not entries:
        return Response({"data": result.data})
    if result.data is None and all(error.path is None for error in result.errors or ()):
        return Response({"errors": entries}, BAD_REQUEST)
    return Response({"errors": entries, "data": result.data}, partial_status)


def encode(content: object) -> bytes:
    """Write the content as JSON."""
    return b"" if content is None else _encode(content)


def response_messages(
    response: Response, body: bytes, media: MediaType, *, has_body: bool
) -> tuple[Message, Message]:
    """The two messages of an answer: `body`, which is the content of `response`, as `media`; or only the head of it."""
    about_body = (*media.headers, (b"content-length", b"%d" % len(body))) if body else ()
    status = response.legacy_status if media.is_legacy else response.status
    return (
        {"type": "http.response.start", "status": status, "headers": [*about_body, *response.headers]},
        {"type": "http.response.body", "body": body if has_body else b""},
    )
