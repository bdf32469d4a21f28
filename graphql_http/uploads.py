"""Uploads by the GraphQL multipart request specification (version 2), read as they arrive.

First the field `operations`, then `map`, then the files that `map` names, and nothing else. Each rule is checked
as soon as its bytes are there, so that a body that breaks one is refused before the rest is taken in.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, NamedTuple

import msgspec
from starlette.datastructures import UploadFile
from starlette.types import Scope

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import RequestRefusedError, refuse
from graphql_http.options import EndpointOptions
from graphql_http.reading import Head, Parameters, body_too_large, read_json, read_variables
from request_bodies import Body, BodyTooLargeError, FormMalformedError, Part, read_form

INDEX: Final = re.compile(r"[0-9]{1,4}")


class Uploader(NamedTuple):
    """Who sends an upload. Who is not known shares a quarter of the budget with all strangers.

    Without `keeps_files` the files are thrown away as they come: the operation runs, and is expected to say no.
    """

    is_known: bool = False
    keeps_files: bool = True


AdmitUpload = Callable[[Scope], AbstractAsyncContextManager[Uploader]]


@asynccontextmanager
async def admit_everybody(_: Scope) -> AsyncIterator[Uploader]:
    """Take uploads from anybody."""
    yield Uploader()


_decode_file_map = msgspec.json.Decoder(dict[str, list[str]]).decode


@asynccontextmanager
async def open_upload(
    body: Body, head: Head, options: EndpointOptions, *, keeps_files: bool = True
) -> AsyncIterator[tuple[Parameters, dict[str, Any]]]:
    """Take an upload in; give its parameters, and the variables with the files (`UploadFile`) in their places.

    The files are closed and gone when the context is left, however it is left. Without `keeps_files` they are empty.

    Raises:
        RequestRefusedError: it is too large (413) or does not follow the specification (400).
        NoRoomError, ClientGoneError: as `Body.read`.
    """
    rules = UploadRules(head, options)
    maximum, declared = options.upload_maximum_bytes, head.content_length
    try:
        async with read_form(
            body,
            head.content_type,
            rules,
            maximum_bytes=maximum,
            declared_bytes=declared,
            keeps_files=keeps_files,
        ) as files:
            yield rules.parameters, rules.fill_variables(files)
    except BodyTooLargeError:
        raise body_too_large("Bytes in the upload", maximum, declared) from None
    except FormMalformedError as error:
        raise _malformed(str(error)) from None


class UploadRules:
    """What the specification says of each part (`FormRules`), and the parameters that the parts add up to."""

    def __init__(self, head: Head, options: EndpointOptions) -> None:
        self._head = head
        self._options = options
        self._parameters: Parameters | None = None
        self._places: dict[str, list[str]] | None = None
        self._names: set[str] = set()

    @property
    def parameters(self) -> Parameters:
        """The request's parameters, once `operations` has arrived."""
        if self._parameters is None:
            raise _malformed("The field `operations` is missing.")
        return self._parameters

    def begin(self, part: Part) -> None:
        """Decide by its name and place what the part is."""
        if self._parameters is None or self._places is None:
            expected = "operations" if self._parameters is None else "map"
            if part.name != expected or part.filename is not None:
                raise _malformed(f"The field `{expected}` must come first, before the files, and be no file.")
            return
        if part.filename is None or part.name not in self._places:
            raise _malformed("A part stands after `map` that is no file which `map` names.")
        if part.name in self._names:
            raise _malformed("Two parts have the same name.")
        self._names.add(part.name)
        part.is_file = True

    def grow(self, part: Part) -> None:
        """Refuse a part that becomes too large."""
        maximum = self._options.body_maximum_bytes
        if not part.is_file and part.size > maximum:
            raise body_too_large(f"Bytes in `{part.name}`", maximum, self._head.content_length)
        maximum = self._options.file_maximum_bytes
        if part.size > maximum:
            code, message = (
                EndpointErrorCode.UPLOAD_FILE_TOO_LARGE,
                f"Bytes in one file: at most {maximum} allowed.",
            )
            raise refuse(code, message, status=413, extensions={"maximum": maximum})

    def end(self, part: Part) -> None:
        """Read a field."""
        if part.is_file:
            return
        if part.name == "operations":
            self._parameters = _read_operations(bytes(part.text))
        else:
            self._places = _read_map(bytes(part.text), self._options)

    def fill_variables(self, files: dict[str, UploadFile]) -> dict[str, Any]:
        """Read the variables, and put each file into the places that `map` gives it; they must hold null."""
        if self._places is None:
            raise _malformed("The fields `operations` and `map` are both needed.")
        missing = [name for name in self._places if name not in files]
        if missing:
            raise _malformed(f"{len(missing)} of the files that `map` names did not come.")
        variables = read_variables(self.parameters, self._options)
        for name, places in self._places.items():
            for place in places:
                put_file({"variables": variables}, place, files[name])
        return variables


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


def _malformed(message: str) -> RequestRefusedError:
    return refuse(EndpointErrorCode.UPLOAD_MALFORMED, message)
