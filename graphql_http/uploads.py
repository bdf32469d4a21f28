"""Uploads by the GraphQL multipart request specification (version 2), read as they arrive.

First the field `operations`, then `map`, then the files that `map` names, and nothing else. Each rule is checked
as soon as its bytes are there, so that a body that breaks one is refused before the rest is taken in.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.types import Receive

from graphql_http.codes import EndpointErrorCode
from graphql_http.options import EndpointOptions
from graphql_http.reading import (
    ClientGoneError,
    Head,
    Parameters,
    body_too_large,
    read_json,
    read_variables,
)
from graphql_http.refusals import RequestRefusedError, refuse

FILENAME_MAXIMUM_CHARACTERS: Final = 255
INDEX: Final = re.compile(r"[0-9]{1,4}")

_decode_file_map = msgspec.json.Decoder(dict[str, list[str]]).decode


@dataclass(slots=True)
class Part:
    """The part of the body that is arriving: a field's text, or a file of `size` bytes so far."""

    name: str
    file: UploadFile | None = None
    text: bytearray = field(default_factory=bytearray)
    size: int = 0


@asynccontextmanager
async def open_upload(
    receive: Receive, head: Head, options: EndpointOptions
) -> AsyncIterator[tuple[Parameters, dict[str, Any]]]:
    """Take an upload in; give its parameters, and the variables with the files (`UploadFile`) in their places.

    The files are closed and gone when the context is left, however it is left.

    Raises:
        RequestRefusedError: it is too large (413) or does not follow the specification (400).
        ClientGoneError: the client went away.
    """
    reader = UploadReader(head, options)
    try:
        await reader.read(receive)
        yield reader.parameters, reader.fill_variables()
    finally:
        await reader.close()


class UploadReader:
    """Reads one multipart body, part by part."""

    def __init__(self, head: Head, options: EndpointOptions) -> None:
        self._head = head
        self._options = options
        self._part: Part | None = None
        self._part_headers: list[tuple[bytes, bytes]] = []
        self._header_name = b""
        self._header_value = b""
        self._writes: list[tuple[UploadFile, bytes]] = []
        self._is_complete = False
        self._parameters: Parameters | None = None
        self._places: dict[str, list[str]] | None = None
        self._files: dict[str, UploadFile] = {}

    @property
    def parameters(self) -> Parameters:
        """The request's parameters, once `operations` has arrived."""
        if self._parameters is None:
            raise _malformed("The field `operations` is missing.")
        return self._parameters

    async def read(self, receive: Receive) -> None:
        """Take the whole body in."""
        maximum, declared = self._options.upload_maximum_bytes, self._head.content_length
        if declared > maximum:
            raise body_too_large("Bytes in the upload", maximum, declared)
        parser = self._parser()
        received = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            received += len(chunk)
            if received > maximum:
                raise body_too_large("Bytes in the upload", maximum, declared)
            await self._feed(parser, chunk)
            if not message.get("more_body", False):
                break
        self._check_complete()
        for file in self._files.values():
            await file.seek(0)

    def fill_variables(self) -> dict[str, Any]:
        """Read the variables, and put each file into the places that `map` gives it; they must hold null."""
        variables = read_variables(self.parameters, self._options)
        for name, places in (self._places or {}).items():
            for place in places:
                put_file({"variables": variables}, place, self._files[name])
        return variables

    async def close(self) -> None:
        """Close the files, which deletes what is on disk."""
        for file in self._files.values():
            await file.close()

    def _parser(self) -> MultipartParser:
        _, parameters = parse_options_header(self._head.content_type)
        boundary = parameters.get(b"boundary")
        if not boundary:
            raise _malformed("The Content-Type names no boundary.")
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
            raise _malformed("The boundary is too long.") from None

    async def _feed(self, parser: MultipartParser, chunk: bytes) -> None:
        try:
            parser.write(chunk)
        except FormParserError:
            raise _malformed(
                "The body is not multipart/form-data with the boundary that was declared."
            ) from None
        for file, data in self._writes:
            await file.write(data)
        self._writes.clear()

    def _begin_part(self) -> None:
        self._part_headers = []

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._part_headers.append((self._header_name.lower(), self._header_value))
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        """Decide by its name and place what the part is."""
        disposition = dict(self._part_headers).get(b"content-disposition", b"")
        _, parameters = parse_options_header(disposition)
        name = _text_of(parameters.get(b"name", b""))
        filename = parameters.get(b"filename")
        if self._parameters is None or self._places is None:
            expected = "operations" if self._parameters is None else "map"
            if name != expected or filename is not None:
                raise _malformed(f"The field `{expected}` must come first, before the files, and be no file.")
            self._part = Part(name)
        else:
            self._part = Part(name, self._open_file(name, filename))

    def _open_file(self, name: str, filename: bytes | None) -> UploadFile:
        if filename is None or name not in (self._places or {}):
            raise _malformed("A part stands after `map` that is no file which `map` names.")
        if name in self._files:
            raise _malformed("Two parts have the same name.")
        spool = SpooledTemporaryFile(max_size=self._options.file_memory_bytes)  # noqa: SIM115 - closed in close()
        file = UploadFile(
            cast("BinaryIO", spool),
            size=0,
            filename=_text_of(filename)[:FILENAME_MAXIMUM_CHARACTERS],
            headers=Headers(raw=self._part_headers),
        )
        self._files[name] = file
        return file

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            return
        part.size += end - start
        self._check_size(part)
        if part.file is None:
            part.text += data[start:end]
        else:
            self._writes.append((part.file, data[start:end]))

    def _check_size(self, part: Part) -> None:
        maximum = self._options.body_maximum_bytes
        if part.file is None and part.size > maximum:
            raise body_too_large(f"Bytes in `{part.name}`", maximum, self._head.content_length)
        maximum = self._options.file_maximum_bytes
        if part.size > maximum:
            code, message = (
                EndpointErrorCode.UPLOAD_FILE_TOO_LARGE,
                f"Bytes in one file: at most {maximum} allowed.",
            )
            raise refuse(code, message, status=413, extensions={"maximum": maximum})

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is None or part.file is not None:
            return
        if part.name == "operations":
            self._parameters = _read_operations(bytes(part.text))
        else:
            self._places = _read_map(bytes(part.text), self._options)

    def _end(self) -> None:
        self._is_complete = True

    def _check_complete(self) -> None:
        if not self._is_complete:
            raise _malformed("The body ends before its last boundary.")
        if self._parameters is None or self._places is None:
            raise _malformed("The fields `operations` and `map` are both needed.")
        missing = [name for name in self._places if name not in self._files]
        if missing:
            raise _malformed(f"{len(missing)} of the files that `map` names did not come.")


def put_file(operations: dict[str, Any], place: str, file: UploadFile) -> None:
    """Put `file` where the dotted path `place` points, which must be null.

    Raises:
        RequestRefusedError: the path leads nowhere, or to a value that is there.
    """
    *way, last = place.split(".")
    container: Any = operations
    for step in way:
        container = _step(container, step)
    if not way or _step(container, last) is not None:
        raise _malformed("`map` points to a place in the variables that is not null.")
    container[int(last) if isinstance(container, list) else last] = file


def _step(container: object, step: str) -> object:
    if isinstance(container, dict) and step in container:
        return container[step]
    if isinstance(container, list) and INDEX.fullmatch(step) and int(step) < len(container):
        return container[int(step)]
    raise _malformed("`map` points to a place that is not in the variables.")


def _read_operations(text: bytes) -> Parameters:
    parameters = read_json(text)
    if isinstance(parameters, list):
        message = "An upload carries one operation, not an array of them."
        raise refuse(EndpointErrorCode.BATCHING_DISABLED, message)
    return parameters


def _read_map(text: bytes, options: EndpointOptions) -> dict[str, list[str]]:
    try:
        places = _decode_file_map(text)
    except (ValueError, RecursionError):
        raise _malformed("`map` must be a JSON object from part names to lists of paths.") from None
    found = max(len(places), sum(len(paths) for paths in places.values()))
    if found > options.files_maximum:
        message = f"Files in one upload, and places for them: at most {options.files_maximum} allowed, found {found}."
        raise refuse(EndpointErrorCode.UPLOAD_FILE_LIMIT_EXCEEDED, message)
    if any(not paths or any(not p.startswith("variables.") for p in paths) for paths in places.values()):
        raise _malformed("Each entry of `map` needs paths that begin with `variables.`.")
    return places


def _text_of(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _malformed(message: str) -> RequestRefusedError:
    return refuse(EndpointErrorCode.UPLOAD_MALFORMED, message)
