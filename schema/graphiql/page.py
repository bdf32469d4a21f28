"""Serves the built GraphiQL. It knows files and HTTP; the outbox is read by the callable that was passed in."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from schema.graphiql.encodings import SUFFIXES, choose_encoding
from schema.graphiql.headers import EVERYWHERE, IMMUTABLE, NOT_KEPT, REVALIDATED
from schema.graphiql.not_built import NOT_BUILT_PAGE

OutboxReader: TypeAlias = Callable[[], list[dict[str, object]]]

STATIC_DIRECTORY: Final = Path(__file__).parent / "static"
"""Where the build writes to (graphiql/vite.config.ts) and the wheel carries it."""

OUTBOX_ENTRIES_SHOWN: Final = 100

ASSET_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""What a build is made of. Not the machine's own table: with `nosniff` a wrong type breaks the page."""

_ASSET_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}", re.ASCII)
_OUTBOX_OFF = b'data-outbox="off"'
_OUTBOX_ON = b'data-outbox="on"'


def is_built(static_directory: Path = STATIC_DIRECTORY) -> bool:
    """Tell whether there is a built GraphiQL in `static_directory`."""
    return (static_directory / "index.html").is_file()


class GraphiQLPage:
    """ASGI application for `GET /graphql` (to a browser), `/graphql/assets/*` and `/graphql/outbox`.

    Made with the directory of the build and, in development, with a callable that reads the outbox, oldest
    entry first; without one the outbox's URL is unknown (404). The files are looked up at each request, so a
    build made while the service runs is served at once. It may be mounted at `/graphql` or called with the
    whole path.
    """

    def __init__(self, static_directory: Path, read_outbox: OutboxReader | None) -> None:
        self._static_directory = static_directory
        self._read_outbox = read_outbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        response = await self._respond(request)
        response.headers.update(EVERYWHERE)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = _below_graphql(request.scope).split("/")
        # Whoever posts a question to the path with a slash means the endpoint, which 308 lets them ask again.
        if request.method not in {"GET", "HEAD"} and path != ["", ""]:
            return _refusal(405, "Only GET and HEAD are served here.", Allow="GET, HEAD")
        match path:
            case [""]:
                return await self._page(request)
            case ["", ""]:  # the page names its assets relative to a path without the slash
                return RedirectResponse("../graphql", 308, NOT_KEPT)
            case ["", "assets", name]:
                return await self._asset(name, request)
            case ["", "outbox"] if self._read_outbox is not None:
                return await _outbox(request, self._read_outbox)
            case _:
                return _refusal(404, "There is nothing here.")

    async def _page(self, request: Request) -> Response:
        try:
            html = await asyncio.to_thread((self._static_directory / "index.html").read_bytes)
        except FileNotFoundError:
            return Response(NOT_BUILT_PAGE, 503, NOT_KEPT, "text/html")
        if self._read_outbox is not None:
            html = html.replace(_OUTBOX_OFF, _OUTBOX_ON)
        headers = {**REVALIDATED, "ETag": f'"{hashlib.sha256(html).hexdigest()[:32]}"'}
        if _is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(html, headers=headers, media_type="text/html")

    async def _asset(self, name: str, request: Request) -> Response:
        media_type = ASSET_TYPES.get(Path(name).suffix)
        path = self._static_directory / "assets" / name
        if media_type is None or not _ASSET_NAME.fullmatch(name) or not await asyncio.to_thread(path.is_file):
            return _refusal(404, "There is no such asset.")
        codings = await asyncio.to_thread(_codings_of, path)
        coding = choose_encoding(request.headers.get("Accept-Encoding", ""), codings)
        # The name is a hash of the content already.
        headers = {**IMMUTABLE, "ETag": f'"{name}{SUFFIXES[coding] if coding else ""}"'}
        if codings:
            headers["Vary"] = "Accept-Encoding"
        if _is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if coding:
            headers["Content-Encoding"] = coding
            path = path.with_name(name + SUFFIXES[coding])
        return FileResponse(path, headers=headers, media_type=media_type)


def _codings_of(path: Path) -> list[str]:
    return [coding for coding, suffix in SUFFIXES.items() if path.with_name(path.name + suffix).is_file()]


async def _outbox(request: Request, read_outbox: OutboxReader) -> Response:
    """Answer the newest entries, newest last; to this site's own pages only, for the codes open accounts."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return _refusal(403, "The outbox is shown to this site's own pages only (Sec-Fetch-Site).")
    entries = await asyncio.to_thread(read_outbox)
    return JSONResponse(entries[-OUTBOX_ENTRIES_SHOWN:], headers=NOT_KEPT)


def _below_graphql(scope: Scope) -> str:
    """Give the path below `/graphql`: empty for the page itself, `/assets/…`, `/outbox`."""
    path: str = scope["path"]
    below_mount = path.removeprefix(scope.get("root_path", ""))
    return below_mount.removeprefix("/graphql")


def _is_known(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 asks for `If-None-Match`."""
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return etag in candidates or "*" in candidates


def _refusal(status: int, message: str, **headers: str) -> Response:
    return PlainTextResponse(message + "\n", status, {**NOT_KEPT, **headers})
