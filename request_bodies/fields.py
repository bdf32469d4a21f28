"""The fields of a body in whatever form they come: JSON, a form, or multipart with a file."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile

from request_bodies.body import Body, BodyTooLargeError
from request_bodies.field_formats import MAXIMUM_FIELDS, BodyMalformedError, parse_fields
from request_bodies.form import FormMalformedError, Part, read_form


@dataclass(slots=True)
class _Head:
    """What the headers say of the body. `declared_bytes` is -1 for a length that is none."""

    content_type: str = ""
    declared_bytes: int = 0
    has_body: bool = False


@asynccontextmanager
async def read_fields(
    body: Body,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    maximum_bytes: int,
    file_field: str | None = None,
    upload_maximum_bytes: int = 0,
) -> AsyncIterator[tuple[dict[str, object], dict[str, UploadFile]]]:
    """The fields of `body`, and the file `file_field` where there is one, which is gone when the block is left.

    `upload_maximum_bytes` holds for multipart with a file, `maximum_bytes` for everything else.

    Raises:
        BodyMalformedError: when it can be read in no way.
        BodyTooLargeError, NoRoomError, ClientGoneError: as `Body.read`.
    """
    head = _read_head(headers)
    declared_type = head.content_type.lower()
    if not head.has_body:
        yield {}, {}
    elif head.declared_bytes < 0:
        # Nobody knows how much it is.
        raise BodyTooLargeError
    elif declared_type.startswith("multipart/form-data") and ("boundary=" in declared_type or file_field):
        rules = _PartRules(file_field, maximum_bytes, _charset_of(head.content_type))
        maximum = upload_maximum_bytes if file_field else maximum_bytes
        async with _read_multipart(body, head, rules, maximum) as files:
            yield rules.fields, files
    else:
        # Without a boundary it may be JSON or a form all the same.
        yield parse_fields(head.content_type, await body.read(maximum_bytes, head.declared_bytes)), {}


def _read_head(headers: Iterable[tuple[bytes, bytes]]) -> _Head:
    """Look at the headers once."""
    head = _Head()
    for name, value in headers:
        if name == b"content-length":
            head.has_body = True
            head.declared_bytes = int(value[:12]) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            head.has_body = True
        elif name == b"content-type":
            head.content_type = value.decode("latin-1")
    return head


@asynccontextmanager
async def _read_multipart(
    body: Body, head: _Head, rules: "_PartRules", maximum_bytes: int
) -> AsyncIterator[dict[str, UploadFile]]:
    try:
        async with read_form(
            body, head.content_type, rules, maximum_bytes=maximum_bytes, declared_bytes=head.declared_bytes
        ) as files:
            yield files
    except FormMalformedError as error:
        raise BodyMalformedError from error


@dataclass(slots=True)
class _PartRules:
    """A hundred fields, so much text in all, and one file; other files are passed over (`FormRules`)."""

    file_field: str | None
    text_maximum_bytes: int
    charset: str
    fields: dict[str, object] = field(default_factory=dict)
    _parts: int = 0
    _text_bytes: int = 0
    _has_file: bool = False

    def begin(self, part: Part) -> None:
        self._parts += 1
        if self._parts > MAXIMUM_FIELDS:
            raise BodyMalformedError
        if part.filename is None:
            return
        part.is_file = part.name == self.file_field
        part.is_ignored = not part.is_file
        if part.is_file and self._has_file:
            raise BodyMalformedError
        self._has_file |= part.is_file

    def grow(self, part: Part) -> None:
        if part.filename is None and self._text_bytes + part.size > self.text_maximum_bytes:
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
