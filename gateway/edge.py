"""The edge: what every request passes on its way to a door, in one layer that costs little.

It gives the request an id and a context, applies the cross-site rule and CORS, and on the way out writes the cookies,
the security headers and one line of access log. Everything else is behind it.
"""

import re
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_to_bytes

import msgspec
import structlog

from gateway.access_log import AccessLog, PlainAccessLog
from gateway.addresses import ClientAddresses
from gateway.bearer_tokens import describe_unusable_authorization, find_bearer_token
from gateway.cookies import Cookies
from gateway.cors import cors_headers, is_preflight, judge_preflight
from gateway.cross_site import CrossSiteRule, cannot_be_forged, describe_lost_cookie, takes_cookies
from gateway.draining import Drain
from gateway.request_ids import choose_request_id
from gateway.server import WRITE_WHOLE, header_lines
from gateway.timeouts import Timeouts
from resolvers.actors import Visitor
from resolvers.context import Context, Services
from resolvers.wait_budget import one_request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
WriteWhole = Callable[[int, dict[bytes, bytes], bytes, bytes], bool]
Refuser = Callable[[Scope, Send, int, str], Awaitable[None]]

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_CONTENT = 204

_JOINED_HEADERS = {
    b"cookie": b"; ",
    b"x-forwarded-for": b",",
    b"host": b",",
    b"accept-language": b",",
    b"access-control-request-headers": b",",
}
_HOST_FORM = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?")

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_DEFAULT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE = (b"cache-control", b"no-store")
_HSTS = (b"strict-transport-security", b"max-age=31536000")

_log = structlog.get_logger("gateway.edge")


class _CommonHeaders(NamedTuple):
    """Headers, and the same as they go over the wire."""

    headers: tuple[tuple[bytes, bytes], ...]
    lines: bytes


@dataclass(frozen=True)
class EdgeOptions:
    """What the settings say about the edge."""

    cookies: Cookies
    addresses: ClientAddresses
    cross_site: CrossSiteRule
    is_https: bool
    is_development: bool = False
    """Whether a refused preflight says why in its body, and the log why an `Authorization` header signs nobody in."""
    access_log: AccessLog | None = field(default_factory=PlainAccessLog)
    drain: Drain = field(default_factory=Drain)
    timeouts: Timeouts = Timeouts()

    @cached_property
    def headers_beside(self) -> Callable[[tuple[bytes, ...]], "_CommonHeaders"]:
        """What every answer carries, but for the names that it has already; there are a few combinations."""
        headers = [*_SECURITY_HEADERS, _DEFAULT_POLICY, _NO_STORE]
        if self.is_https:
            headers.append(_HSTS)
        # Also where no origin was named, since a cache must not give that answer to a page that names one; and beside
        # what else an answer varies with.
        always = [(b"vary", b"Origin")] if self.cross_site.has_allowed_origins else []

        @lru_cache(maxsize=256)
        def beside(names: tuple[bytes, ...]) -> _CommonHeaders:
            missing = (*(header for header in headers if header[0] not in names), *always)
            return _CommonHeaders(missing, header_lines(missing))

        return beside


class Edge:
    """The outermost ASGI application.

    `services` is where requests find them while the application runs. `shortcuts` are paths served without any router,
    `changing_reads` those where a GET changes state.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: Callable[[], Services],
        options: EdgeOptions,
        shortcuts: Mapping[str, ASGIApp],
        refusers: Mapping[str, Refuser],
        changing_reads: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self.services = services
        self._options = options
        self._request_seconds = options.timeouts.request_seconds
        self._last_chance_seconds = options.timeouts.last_chance_seconds
        self._shortcuts = dict(shortcuts)
        self._refusers = refusers
        self._changing_reads = changing_reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        if len(headers) < len(scope["headers"]):
            headers = _headers_by_name(scope["headers"])
        context = self._open_context(scope, headers)
        state = scope.setdefault("state", {})
        state["context"], state["headers"] = context, headers
        if self._options.is_development and (unusable := describe_unusable_authorization(headers)):
            _log.warning("authorization.unusable", reason=unusable, request_id=context.request_id)
        answer = _Answer(self._options, context, headers, scope, send)
        fault = self._find_fault(scope, headers)
        try:
            with one_request(self._request_seconds, self._last_chance_seconds):
                if fault:
                    await self._refuse(scope, answer, *fault)
                elif scope["method"] == "OPTIONS" and is_preflight(headers):
                    await self._answer_preflight(headers, answer, context)
                else:
                    await self._shortcuts.get(scope["path"], self._app)(scope, receive, answer)
        except Exception:  # noqa: BLE001 - the last line: a client never sees a traceback
            # The doors answer for themselves; what gets here is a mistake in what surrounds them.
            _log.exception("request.failed", request_id=context.request_id)
            if answer.status == 0:
                await _answer_json(answer, 500, {"error": "internal", "requestId": context.request_id})
        finally:
            if self._options.access_log is not None:
                self._options.access_log.add(_access_line(scope, context, answer.status, started))

    def _find_fault(self, scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[int, str] | None:
        """The status and the reason of what is refused before any door is asked."""
        host = headers.get(b"host")
        if not _is_host_valid(host) and scope["http_version"] != "1.0":
            return 400, "The Host header is missing, doubled or malformed."
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            return 415, "A Content-Encoding on requests is not served."
        method = scope["method"]
        is_read = method in _READING_METHODS
        if not is_read or (
            (scope["path"] in self._changing_reads or _tries_a_password(scope))
            and not (method == "OPTIONS" and is_preflight(headers))
        ):
            offence = self._find_offence(headers, is_read=is_read)
            if offence:
                scope["state"]["log"] = {"reason": offence}
                return 403, f"Cross-site request refused. {offence}."
        return None

    def _find_offence(self, headers: Mapping[bytes, bytes], *, is_read: bool) -> str | None:
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        offence = self._options.cross_site.find_offence(site=site, origin=origin, host=headers.get(b"host"))
        cookies, sent = self._options.cookies, headers.get(b"cookie", b"")
        if offence is None or cannot_be_forged(
            headers,
            is_read=is_read,
            has_bearer_token=find_bearer_token(headers) is not None,
            has_session=cookies.session.read(sent) is not None,
            has_device=cookies.device.read(sent) is not None,
        ):
            return None
        return offence

    async def _answer_preflight(
        self, headers: Mapping[bytes, bytes], answer: "_Answer", context: Context
    ) -> None:
        preflight = judge_preflight(headers, self._options.cross_site)
        if preflight.complaint:
            _log.warning("cors.preflight_refused", reason=preflight.complaint, request_id=context.request_id)
        body = b""
        if self._options.is_development and preflight.status == 403:
            body = f"Preflight refused. {preflight.complaint}.\n".encode()
        more: list[tuple[bytes, bytes]] = []
        if preflight.status != _NO_CONTENT:
            more.append((b"content-length", b"%d" % len(body)))
        if body:
            more.append((b"content-type", b"text/plain; charset=utf-8"))
        start = {"type": "http.response.start", "status": preflight.status}
        await answer(start | {"headers": preflight.headers + more})
        await answer({"type": "http.response.body", "body": body})

    async def _refuse(self, scope: Scope, answer: "_Answer", status: int, message: str) -> None:
        """Say no in the form of the door that was knocked at."""
        for prefix, refuser in self._refusers.items():
            if scope["path"].startswith(prefix):
                await refuser(scope, answer, status, message)
                return
        await _answer_json(answer, status, {"error": message})

    def _open_context(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Context:
        peer = scope["client"][0] if scope.get("client") else "unknown"
        forwarded = headers.get(b"x-forwarded-for")
        cookie = headers.get(b"cookie")
        origin = headers.get(b"origin")
        is_cookie_taken = origin is None or takes_cookies(site=headers.get(b"sec-fetch-site"), origin=origin)
        token = bearer = find_bearer_token(headers)
        if bearer is None and cookie is not None and is_cookie_taken:
            token = self._options.cookies.session.read(cookie)
        return Context(
            services=self.services(),
            address=self._options.addresses.find(peer, forwarded.decode("latin-1") if forwarded else None),
            request_id=choose_request_id(self._options.addresses, peer, headers.get(b"x-request-id")),
            actor=Visitor(headers.get(b"user-agent", b"").decode("latin-1")),
            token=token,
            is_bearer=bearer is not None,
            takes_cookies=is_cookie_taken,
            find_device_token=partial(self._find_device_token, headers, is_cookie_taken=is_cookie_taken),
        )

    def _find_device_token(self, headers: Mapping[bytes, bytes], *, is_cookie_taken: bool) -> str | None:
        brought = headers.get(b"x-device")
        if brought is not None:
            return brought.decode("latin-1")
        cookie = headers.get(b"cookie")
        return self._options.cookies.device.read(cookie) if cookie is not None and is_cookie_taken else None


def _tries_a_password(scope: Scope) -> bool:
    """Whether a read brings a password: each is counted, and no page of another site may have one counted."""
    query: bytes = scope.get("query_string", b"")
    return bool(query) and b"passw" in unquote_to_bytes(query)


class _Answer:
    """The way out: completes the headers when the answer starts."""

    __slots__ = ("_asked", "_context", "_options", "_send", "_start", "_write_whole", "status")

    def __init__(
        self,
        options: EdgeOptions,
        context: Context,
        asked: Mapping[bytes, bytes],
        scope: Scope,
        send: Send,
    ) -> None:
        self._options = options
        self._context = context
        self._asked = asked
        self._send = send
        extensions = scope.get("extensions")
        self._write_whole: WriteWhole | None = extensions.get(WRITE_WHOLE) if extensions else None
        self._start: Message | None = None
        self.status = 0
        """Of what was sent; 0 as long as nothing was."""

    def __call__(self, message: Message) -> Awaitable[None]:
        """See ASGI's `send`. The head is held until its body comes; only then there is an answer that stands."""
        if message["type"] == "http.response.start":
            self._start = message
            return _NOTHING
        start, self._start = self._start, None
        if start is None:
            return self._send(message)
        context, options = self._context, self._options
        headers = [*start.get("headers", ()), (b"x-request-id", context.request_id.encode())]
        origin = self._asked.get(b"origin")
        if origin is not None and options.cross_site.allows_origin(origin):
            headers += cors_headers(origin)
        if context.retry_after_seconds:
            headers.append((b"retry-after", b"%d" % context.retry_after_seconds))
        if options.drain.is_on:
            headers.append((b"connection", b"close"))
        if context.takes_cookies and (context.issued or context.is_signed_out):
            headers.append((b"set-cookie", self._write_cookie()))
        if context.takes_cookies and context.issued_device:
            device = options.cookies.device.issue(context.issued_device, context.now)
            headers.append((b"set-cookie", device))
        by_name = dict(headers)
        rest = options.headers_beside(tuple(by_name))
        if (
            self._write_whole is not None
            and len(by_name) == len(headers)
            and not message.get("more_body")
            and self._write_whole(start["status"], by_name, rest.lines, message.get("body", b""))
        ):
            self.status = start["status"]
            return _NOTHING
        start["headers"] = headers + list(rest.headers)
        return self._begin(start, message)

    def _write_cookie(self) -> bytes:
        """The cookie of a session that begins, or of one that has ended."""
        context, cookie = self._context, self._options.cookies.session
        if context.issued is None:
            return cookie.clear()
        warning = describe_lost_cookie(self._asked)
        if warning:
            _log.warning("session.cookie_lost", reason=warning, request_id=context.request_id)
        return cookie.issue(context.issued.token, context.now)

    async def _begin(self, start: Message, message: Message) -> None:
        await self._send(start)
        await self._send(message)
        self.status = start["status"]


class _Nothing:
    """An awaitable that is done."""

    def __await__(self) -> Generator[None, None, None]:
        return _NO_STEPS


# The iterator of an empty tuple, which is at its end for ever, is sooner done with than a generator.
_NO_STEPS = cast("Generator[None, None, None]", iter(()))
_NOTHING = _Nothing()


@lru_cache(maxsize=256)
def _is_host_valid(host: bytes | None) -> bool:
    return host is not None and _HOST_FORM.fullmatch(host) is not None


def _headers_by_name(pairs: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Of repeated ones the last counts; some are joined, which makes two hosts none that is valid."""
    headers = dict(pairs)
    for joined, separator in _JOINED_HEADERS.items():
        values = [value for name, value in pairs if name == joined]
        if values:
            headers[joined] = separator.join(values)
    return headers


async def _answer_json(answer: _Answer, status: int, body: object) -> None:
    encoded = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(encoded)),
    ]
    await answer({"type": "http.response.start", "status": status, "headers": headers})
    await answer({"type": "http.response.body", "body": encoded})


def _access_line(scope: Scope, context: Context, status: int, started: float) -> dict[str, Any]:
    """What is logged of a request."""
    state = scope["state"]
    return {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "milliseconds": round((time.perf_counter() - started) * 1000, 2),
        "request_id": context.request_id,
        "address": context.address,
        **state.get("log", {}),
        **state.get("graphql", {}),
    }
