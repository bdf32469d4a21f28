"""The legacy door as an ASGI application: find the endpoint, read, call, and answer in the envelope."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import structlog

from resolvers.context import Context
from resolvers.errors import AccountError, ErrorCode, InputError, RateLimitedError
from resolvers.texts import Reason
from rest_shim.bodies import (
    MAXIMUM_BODY_BYTES,
    MAXIMUM_UPLOAD_BYTES,
    BodyTooLargeError,
    ClientGoneError,
    Receive,
    Scope,
    parse_body,
    read_body,
    read_head,
)
from rest_shim.dialects import Dialect
from rest_shim.endpoints import Endpoint, EndpointOptions, Picture, Success, routes
from rest_shim.errno import TEXTS, Errno, errno_of
from rest_shim.fields import BodyMalformedError, parse_query
from rest_shim.requests import RestRequest

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CROSS_SITE = 403
_REFUSALS = {_CROSS_SITE: "非法请求：来自其他网站", 400: "非法请求：Host 头错误", 415: "不支持压缩的请求体"}

_UPLOAD_PATHS = frozenset({"/api/profile/avatar"})
_JSON = b"application/json; charset=utf-8"
# Old pages upload through a hidden frame of their own, and read the answer out of it; no other site may.
_FRAMED_BY_OWN_PAGES = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
)

_log = structlog.get_logger(__name__)


class RestShim:
    """Serves `/api/*`. The front has put the request's context into `scope["state"]["context"]`."""

    def __init__(self, dialect: Dialect, options: EndpointOptions) -> None:
        self._dialect = dialect
        documented = routes(options)
        self._routes = documented | {alias: documented[path] for alias, path in dialect.paths.items()}

    @property
    def paths(self) -> list[str]:
        """Every path that is served, by all its names."""
        return list(self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever happens, the answer is an envelope (or the picture)."""
        methods = self._routes.get(scope["path"])
        if methods is None:
            await self._send(send, 404, self._failure(Errno.REQERR, "接口不存在"))
            return
        endpoint = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if endpoint is None:
            allow = ", ".join(methods).encode()
            await self._send(send, 405, self._failure(Errno.REQERR, "请求方法错误"), (b"allow", allow))
            return
        try:
            await self._serve(endpoint, scope, receive, send)
        except BodyTooLargeError:
            # The rest of the body is not read, so the connection cannot be used again.
            await self._send(
                send, 413, self._failure(Errno.PARAMERR, "请求体过大"), (b"connection", b"close")
            )
        except ClientGoneError:
            return

    async def refuse(self, send: Send, status: int) -> None:
        """Answer for the gateway, which has found fault with the request itself.

        What comes from another site (403) is told with 200, as everything that a page may have to show.
        """
        text = _REFUSALS.get(status, TEXTS[Errno.REQERR])
        await self._send(send, 200 if status == _CROSS_SITE else status, self._failure(Errno.REQERR, text))

    async def _serve(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        ctx: Context = scope["state"]["context"]
        try:
            outcome = await endpoint(await self._read(ctx, scope, receive))
        except AccountError as error:
            scope["state"]["log"] = {"errno": int(errno_of(error)), "code": str(error.code)}
            await self._send(send, 200, self._refusal(error))
        except (BodyTooLargeError, ClientGoneError):
            raise
        except Exception:  # noqa: BLE001 - the last line: a client never sees a traceback
            _log.exception("rest.failed", path=scope["path"], request_id=ctx.request_id)
            await self._send(send, 200, self._failure(Errno.SERVERERR, TEXTS[Errno.SERVERERR]))
        else:
            if isinstance(outcome, Picture):
                await self._send_bytes(send, 200, outcome.png, b"image/png")
            else:
                await self._send(send, 200, self._success(outcome))

    async def _read(self, ctx: Context, scope: Scope, receive: Receive) -> RestRequest:
        maximum = MAXIMUM_UPLOAD_BYTES if scope["path"] in _UPLOAD_PATHS else MAXIMUM_BODY_BYTES
        fields = self._dialect.translate(parse_query(scope["query_string"]))
        files: dict[str, bytes] = {}
        head = read_head(scope)
        if head.has_body:
            body = await read_body(head, receive, maximum)
            try:
                from_body, files = await parse_body(head.content_type, body)
            except BodyMalformedError as error:
                raise InputError(ErrorCode.INVALID_INPUT, Reason.BODY_MALFORMED) from error
            fields |= self._dialect.translate(from_body)
        return RestRequest(ctx, self._dialect, fields, files)

    def _success(self, success: Success) -> dict[str, object]:
        envelope: dict[str, object] = {"errno": int(Errno.OK), "errmsg": "OK"}
        if self._dialect.has_object_data:
            envelope["data"] = {} if success.as_object is None else success.as_object
        elif success.data is not None:
            envelope["data"] = success.data
        envelope |= success.beside_data
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
        await self._send_bytes(send, status, msgspec.json.encode(envelope), _JSON, *headers)

    async def _send_bytes(
        self, send: Send, status: int, body: bytes, content_type: bytes, *headers: tuple[bytes, bytes]
    ) -> None:
        all_headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *_FRAMED_BY_OWN_PAGES,
            *headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": all_headers})
        await send({"type": "http.response.body", "body": body})
