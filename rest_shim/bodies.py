"""Reading what a legacy page sends: JSON whatever the declared type says, a form, or a multipart upload."""

from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile

from request_bodies import Body, BodyTooLargeError, FormMalformedError, Part, read_form
from rest_shim.fields import BodyMalformedError, parse_fields

Scope = MutableMapping[str, Any]

MAXIMUM_BODY_BYTES = 100 * 1024
MAXIMUM_UPLOAD_BYTES = 6 * 1024 * 1024
_MAXIMUM_FIELDS = 100
_MAXIMUM_INTEGER = 2**63


@dataclass(slots=True)
class Head:
    """What the headers say of the body. `declared_bytes` is -1 for a length that is none."""

    content_type: str = ""
    declared_bytes: int = 0
    has_body: bool = False

    @property
    def is_multipart(self) -> bool:
        """Whether it is a form of parts, the one kind that has files."""
        return self.content_type.lower().startswith("multipart/form-data")

    @property
    def has_boundary(self) -> bool:
        """Whether the parts can be told; without one it may be JSON or a form all the same."""
        return "boundary=" in self.content_type.lower()

    def check_length(self) -> None:
        """Refuse a length that is none.

        Raises:
            BodyTooLargeError: for nobody knows how much it is.
        """
        if self.declared_bytes < 0:
            raise BodyTooLargeError


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


@asynccontextmanager
async def read_fields(
    body: Body, head: Head, *, file_field: str | None = None
) -> AsyncIterator[tuple[dict[str, object], dict[str, UploadFile]]]:
    """The fields of `body`, and the file `file_field` where there is one, which is gone when the block is left.

    Raises:
        BodyMalformedError: when it can be read in no way.
        BodyTooLargeError, NoRoomError, ClientGoneError: as `Body.read`.
    """
    if not head.has_body:
        yield {}, {}
    elif head.is_multipart and (head.has_boundary or file_field):
        async with _read_multipart(body, head, file_field) as form:
            yield form
    else:
        head.check_length()
        text = await body.read(MAXIMUM_BODY_BYTES, head.declared_bytes)
        yield parse_fields(head.content_type, text), {}


@asynccontextmanager
async def _read_multipart(
    body: Body, head: Head, file_field: str | None
) -> AsyncIterator[tuple[dict[str, object], dict[str, UploadFile]]]:
    head.check_length()
    rules = _PartRules(file_field, _charset_of(head.content_type))
    try:
        async with read_form(
            body,
            head.content_type,
            rules,
            maximum_bytes=MAXIMUM_UPLOAD_BYTES if file_field else MAXIMUM_BODY_BYTES,
            declared_bytes=head.declared_bytes,
        ) as files:
            yield rules.fields, files
    except FormMalformedError as error:
        raise BodyMalformedError from error


@dataclass(slots=True)
class _PartRules:
    """A hundred fields, 100 KiB of text in all, and one file; other files are passed over (`FormRules`)."""

    file_field: str | None
    charset: str
    fields: dict[str, object] = field(default_factory=dict)
    _parts: int = 0
    _text_bytes: int = 0
    _has_file: bool = False

    def begin(self, part: Part) -> None:
        self._parts += 1
        if self._parts > _MAXIMUM_FIELDS:
            raise BodyMalformedError
        if part.filename is None:
            return
        part.is_file = part.name == self.file_field
        part.is_ignored = not part.is_file
        if part.is_file and self._has_file:
            raise BodyMalformedError
        self._has_file |= part.is_file

    def grow(self, part: Part) -> None:
        if part.filename is None and self._text_bytes + part.size > MAXIMUM_BODY_BYTES:
            raise BodyMalformedError

    def end(self, part: Part) -> None:
        if part.filename is not None:
            return
        self._text_bytes += part.size
        try:
            self.fields[part.name] = part.text.decode(self.charset)
        except (LookupError, ValueError) as error:
            raise BodyMalformedError from error


def _charset_of(content_type: str) -> str:
    _, parameters = parse_options_header(content_type)
    return parameters.get(b"charset", b"utf-8").decode("latin-1")


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
