"""Reading what a legacy page sends: JSON whatever the declared type says, a form, or a multipart upload."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from rest_shim.fields import BodyMalformedError, parse_fields

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MAXIMUM_BODY_BYTES = 100 * 1024
MAXIMUM_UPLOAD_BYTES = 6 * 1024 * 1024
_MAXIMUM_FIELDS = 100
_MAXIMUM_INTEGER = 2**63


class BodyTooLargeError(Exception):
    """The body is over its limit; reading stopped there."""


class ClientGoneError(Exception):
    """The client went away while it was sending."""


@dataclass(slots=True)
class Head:
    """What the headers say of the body. `declared_bytes` is -1 for a length that is none."""

    content_type: str = ""
    declared_bytes: int = 0
    has_body: bool = False


def read_head(scope: Scope) -> Head:
    """Look at the headers once."""
    head = Head()
    for name, value in scope["headers"]:
        if name == b"content-length":
            head.has_body = True
            head.declared_bytes = int(value[:12]) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            head.has_body = True
        elif name == b"content-type":
            head.content_type = value.decode("latin-1")
    return head


async def read_body(head: Head, receive: Receive, maximum_bytes: int) -> bytes:
    """The whole body, refused as soon as it is known to be over `maximum_bytes`.

    Raises:
        BodyTooLargeError: also from the declared length alone.
        ClientGoneError: when the connection ends first.
    """
    if not 0 <= head.declared_bytes <= maximum_bytes:
        raise BodyTooLargeError
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > maximum_bytes:
            raise BodyTooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def parse_body(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    """The fields and the files of `body`.

    Raises:
        BodyMalformedError: when it can be read in no way.
    """
    if not body:
        return {}, {}
    if content_type.lower().startswith("multipart/form-data"):
        return await _parse_multipart(content_type, body)
    return parse_fields(content_type, body), {}


def text_field(fields: Mapping[str, object], name: str) -> str | None:
    """A field as text: a string, or a number as a page may send it; None when it is absent or null.

    Raises:
        BodyMalformedError: for any other type.
    """
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAXIMUM_INTEGER:
        return str(value)
    raise BodyMalformedError


async def _parse_multipart(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        Headers({"content-type": content_type}),
        stream(),
        max_files=1,
        max_fields=_MAXIMUM_FIELDS,
        max_part_size=MAXIMUM_BODY_BYTES,
    )
    try:
        form = await parser.parse()
        return await _sort_parts(form)
    except (MultiPartException, FormParserError, KeyError, ValueError) as error:
        raise BodyMalformedError from error
    finally:
        # Also those of parts that never ended, which are not in the form.
        for file in parser._files_to_close_on_error:  # noqa: SLF001 - it has no public name for them
            file.close()


async def _sort_parts(form: FormData) -> tuple[dict[str, object], dict[str, bytes]]:
    fields: dict[str, object] = {}
    files: dict[str, bytes] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = value
        else:
            files[name] = await value.read()
    return fields, files
