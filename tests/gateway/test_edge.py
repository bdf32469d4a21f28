"""The edge: what every request passes and every answer carries, whatever is behind it."""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.addresses import ClientAddresses
from gateway.cookies import make_cookies
from gateway.cross_site import CrossSiteRule
from gateway.edge import ASGIApp, Edge, EdgeOptions, Message, Receive, Scope, Send
from gateway.server import WRITE_WHOLE, header_lines
from resolvers.accounts import Account
from resolvers.context import Context, Services
from resolvers.sessions import IssuedSession

pytestmark = pytest.mark.anyio

ALLOWED = "https://app.example.com"
STRANGER = "https://evil.example"
PROXY = "10.0.0.1"
CLIENT = "203.0.113.9"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}

Call = Callable[..., Awaitable[httpx.Response]]


async def answer(
    send: Send, status: int = 200, *headers: tuple[bytes, bytes], body: bytes = b"inner"
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


class Inner:
    """What stands behind the edge; it remembers the contexts that it was called with."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        context: Context = scope["state"]["context"]
        self.contexts.append(context)
        match scope["path"]:
            case "/raises":
                raise LookupError("a-private-detail")
            case "/raises-after-the-head":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                raise LookupError("a-private-detail")
            case "/raises-late":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"a", "more_body": True})
                raise LookupError("a-private-detail")
            case "/not-found":
                await answer(send, 404)
            case "/own-headers":
                await answer(
                    send,
                    200,
                    (b"cache-control", b"public"),
                    (b"content-security-policy", b"default-src 'self'"),
                    (b"vary", b"accept"),
                )
            case "/signs-in":
                now = datetime(2026, 1, 1, tzinfo=UTC)
                context.start_session(IssuedSession("the-token", now), Account(1, "", "", "", None, now))
                await answer(send)
            case "/signs-out":
                context.end_session()
                await answer(send)
            case _:
                await answer(send)


@pytest.fixture
def inner() -> Inner:
    return Inner()


def make_edge(inner: Inner, *, is_https: bool = False, is_development: bool = False) -> Edge:
    async def refuse(_: Scope, send: Send, _status: int, message: str) -> None:
        await answer(send, 200, body=b"in the door's own form: " + message.encode())

    return Edge(
        inner,
        services=lambda: cast("Services", SimpleNamespace(clock=lambda: NOW)),
        options=EdgeOptions(
            cookies=make_cookies(is_secure=is_https),
            addresses=ClientAddresses([ipaddress.ip_network(f"{PROXY}/32")]),
            cross_site=CrossSiteRule([ALLOWED]),
            is_https=is_https,
            is_development=is_development,
        ),
        shortcuts={"/shortcut": inner},
        refusers={"/api/": refuse},
        changing_reads=frozenset({"/api/logout"}),
    )


async def call(
    edge: ASGIApp, path: str = "/", method: str = "GET", *, peer: str = CLIENT, **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(edge, client=(peer, 1))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        return await client.request(method, path, headers=named)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("HEAD", "/", {}),
        ("GET", "/shortcut", {}),
        ("GET", "/not-found", {}),
        ("GET", "/raises", {}),
        ("GET", "/own-headers", {}),
        ("POST", "/", {"sec_fetch_site": "cross-site"}),
        ("POST", "/api/login", {"sec_fetch_site": "cross-site"}),
        ("OPTIONS", "/", {"origin": ALLOWED, "access_control_request_method": "POST"}),
        ("OPTIONS", "/", {"origin": STRANGER, "access_control_request_method": "POST"}),
        ("GET", "/", {"host": "a b"}),
        ("POST", "/", {"content_encoding": "gzip"}),
    ],
)
async def test_every_answer_carries_the_security_headers_once(
    inner: Inner, method: str, path: str, headers: dict[str, str]
) -> None:
    response = await call(make_edge(inner), path, method, **headers)

    for name, value in SECURITY.items():
        assert response.headers.get_list(name) == [value]
    for name in ("content-security-policy", "cache-control", "x-request-id"):
        assert len(response.headers.get_list(name)) == 1
    assert "server" not in response.headers


async def test_answer_is_private_and_inert_unless_it_says_otherwise(inner: Inner) -> None:
    response = await call(make_edge(inner))
    other = await call(make_edge(inner), "/own-headers")

    assert response.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert other.headers["cache-control"] == "public"
    assert other.headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        ("MISSPELT-9a8b7c", "not `Authorization: Bearer TOKEN`"),
        ("Token " + "a" * 43, "not `Authorization: Bearer TOKEN`"),
        ("Bearer", "not `Authorization: Bearer TOKEN`"),
        ("Bearer undefined", "cannot be a token of this service"),
        (f'Bearer "{"a" * 43}"', "cannot be a token of this service"),
        ("Bearer " + "a" * 43, None),
        (None, None),
    ],
)
async def test_development_is_told_of_an_authorization_that_signs_nobody_in(
    inner: Inner, authorization: str | None, why: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    told = []
    for is_development in (True, False):
        with capture_logs() as logs:
            await call(make_edge(inner, is_development=is_development), **headers)
        told.append([line for line in logs if line["event"] == "authorization.unusable"])

    assert [why in line["reason"] for line in told[0] if why] == ([True] if why else [])
    assert len(told[0]) == (1 if why else 0)
    assert told[1] == []
    assert "9a8b7c" not in str(told)


async def test_browsers_are_held_to_https_only_where_it_is_served(inner: Inner) -> None:
    over_http = await call(make_edge(inner))
    over_https = await call(make_edge(inner, is_https=True))

    assert "strict-transport-security" not in over_http.headers
    assert "max-age=" in over_https.headers["strict-transport-security"]


async def test_every_request_has_an_id_of_its_own(inner: Inner) -> None:
    edge = make_edge(inner)
    answers = [await call(edge) for _ in range(20)]

    ids = [response.headers["x-request-id"] for response in answers]
    assert len(set(ids)) == 20
    assert ids == [context.request_id for context in inner.contexts]


async def test_request_id_of_a_trusted_proxy_is_kept(inner: Inner) -> None:
    response = await call(make_edge(inner), peer=PROXY, x_request_id="from-the-proxy.1")

    assert response.headers["x-request-id"] == "from-the-proxy.1"


@pytest.mark.parametrize("brought", ["short", "x" * 65, "a b c d e f", "<script>alert</script>"])
async def test_request_id_without_the_form_is_replaced(inner: Inner, brought: str) -> None:
    response = await call(make_edge(inner), peer=PROXY, x_request_id=brought)

    assert re.fullmatch("[0-9a-f]{16}", response.headers["x-request-id"])


async def test_request_id_of_a_stranger_is_ignored(inner: Inner) -> None:
    response = await call(make_edge(inner), x_request_id="chosen-by-client")

    assert response.headers["x-request-id"] != "chosen-by-client"


@pytest.mark.parametrize("path", ["/", "/not-found", "/raises", "/shortcut"])
async def test_allowed_origin_may_read_every_answer(inner: Inner, path: str) -> None:
    response = await call(make_edge(inner), path, origin=ALLOWED)

    assert response.headers.get_list("access-control-allow-origin") == [ALLOWED]
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "x-request-id" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [STRANGER, "null", "*", f"{ALLOWED}.evil.example", f"{ALLOWED}:8443", ""])
@pytest.mark.parametrize("path", ["/", "/raises"])
async def test_other_origins_may_read_none(inner: Inner, path: str, origin: str) -> None:
    response = await call(make_edge(inner), path, origin=origin)

    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_caches_keep_the_answers_to_different_origins_apart(inner: Inner) -> None:
    edge = make_edge(inner)

    for headers in ({"origin": ALLOWED}, {"origin": STRANGER}, {}):
        assert (await call(edge, **headers)).headers["vary"] == "Origin"
        # Beside what the answer itself varies with.
        assert (await call(edge, "/own-headers", **headers)).headers["vary"] == "accept, Origin"


async def test_preflight_of_an_allowed_origin_is_answered_by_the_edge(inner: Inner) -> None:
    response = await call(
        make_edge(inner), "/graphql", "OPTIONS", origin=ALLOWED, access_control_request_method="POST"
    )

    assert response.status_code == 204
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "authorization" in response.headers["access-control-allow-headers"]
    assert int(response.headers["access-control-max-age"]) > 0
    assert inner.contexts == []


async def test_preflight_of_another_origin_is_refused(inner: Inner) -> None:
    response = await call(
        make_edge(inner), "/graphql", "OPTIONS", origin=STRANGER, access_control_request_method="POST"
    )

    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert inner.contexts == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "QUERY"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", "cookie": "session=t"},
        {"origin": STRANGER, "authorization": "Bearer t", "cookie": "device=d"},
        {"sec_fetch_site": "same-site"},
        {"origin": STRANGER},
        {"origin": "null"},
    ],
    ids=str,
)
async def test_change_asked_for_by_another_site_does_not_arrive(
    inner: Inner, method: str, headers: dict[str, str]
) -> None:
    response = await call(make_edge(inner), "/anything", method, **headers)

    assert response.status_code == 403
    assert "Cross-site request refused" in response.json()["error"]
    assert inner.contexts == []


@pytest.mark.parametrize("path", ["/api/logout", "/api/log%6Fut"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_legacy_logout_counts_as_a_change(inner: Inner, method: str, path: str) -> None:
    response = await call(make_edge(inner), path, method, sec_fetch_site="cross-site", cookie="session=t")

    assert response.text.startswith("in the door's own form" if method == "GET" else "")
    assert inner.contexts == []


async def test_read_asked_for_by_another_site_arrives(inner: Inner) -> None:
    assert (await call(make_edge(inner), "/", sec_fetch_site="cross-site")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"origin": "http://gateway.test"},
        {"origin": ALLOWED, "sec_fetch_site": "cross-site"},
        # An app that names no origin, whose session has ended.
        {"sec_fetch_site": "cross-site", "cookie": "device=d"},
    ],
    ids=str,
)
async def test_change_asked_for_by_who_may_arrives(inner: Inner, headers: dict[str, str]) -> None:
    assert (await call(make_edge(inner), "/", "POST", **headers)).status_code == 200
    assert len(inner.contexts) == 1


@pytest.mark.parametrize("path", ["/raises", "/raises-after-the-head"])
async def test_unforeseen_fault_is_masked_and_logged_with_the_request_id(inner: Inner, path: str) -> None:
    with capture_logs() as logs:
        response = await call(make_edge(inner), path)

    request_id = response.headers["x-request-id"]
    assert response.status_code == 500
    assert response.json() == {"error": "internal", "requestId": request_id}
    assert [line["request_id"] for line in logs] == [request_id, request_id]
    assert logs[0]["log_level"] == "error"
    assert logs[1]["status"] == 500
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_fault_in_the_middle_of_an_answer_adds_nothing_to_it(inner: Inner) -> None:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/raises-late",
        "headers": [(b"host", b"h")],
    }
    with capture_logs():
        await make_edge(inner)(scope | {"headers": [(b"host", b"h")]}, receive, send)

    assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    ("path", "cookie"),
    [("/signs-in", "session=the-token; Max-Age=2592000"), ("/signs-out", "session=; Max-Age=0")],
)
async def test_session_that_begins_or_ends_is_told_by_cookie(inner: Inner, path: str, cookie: str) -> None:
    response = await call(make_edge(inner), path)

    assert [value for value in response.headers.get_list("set-cookie") if value.startswith(cookie)]
    assert len(response.headers.get_list("set-cookie")) == 1


def in_one_piece(edge: Edge) -> ASGIApp:
    """The edge before a server that writes whole answers at once, as `gateway.server` does."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        whole: list[Message] = []

        def write_whole(status: int, headers: dict[bytes, bytes], more_lines: bytes, body: bytes) -> bool:
            lines = header_lines(headers.items()) + more_lines
            pairs = [tuple(line.split(b": ", 1)) for line in lines.removesuffix(b"\r\n").split(b"\r\n")]
            whole.append({"type": "http.response.start", "status": status, "headers": pairs})
            whole.append({"type": "http.response.body", "body": body})
            return True

        async def refuse_parts(message: Message) -> None:
            raise AssertionError(message)

        scope["extensions"] = {WRITE_WHOLE: write_whole}
        await edge(scope, receive, refuse_parts)
        for message in whole:
            await send(message)

    return app


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/", {"origin": ALLOWED}),
        ("/", {"origin": STRANGER}),
        ("/raises", {}),
        ("/own-headers", {}),
        ("/signs-in", {}),
        ("/signs-out", {"origin": ALLOWED}),
    ],
)
async def test_an_answer_in_one_piece_says_the_same(inner: Inner, path: str, headers: dict[str, str]) -> None:
    edge = make_edge(inner, is_https=True)
    with capture_logs():
        one, two = [
            await call(app, path, **headers, x_request_id="0123456789") for app in (in_one_piece(edge), edge)
        ]
    different = {"x-request-id"}
    said = [
        {(name, value) for name, value in response.headers.multi_items() if name not in different}
        for response in (one, two)
    ]
    assert said[0] == said[1]
    assert (one.status_code, len(one.headers), len(one.content)) == (
        two.status_code,
        len(two.headers),
        len(two.content),
    )


async def test_answer_that_does_nothing_to_the_session_sets_no_cookie(inner: Inner) -> None:
    assert "set-cookie" not in (await call(make_edge(inner), cookie="session=t")).headers


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({"cookie": "session=from-cookie"}, "from-cookie"),
        ({"authorization": "Bearer from-header"}, "from-header"),
        ({"authorization": "bearer  from-header "}, "from-header"),
        ({"authorization": "Bearer from-header", "cookie": "session=from-cookie"}, "from-header"),
        ({"authorization": "Basic dTpw", "cookie": "session=from-cookie"}, "from-cookie"),
        ({"authorization": "Basic dTpw"}, None),
        ({"authorization": "Bearer"}, None),
    ],
    ids=str,
)
async def test_token_comes_by_header_or_cookie(
    inner: Inner, headers: dict[str, str], token: str | None
) -> None:
    await call(make_edge(inner), **headers)

    (context,) = inner.contexts
    assert context.token == token
    assert context.is_bearer is (token == "from-header")


@pytest.mark.parametrize(
    ("headers", "device"),
    [
        ({}, None),
        ({"cookie": "a=1; device=from-cookie; session=t"}, "from-cookie"),
        ({"cookie": 'device="from-cookie"'}, "from-cookie"),
        ({"cookie": f"device=of-another-service; device={'d' * 22}"}, "d" * 22),
        ({"x_device": "from-header"}, "from-header"),
        ({"x_device": "from-header", "cookie": "device=from-cookie"}, "from-header"),
        ({"authorization": "Bearer t", "cookie": "device=from-cookie"}, "from-cookie"),
        ({"origin": "capacitor://localhost", "cookie": "device=from-cookie"}, None),
        ({"origin": "capacitor://localhost", "x_device": "from-header"}, "from-header"),
        ({"cookie": "__Host-device=of-production"}, None),
    ],
    ids=str,
)
async def test_device_comes_by_header_or_cookie(
    inner: Inner, headers: dict[str, str], device: str | None
) -> None:
    await call(make_edge(inner), **headers)

    (context,) = inner.contexts
    assert context.find_device_token() == device


async def test_limits_count_the_client_that_the_proxy_names(inner: Inner) -> None:
    edge = make_edge(inner)
    await call(edge, peer=PROXY, x_forwarded_for=f"1.2.3.4, {CLIENT}")
    await call(edge, peer=CLIENT, x_forwarded_for="1.2.3.4")

    assert [context.address for context in inner.contexts] == [CLIENT, CLIENT]


async def test_access_log_has_one_line_a_request_and_never_a_query_string(inner: Inner) -> None:
    with capture_logs() as logs:
        response = await call(make_edge(inner), "/api/profile?mobile=18736008450&password=hunter2")

    assert len(logs) == 1
    assert logs[0]["path"] == "/api/profile"
    assert logs[0]["status"] == 200
    assert logs[0]["request_id"] == response.headers["x-request-id"]
    assert not re.search("hunter2|18736008450", repr(logs))


async def test_access_log_tells_the_status_of_refusals_too(inner: Inner) -> None:
    with capture_logs() as logs:
        await call(make_edge(inner), "/", "POST", origin=STRANGER)

    assert [line["status"] for line in logs] == [403]


async def test_lifespan_is_the_business_of_what_is_behind() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    edge = make_edge(cast("Inner", app))
    await edge({"type": "lifespan"}, cast("Receive", None), cast("Send", None))

    assert seen == ["lifespan"]
