"""The legacy door as an ASGI application: find the endpoint, read, call, and answer in the envelope."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import structlog
from msgspec import Struct

from request_bodies import (
    RETRY_AFTER_SECONDS,
    Body,
    BodyBudget,
    BodyTooLargeError,
    ClientGoneError,
    NoRoomError,
    Receive,
    Send,
)
from resolvers.avatars import admitting_upload
from resolvers.context import Context
from resolvers.errors import AccountError, ErrorCode, InputError, RateLimitedError, RefusedError
from resolvers.messages import Reason
from rest_shim.bodies import Scope, read_fields, read_head
from rest_shim.dialects import Dialect
from rest_shim.endpoints import Call, EndpointOptions, Picture, Route, routes_of
from rest_shim.errno import TEXTS, Errno, errno_of
from rest_shim.fields import BodyMalformedError, parse_query
from rest_shim.requests import RestRequest

_CROSS_SITE = 403
_REFUSALS = {_CROSS_SITE: "非法请求：来自其他网站", 400: "非法请求：Host 头错误", 415: "不支持压缩的请求体"}

_CLOSE = (b"connection", b"close")
_JSON = b"application/json; charset=utf-8"
# Old pages upload through a hidden frame of their own, and read the answer out of it; no other site may.
_FRAMED_BY_OWN_PAGES = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
)

_log = structlog.get_logger(__name__)


class RestShim:
    """Serves `/api/*`. The edge has put the request's context into `scope["state"]["context"]`."""

    def __init__(self, dialect: Dialect, options: EndpointOptions, bodies: BodyBudget | None = None) -> None:
        self._dialect = dialect
        self._options = options
        self._routes = routes_of(dialect.paths)
        self._bodies = bodies or BodyBudget()

    @property
    def paths(self) -> list[str]:
        """Every path that is served, by all its names."""
        return list(self._routes)

    @property
    def changing_reads(self) -> frozenset[str]:
        """The paths, by all their names, where a GET changes state."""
        return frozenset(path for path, methods in self._routes.items() if _changes_state(methods.get("GET")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever happens, the answer is an envelope (or the picture)."""
        methods = self._routes.get(scope["path"])
        if methods is None:
            await self._send(send, 404, self._failure(Errno.REQERR, "接口不存在"))
            return
        route = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if route is None:
            allow = ", ".join(methods).encode()
            await self._send(send, 405, self._failure(Errno.REQERR, "请求方法错误"), (b"allow", allow))
            return
        with self._bodies.open(receive) as body:
            try:
                await self._serve(route, scope, body, send)
            except BodyTooLargeError:
                failure = self._failure(Errno.PARAMERR, "请求体过大")
                await body.answer_and_close(send, *self._messages(413, failure, _CLOSE))
            except NoRoomError:
                failure = self._failure(Errno.REQERR, "系统繁忙，请稍后再试") | {
                    "retry_after": RETRY_AFTER_SECONDS
                }
                retry_after = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
                await body.answer_and_close(send, *self._messages(503, failure, retry_after, _CLOSE))
            except ClientGoneError:
                return

    async def refuse(self, send: Send, status: int) -> None:
        """Answer for the gateway, which has found fault with the request itself.

        What comes from another site (403) is told with 200, as everything that a page may have to show.
        """
        text = _REFUSALS.get(status, TEXTS[Errno.REQERR])
        await self._send(send, 200 if status == _CROSS_SITE else status, self._failure(Errno.REQERR, text))

    async def _serve(self, route: Route, scope: Scope, body: Body, send: Send) -> None:
        ctx: Context = scope["state"]["context"]
        try:
            async with self._reading(route, ctx, scope, body) as request:
                answer = await self._answer(route, request)
        except AccountError as error:
            scope["state"]["log"] = {"errno": int(errno_of(error)), "code": str(error.code)}
            await self._send(send, 200, self._refusal(error))
        except (BodyTooLargeError, NoRoomError, ClientGoneError):
            raise
        except Exception:  # noqa: BLE001 - the last line: a client never sees a traceback
            _log.exception("rest.failed", path=scope["path"], request_id=ctx.request_id)
            await self._send(send, 200, self._failure(Errno.SERVERERR, TEXTS[Errno.SERVERERR]))
        else:
            if isinstance(answer, Picture):
                for message in _messages(200, answer.png, b"image/png"):
                    await send(message)
            else:
                await self._send(send, 200, self._success(route, answer))

    async def _answer(self, route: Route, request: RestRequest) -> Struct | Picture | None:
        """What the handler gives. Who has no session is served by mobile and password, where the route takes them.

        The session is looked up by the resolver alone, so that a request with one costs no look-up more.
        """
        try:
            return await self._call(route, request)
        except (InputError, RefusedError):
            if not route.takes_credentials or await request.ctx.viewer():
                raise
        await request.require_account()
        return await self._call(route, request)

    async def _call(self, route: Route, request: RestRequest) -> Struct | Picture | None:
        fields = request.read(route.reads, self._dialect.optional_fields.get(route.path, frozenset()))
        file = request.files.get(route.upload) if route.upload else None
        return await route.handler(Call(request.ctx, fields, self._options, file))

    @asynccontextmanager
    async def _reading(
        self, route: Route, ctx: Context, scope: Scope, body: Body
    ) -> AsyncIterator[RestRequest]:
        """The request with its fields. Who uploads is asked before the body is taken in.

        Where nothing is read the body is not waited for: a sign-out is finished although the client has gone.
        """
        request = RestRequest(ctx, self._dialect.translate(parse_query(scope["query_string"])))
        if not route.reads.__struct_fields__:
            yield request
            return
        if route.upload is None:
            async with self._taking_in(request, scope, body):
                yield request
            return
        async with admitting_upload(ctx, await request.find_account()) as uploader:
            if uploader.refusal:
                raise uploader.refusal
            if uploader.is_known:
                body.trust()
            async with self._taking_in(request, scope, body, route.upload):
                yield request

    @asynccontextmanager
    async def _taking_in(
        self, request: RestRequest, scope: Scope, body: Body, file_field: str | None = None
    ) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                fields, files = await stack.enter_async_context(
                    read_fields(body, read_head(scope), file_field=file_field)
                )
            except BodyMalformedError as error:
                raise InputError(ErrorCode.INVALID_INPUT, Reason.BODY_MALFORMED) from error
            request.fields.update(self._dialect.translate(fields))
            request.files.update(files)
            yield

    def _success(self, route: Route, answer: Struct | None) -> dict[str, object]:
        envelope: dict[str, object] = {"errno": int(Errno.OK), "errmsg": "OK"}
        bare = route.bare or self._dialect.bare_fields.get(route.path)
        if bare:
            envelope["data"] = getattr(answer, bare)
        elif answer is not None:
            envelope["data"] = answer
        elif self._dialect.has_empty_data:
            envelope["data"] = {}
        if route.bare and answer is not None:
            envelope |= msgspec.structs.asdict(answer)
        return self._spoken(envelope)

    def _refusal(self, error: AccountError) -> dict[str, object]:
        errno = self._dialect.errnos.get(error.code) or errno_of(error)
        envelope = self._failure(errno, error.message("zh"))
        if isinstance(error, RateLimitedError):
            envelope["retry_after"] = error.retry_after_seconds
        return envelope

    def _failure(self, errno: Errno, text: str) -> dict[str, object]:
        return self._spoken({"errno": int(errno), "errmsg": text})

    def _spoken(self, envelope: dict[str, object]) -> dict[str, object]:
        return envelope | {copy: str(envelope[name]) for copy, name in self._dialect.copies.items()}

    async def _send(
        self, send: Send, status: int, envelope: dict[str, object], *headers: tuple[bytes, bytes]
    ) -> None:
        for message in self._messages(status, envelope, *headers):
            await send(message)

    def _messages(
        self, status: int, envelope: dict[str, object], *headers: tuple[bytes, bytes]
    ) -> tuple[dict[str, object], dict[str, object]]:
        return _messages(status, msgspec.json.encode(envelope), _JSON, *headers)


def _changes_state(route: Route | None) -> bool:
    return route is not None and route.changes_state


def _messages(
    status: int, body: bytes, content_type: bytes, *headers: tuple[bytes, bytes]
) -> tuple[dict[str, object], dict[str, object]]:
    all_headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *_FRAMED_BY_OWN_PAGES,
        *headers,
    ]
    start = {"type": "http.response.start", "status": status, "headers": all_headers}
    return start, {"type": "http.response.body", "body": body}
