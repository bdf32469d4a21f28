"""What a request asks for, out of its method, headers, URL and body.

JSON is read strictly: UTF-8 only, no `NaN`, no lone surrogates, numbers that fit, nesting that can be followed.
Of duplicate keys the last wins. Unknown keys are ignored, as the GraphQL-over-HTTP specification asks.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import CLOSE, RequestRefusedError, refuse
from graphql_http.options import EndpointOptions
from request_bodies import RETRY_AFTER_SECONDS, Body, BodyTooLargeError

QUERY_FIELDS_MAXIMUM: Final = 20
LENGTH_MAXIMUM_DIGITS: Final = 18
NULL: Final = msgspec.Raw(b"null")


class PersistedQuery(msgspec.Struct):
    """Apollo's extension `persistedQuery`."""

    version: Any = None
    sha256_hash: Any = msgspec.field(default=None, name="sha256Hash")


class Extensions(msgspec.Struct):
    """The extensions that the endpoint knows; others are ignored."""

    persisted_query: PersistedQuery | None = msgspec.field(default=None, name="persistedQuery")


class Parameters(msgspec.Struct):
    """The parameters of one GraphQL-over-HTTP request. `variables` are read later, when their size is known."""

    query: str | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    variables: msgspec.Raw = NULL
    extensions: Extensions | None = None
    document_id: Any = msgspec.field(default=None, name="documentId")
    doc_id: Any = None
    id: Any = None


class Head(msgspec.Struct):
    """The headers that matter here. Lengths are as declared, -1 when they are not."""

    accept: bytes = b""
    content_type: bytes = b""
    content_length: int = -1
    content_encoding: bytes = b""


_decode_parameters = msgspec.json.Decoder(Parameters).decode
_decode_batch = msgspec.json.Decoder(list[Parameters]).decode
_decode_map = msgspec.json.Decoder(dict[str, Any] | None).decode
_decode_extensions = msgspec.json.Decoder(Extensions | None).decode


def read_head(headers: Sequence[tuple[bytes, bytes]]) -> Head:
    """Pick the headers out; of repeated ones the last counts, but `Accept` headers are one list."""
    found = dict(headers)
    if len(found) < len(headers):
        found[b"accept"] = b",".join(value for name, value in headers if name == b"accept")
    length = found.get(b"content-length", b"")
    return Head(
        accept=found.get(b"accept", b""),
        content_type=found.get(b"content-type", b""),
        content_length=int(length) if length.isdigit() and len(length) <= LENGTH_MAXIMUM_DIGITS else -1,
        content_encoding=found.get(b"content-encoding", b""),
    )


def body_kind(head: Head) -> str:
    """Tell `json` or `multipart` from the declared type.

    Raises:
        RequestRefusedError: 415, for any other type (a form or `text/plain` that a page of another site could send
            among them), for a charset that is not UTF-8, and for a Content-Encoding: compressed, a small body can
            become any size.
    """
    if head.content_encoding and head.content_encoding.strip().lower() != b"identity":
        message = "A request body with a Content-Encoding is not read; send it as it is."
        raise refuse(EndpointErrorCode.UNSUPPORTED_MEDIA_TYPE, message, status=415)
    return _kind_of(head.content_type)


@lru_cache(maxsize=256)
def _kind_of(content_type: bytes) -> str:
    name, *parameters = (part.strip().lower() for part in content_type.decode("latin-1").split(";"))
    if name == "multipart/form-data":
        return "multipart"
    charsets = [p.partition("=")[2].strip().strip('"') for p in parameters if p.startswith("charset")]
    if name == "application/json" and all(c in {"utf-8", "utf8"} for c in charsets):
        return "json"
    message = "The body must be application/json in UTF-8, or multipart/form-data for uploads."
    raise refuse(EndpointErrorCode.UNSUPPORTED_MEDIA_TYPE, message, status=415)


def body_too_large(what: str, maximum: int, declared: int) -> RequestRefusedError:
    """413; the connection is closed when much is still to come, so that nobody has to take it in."""
    headers = () if 0 <= declared <= 2 * maximum else (CLOSE,)
    message = f"{what}: at most {maximum} bytes allowed, found {declared if declared > maximum else 'more'}."
    return refuse(
        EndpointErrorCode.BODY_TOO_LARGE,
        message,
        status=413,
        headers=headers,
        extensions={"maximum": maximum},
    )


async def read_body(body: Body, head: Head, maximum_bytes: int) -> bytes:
    """Take the body in, and stop at the first byte that is too many.

    Raises:
        RequestRefusedError: 413, before anything is read when the declared length is too large.
        NoRoomError, ClientGoneError: as `Body.read`.
    """
    try:
        return await body.read(maximum_bytes, head.content_length)
    except BodyTooLargeError:
        raise body_too_large("Bytes in the body", maximum_bytes, head.content_length) from None


def no_room() -> RequestRefusedError:
    """503: the bodies in flight leave no room for this one."""
    return refuse(
        EndpointErrorCode.SERVER_BUSY,
        f"Too many request bodies are in flight. Try again in {RETRY_AFTER_SECONDS} seconds.",
        status=503,
        headers=((b"retry-after", b"%d" % RETRY_AFTER_SECONDS), CLOSE),
        extensions={"retryAfterSeconds": RETRY_AFTER_SECONDS},
    )


def read_json(body: bytes) -> Parameters | list[Parameters]:
    """Read the parameters out of a JSON body: one request, or a list of them.

    Raises:
        RequestRefusedError: 400, the body is not JSON or not a GraphQL request.
    """
    start = body.lstrip(b" \t\r\n")[:1]
    if not start:
        raise refuse(EndpointErrorCode.BAD_REQUEST, "The body is empty; a GraphQL request is a JSON object.")
    try:
        if start == b"[":
            return _decode_batch(body)
        return _decode_parameters(body)
    except (ValueError, RecursionError) as error:
        raise _not_readable("The body", error) from None


def read_variables(parameters: Parameters, options: EndpointOptions) -> dict[str, Any]:
    """Read the variables of one request.

    Raises:
        RequestRefusedError: they are too large (413), or no JSON object (400).
    """
    text = bytes(parameters.variables)
    if text == b"null":
        return {}
    if len(text) > options.variables_maximum_bytes:
        what, code = "Bytes in `variables`", EndpointErrorCode.VARIABLES_TOO_LARGE
        message = f"{what}: at most {options.variables_maximum_bytes} allowed, found {len(text)}."
        raise refuse(code, message, status=413, extensions={"maximum": options.variables_maximum_bytes})
    try:
        return _decode_map(text) or {}
    except (ValueError, RecursionError) as error:
        raise _not_readable("`variables`", error) from None


def read_url(query_string: bytes, options: EndpointOptions) -> Parameters:
    """Read the parameters out of a URL. An empty parameter is as good as none; of duplicates the last wins.

    Raises:
        RequestRefusedError: the query string is too long (414) or cannot be read (400).
    """
    if len(query_string) > options.body_maximum_bytes:
        message = f"Bytes in the query string: at most {options.body_maximum_bytes} allowed, found {len(query_string)}."
        raise refuse(EndpointErrorCode.URL_TOO_LONG, message, status=414)
    try:
        fields = dict(
            parse_qsl(query_string.decode("ascii"), max_num_fields=QUERY_FIELDS_MAXIMUM, errors="strict")
        )
        extensions = _decode_extensions(fields.get("extensions", "null"))
    except (ValueError, RecursionError) as error:
        raise _not_readable("The query string", error) from None
    return Parameters(
        query=fields.get("query"),
        operation_name=fields.get("operationName"),
        variables=msgspec.Raw(fields.get("variables", "null").encode()),
        extensions=extensions,
        document_id=fields.get("documentId"),
        doc_id=fields.get("doc_id"),
        id=fields.get("id"),
    )


def _not_readable(what: str, error: Exception) -> RequestRefusedError:
    """400; messages of msgspec name the place and the type, never the value."""
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    elif isinstance(error, UnicodeError):
        reason = "it is not UTF-8"
    elif isinstance(error, msgspec.MsgspecError):
        reason = str(error)
    else:
        reason = "it is malformed"
    return refuse(EndpointErrorCode.BAD_REQUEST, f"{what} cannot be read: {reason}.")
