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
    BodyMalformedError,
    BodyTooLargeError,
    ClientGoneError,
    NoRoomError,
    Receive,
    Send,
    parse_query,
    read_fields,
)
from resolvers.avatars import admitting_upload
from resolvers.context import Context
from resolvers.errors import (
    AccountError,
    ErrorCode,
    InputError,
    RateLimitedError,
    RefusedError,
    unauthenticated,
)
from resolvers.messages import Reason
from rest_shim.dialects import Dialect
from rest_shim.endpoints import MAXIMUM_BODY_BYTES, MAXIMUM_UPLOAD_BYTES, Call, Route, routes_of
from rest_shim.errno import OUTSIDE, Errno, errno_of
from rest_shim.requests import RestRequest, Scope

Header = tuple[bytes, bytes]
Messages = tuple[dict[str, object], dict[str, object]]

_CROSS_SITE = 403
_REFUSALS = {_CROSS_SITE: "非法请求：来自其他网站", 400: "非法请求：Host 头错误", 415: "不支持压缩的请求体"}
_CLOSE = (b"connection", b"close")
_RETRY_AFTER = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
_JSON = b"application/json; charset=utf-8"
_HEADERS = (
    (b"cache-control", b"no-store"),
    # Old pages upload through a hidden frame of their own, and read the answer out of it; no other site may.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
)

_log = structlog.get_logger(__name__)


class RestShim:
    """Serves `/api/*`. The edge has put the request's context into `scope["state"]["context"]`."""

    def __init__(
        self, dialect: Dialect, bodies: BodyBudget | None = None, *, refuse_common_passwords: bool = False
    ) -> None:
        self._dialect = dialect
        self._refuse_common_passwords = refuse_common_passwords
        self._routes = routes_of(dialect.paths)
        self._bodies = bodies or BodyBudget()

    @property
    def paths(self) -> list[str]:
        """Every path that is served, by all its names."""
        return list(self._routes)

    @property
    def changing_reads(self) -> frozenset[str]:
        """The paths, by all their names, where a GET changes state."""
        reads = {path: methods["GET"] for path, methods in self._routes.items() if "GET" in methods}
        return frozenset(path for path, route in reads.items() if route.changes_state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever happens, the answer is an envelope (or the picture)."""
        methods = self._routes.get(scope["path"])
        if methods is None:
            await _send(send, self._outside("UnknownPath"))
            return
        route = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if route is None:
            await _send(send, self._outside("WrongMethod", (b"allow", ", ".join(methods).encode())))
            return
        with self._bodies.open(receive) as body:
            try:
                await _send(send, await self._serve(route, scope, body))
            except BodyTooLargeError:
                await body.answer_and_close(send, *self._outside("BodyTooLarge", _CLOSE))
            except NoRoomError:
                await body.answer_and_close(send, *self._outside("NoRoom", _RETRY_AFTER, _CLOSE))
            except ClientGoneError:
                return

    async def refuse(self, send: Send, status: int) -> None:
        """Answer for the gateway, which has found fault with the request itself.

        What comes from another site (403) is told with 200, as everything that a page may have to show.
        """
        failure = self._failure(Errno.REQERR, _REFUSALS.get(status, Errno.REQERR.text))
        await _send(send, _envelope(failure, status=200 if status == _CROSS_SITE else status))

    async def _serve(self, route: Route, scope: Scope, body: Body) -> Messages:
        """The answer with status 200.

        Raises:
            BodyTooLargeError, NoRoomError, ClientGoneError: the body was not taken in.
        """
        ctx: Context = scope["state"]["context"]
        try:
            async with self._reading(route, ctx, scope, body) as request:
                answer = await self._answer(route, request)
        except (AccountError, BodyMalformedError) as error:
            refusal = error if isinstance(error, AccountError) else _malformed()
            scope["state"]["log"] = {"errno": int(errno_of(refusal)), "code": str(refusal.code)}
            return _envelope(self._refusal(refusal))
        except (BodyTooLargeError, NoRoomError, ClientGoneError):
            raise
        except Exception:  # noqa: BLE001 - the last line: a client never sees a traceback
            _log.exception("rest.failed", path=scope["path"], request_id=ctx.request_id)
            return _envelope(self._failure(Errno.SERVERERR, Errno.SERVERERR.text))
        if isinstance(answer, bytes):
            return _messages(200, answer, b"image/png")
        return _envelope(self._success(route, answer))

    @asynccontextmanager
    async def _reading(
        self, route: Route, ctx: Context, scope: Scope, body: Body
    ) -> AsyncIterator[RestRequest]:
        """The request with its fields. Who uploads is asked before the body is taken in.

        Where nothing is read the body is not waited for: a sign-out is finished although the client has gone.
        """
        request = RestRequest(ctx, self._dialect.translate(parse_query(scope["query_string"])))
        async with AsyncExitStack() as stack:
            if route.upload:
                admitting = admitting_upload(ctx, await request.find_account())
                uploader = await stack.enter_async_context(admitting)
                if uploader.refusal:
                    raise uploader.refusal
                if uploader.is_known:
                    body.trust()
            if route.reads.__struct_fields__:
                reading = read_fields(
                    body,
                    scope["headers"],
                    maximum_bytes=MAXIMUM_BODY_BYTES,
                    file_field=route.upload,
                    upload_maximum_bytes=MAXIMUM_UPLOAD_BYTES,
                )
                fields, files = await stack.enter_async_context(reading)
                request.fields.update(self._dialect.translate(fields))
                request.files.update(files)
            yield request

    async def _answer(self, route: Route, request: RestRequest) -> Struct | bytes | None:
        """What the handler gives. Who has no session is served by mobile and password, where the route takes them.

        The session is looked up by the resolver alone, so that a request with one costs no look-up more.
        """
        try:
            return await self._call(route, request)
        except (InputError, RefusedError):
            if not route.takes_credentials or await request.ctx.viewer():
                raise
        if await request.find_account() is None:
            raise unauthenticated()
        return await self._call(route, request)

    async def _call(self, route: Route, request: RestRequest) -> Struct | bytes | None:
        fields = request.read(route.reads, self._dialect.optional_fields.get(route.path, frozenset()))
        file = request.files.get(route.upload) if route.upload else None
        return await route.handler(Call(request.ctx, fields, file, self._refuse_common_passwords))

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
        return self._with_copies(envelope)

    def _refusal(self, error: AccountError) -> dict[str, object]:
        envelope = self._failure(self._dialect.errnos.get(error.code) or errno_of(error), error.message("zh"))
        if isinstance(error, RateLimitedError):
            envelope["retry_after"] = error.retry_after_seconds
        return envelope

    def _failure(self, errno: Errno, text: str) -> dict[str, object]:
        return self._with_copies({"errno": int(errno), "errmsg": text})

    def _with_copies(self, envelope: dict[str, object]) -> dict[str, object]:
        return envelope | {copy: str(envelope[name]) for copy, name in self._dialect.copies.items()}

    def _outside(self, name: str, *headers: Header) -> Messages:
        status, errno, text, _ = OUTSIDE[name]
        retry_after = {"retry_after": RETRY_AFTER_SECONDS} if _RETRY_AFTER in headers else {}
        return _envelope(self._failure(errno, text) | retry_after, *headers, status=status)


def _malformed() -> InputError:
    return InputError(ErrorCode.INVALID_INPUT, Reason.BODY_MALFORMED)


def _envelope(envelope: dict[str, object], *headers: Header, status: int = 200) -> Messages:
    return _messages(status, msgspec.json.encode(envelope), _JSON, *headers)


def _messages(status: int, body: bytes, content_type: bytes, *headers: Header) -> Messages:
    about_body = ((b"content-type", content_type), (b"content-length", b"%d" % len(body)))
    start = {"type": "http.response.start", "status": status, "headers": [*about_body, *_HEADERS, *headers]}
    return start, {"type": "http.response.body", "body": body}


async def _send(send: Send, messages: Messages) -> None:
    for message in messages:
        await send(message)
