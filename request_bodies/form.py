"""`multipart/form-data` (RFC 7578), read as it arrives: a rule is asked as soon as the bytes that it needs are there.

What a part may be, and how large, is the caller's business. Files stay in memory up to 256 KiB and are in a temporary
file without a name beyond, so that nothing is left of them when the request, or the process, is over.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol, cast

import structlog
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers, UploadFile

from request_bodies.body import Body, NoRoomError

FILENAME_MAXIMUM_CHARACTERS: Final = 255

_log = structlog.get_logger(__name__)


class FormMalformedError(Exception):
    """The body is not multipart/form-data with the boundary that was declared."""


@dataclass(slots=True)
class Part:
    """The part that is arriving: its name, the file name if it is a file, and its bytes so far.

    A rule gives `is_file` to what shall be kept as a file, `is_ignored` to what shall not be kept at all.
    """

    name: str
    filename: str | None
    headers: list[tuple[bytes, bytes]]
    is_file: bool = False
    is_ignored: bool = False
    size: int = 0
    text: bytearray = field(default_factory=bytearray)
    file: UploadFile | None = None


class FormRules(Protocol):
    """What a door allows; each may raise an exception of its own, which ends the reading."""

    def begin(self, part: Part) -> None:
        """The part's headers are there."""

    def grow(self, part: Part) -> None:
        """More of the part has come; `size` counts it already."""

    def end(self, part: Part) -> None:
        """The part has come to its end."""


@asynccontextmanager
async def read_form(
    body: Body,
    content_type: str | bytes,
    rules: FormRules,
    *,
    maximum_bytes: int,
    declared_bytes: int = -1,
    keeps_files: bool = True,
) -> AsyncIterator[dict[str, UploadFile]]:
    """Take a form in, and give its files by their part's name; they are closed and gone when the block is left.

    Without `keeps_files` they are empty: who is to be refused need not be kept, and hears it when all has been sent.

    Raises:
        FormMalformedError, BodyTooLargeError, NoRoomError, ClientGoneError: and whatever the rules raise.
    """
    reader = _FormReader(body, rules, keeps_files=keeps_files)
    try:
        await reader.read(content_type, maximum_bytes, declared_bytes)
        yield reader.files
    finally:
        await reader.close()


class _FormReader:
    def __init__(self, body: Body, rules: FormRules, *, keeps_files: bool) -> None:
        self._body = body
        self._rules = rules
        self._keeps_files = keeps_files
        self._part: Part | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_name = b""
        self._header_value = b""
        self._writes: list[tuple[UploadFile, bytes]] = []
        self._opened: list[UploadFile] = []
        self._is_complete = False
        self.files: dict[str, UploadFile] = {}

    async def read(self, content_type: str | bytes, maximum_bytes: int, declared_bytes: int) -> None:
        self._body.check_length(declared_bytes, maximum_bytes)
        parser = self._parser(content_type)
        while not self._body.is_complete:
            await self._feed(parser, await self._body.read_chunk(maximum_bytes, is_kept=self._keeps_files))
        if not self._is_complete:
            raise FormMalformedError("The body ends before its last boundary.")
        for file in self.files.values():
            await file.seek(0)

    async def close(self) -> None:
        for file in self._opened:
            await file.close()

    def _parser(self, content_type: str | bytes) -> MultipartParser:
        _, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary")
        if not boundary:
            raise FormMalformedError("The Content-Type names no boundary.")
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._take_header_name,
                    "on_header_value": self._take_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open_part,
                    "on_part_data": self._take_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise FormMalformedError("The boundary is too long.") from None

    async def _feed(self, parser: MultipartParser, chunk: bytes) -> None:
        try:
            parser.write(chunk)
        except FormParserError:
            reason = "The body is not multipart/form-data with the boundary that was declared."
            raise FormMalformedError(reason) from None
        try:
            for file, data in self._writes:
                await file.write(data)
        except OSError as error:
            _log.warning("body.not_spooled", cause=error.strerror)
            raise NoRoomError from error
        self._writes.clear()

    def _begin_part(self) -> None:
        self._headers = []

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers.append((self._header_name.lower(), self._header_value))
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        disposition = dict(self._headers).get(b"content-disposition", b"")
        _, parameters = parse_options_header(disposition)
        if b"name" not in parameters:
            raise FormMalformedError("A part has no name.")
        filename = parameters.get(b"filename")
        name = _text_of(parameters[b"name"])
        part = Part(name, None if filename is None else _text_of(filename), self._headers)
        self._rules.begin(part)
        if part.is_file:
            part.file = self.files[name] = self._open_file(part)
        self._part = part

    def _open_file(self, part: Part) -> UploadFile:
        file = UploadFile(
            cast("BinaryIO", self._body.open_file()),
            size=0,
            filename=(part.filename or "")[:FILENAME_MAXIMUM_CHARACTERS],
            headers=Headers(raw=part.headers),
        )
        self._opened.append(file)
        return file

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            return
        part.size += end - start
        self._rules.grow(part)
        if part.is_ignored:
            return
        if part.file is None:
            if not self._keeps_files:
                # Otherwise all that arrives has been counted.
                self._body.keep(end - start)
            part.text += data[start:end]
        elif self._keeps_files:
            self._writes.append((part.file, data[start:end]))

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            self._rules.end(part)

    def _end(self) -> None:
        self._is_complete = True


def _text_of(value: bytes) -> str:
    return value.decode("utf-8", "replace")
