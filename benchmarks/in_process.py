"""The gateway in this very process, asked without a network: for timing what is inside."""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

from benchmarks.gateway_server import SECURE_COOKIE
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import FIRST_ID, token
from benchmarks.servers import QUESTION
from db.sessions import SessionRow
from gateway.app import create_app
from gateway.parts import Parts
from gateway.settings import Settings
from resolvers.viewers import Viewers

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Any]
_BODY = json.dumps({"query": QUESTION}).encode()
_HEADERS = [
    (b"host", b"127.0.0.1"),
    (b"content-type", b"application/json"),
    (b"accept", b"application/json"),
    (b"content-length", b"%d" % len(_BODY)),
]


class InstantViewers:
    """Gives the session that it was made with, at once: everything but the database."""

    def __init__(self, session: SessionRow) -> None:
        self._session = session

    async def find(self, token_hash: str) -> SessionRow | None:
        """See `resolvers.viewers.Viewers`."""
        del token_hash
        return self._session


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from `environment` alone."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        del os.environ[name]
    os.environ.update(environment)
    try:
        return Settings.load(_env_file=None)
    finally:
        os.environ.clear()
        os.environ.update(before)


@asynccontextmanager
async def running_app(settings: Settings, viewers: Viewers | None = None) -> AsyncIterator[App]:
    """The application between its start-up and its shutdown; with other `viewers` where they are given."""
    app = create_app(settings, Parts(viewers=viewers))
    async with _lifespan(app):
        yield app


def _lifespan(app: Any) -> AbstractAsyncContextManager[Any]:
    """Start-up and shutdown, as the server would ask for them."""
    starlette = app._app  # noqa: SLF001 - the edge hands every lifespan message on to it
    lifespan: AbstractAsyncContextManager[Any] = starlette.router.lifespan_context(starlette)
    return lifespan


async def ask_me(app: App, number: int = 1) -> bytes:
    """One `me` as account `number`, through everything but the HTTP server; the body of its answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    cookie = (b"cookie", f"{SECURE_COOKIE}={token(number)}".encode())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000),
        "scheme": "http",
        "root_path": "",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "headers": [*_HEADERS, cookie],
        "state": {},
    }
    await app(scope, receive, send)
    body: bytes = sent[1]["body"]
    return body


async def check_me(app: App, number: int = 1) -> None:
    """Hold the answer against the data.

    Raises:
        BenchmarkError: it is another one.
    """
    body = await ask_me(app, number)
    if json.loads(body).get("data", {}).get("me", {}).get("id") != str(FIRST_ID + number):
        raise BenchmarkError(f"the application answered {body!r}")


@contextmanager
def logging_to(path: os.PathLike[str]) -> Iterator[None]:
    """Send standard error, where the gateway logs, to a file."""
    kept = os.dup(2)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(target)
