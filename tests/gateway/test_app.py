"""The assembled application: the edge's rules hold at both doors, each in its own form."""

import json

import httpx
import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, PASSWORD, sign_up
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

ALLOWED = "https://app.example.com"
STRANGERS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
]
HEADERS = ("x-content-type-options", "referrer-policy", "content-security-policy")
LOGOUT = "mutation{logout{errors{code}}}"


def form_post(client: httpx.AsyncClient, path: str, kind: str, headers: dict[str, str]) -> httpx.Request:
    """What a page of another site can send without a preflight."""
    match kind:
        case "form":
            return client.build_request("POST", path, data={"name": "stolen"}, headers=headers)
        case "multipart":
            return client.build_request(
                "POST", path, data={"name": "stolen"}, files={"f": b"x"}, headers=headers
            )
        case "text":
            body = json.dumps({"name": "stolen", "query": LOGOUT})
            return client.build_request(
                "POST", path, content=body, headers=headers | {"content-type": "text/plain"}
            )
        case _:
            return client.build_request("POST", path, headers=headers)


@pytest.fixture
async def visitor(harness: Harness) -> httpx.AsyncClient:
    """Somebody who is signed in by cookie."""
    client = harness.client()
    client.cookies.set("session", await harness.make_account(MOBILE), domain="gateway.test")
    return client


SHOWN_BY_A_PAGE = [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", SHOWN_BY_A_PAGE, ids=str)
@pytest.mark.parametrize("name", ["password", "%70assword"])
async def test_page_of_another_site_has_no_password_tried(
    harness: Harness, headers: dict[str, str], name: str
) -> None:
    await sign_up(harness, harness.open_door("rest"))
    client = harness.client()
    path = f"/api/profile?mobile={MOBILE}&{name}"
    shown = [(await client.get(f"{path}=wrong-{n}", headers=headers)).json() for n in range(6)]

    assert {envelope["errno"] for envelope in shown} == {4201}
    right = await client.get("/api/profile", params={"mobile": MOBILE, "password": PASSWORD})
    assert right.json()["errno"] == 0


async def test_app_without_an_origin_is_served_by_its_credentials(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    answer = await harness.client().get(
        "/api/profile",
        params={"mobile": MOBILE, "password": PASSWORD},
        headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    )

    assert answer.json()["errno"] == 0


async def find_name(client: httpx.AsyncClient) -> object:
    envelope = (await client.get("/api/check_login")).json()
    return envelope["data"] if envelope["errno"] == 0 else None


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
@pytest.mark.parametrize("kind", ["form", "multipart", "text", "empty"])
@pytest.mark.parametrize("path", ["/api/profile/name", "/graphql"])
async def test_page_of_another_site_changes_nothing(
    visitor: httpx.AsyncClient, path: str, kind: str, headers: dict[str, str]
) -> None:
    before = await find_name(visitor)

    response = await visitor.send(form_post(visitor, path, kind, headers))

    assert await find_name(visitor) == before is not None
    if path == "/graphql":
        assert response.status_code == 403
        assert response.json()["errors"][0]["extensions"]["code"] == "CROSS_SITE_REFUSED"
    else:
        assert response.status_code == 200
        assert response.json()["errno"] == 4201


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
async def test_link_or_image_of_another_site_signs_nobody_out(
    visitor: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    refused = (await visitor.get("/api/logout", headers=headers)).json()

    assert refused["errno"] == 4201
    assert await find_name(visitor) is not None


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}], ids=str
)
async def test_own_logout_link_signs_out(visitor: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await visitor.get("/api/logout", headers=headers)).json()["errno"] == 0
    assert await find_name(visitor) is None


async def test_mutation_by_get_is_refused_from_anywhere(visitor: httpx.AsyncClient) -> None:
    response = await visitor.get("/graphql", params={"query": LOGOUT})

    assert response.status_code == 405
    assert await find_name(visitor) is not None


@pytest.mark.parametrize("path", ["/graphql", "/api/profile/name", "/readyz", "/nothing"])
async def test_allowed_origin_may_call_both_doors_with_its_cookie(
    build_harness: BuildHarness, path: str
) -> None:
    async with build_harness(allowed_origins=(ALLOWED,)) as harness:
        client = harness.client()
        asked = {"origin": ALLOWED, "access-control-request-method": "POST"}
        preflight = await client.options(path, headers=asked)
        response = await client.post(path, json={"query": "{me{id}}"}, headers={"origin": ALLOWED})
        stranger = await client.post(path, json={}, headers={"origin": "https://evil.example"})

    assert preflight.status_code == 204
    assert response.headers["access-control-allow-origin"] == ALLOWED
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/graphql", 200),
        ("/api/check_login", 200),
        ("/api/imagecode?codeid=1", 200),
        ("/api/nothing", 404),
        ("/api/openapi.json", 200),
        ("/healthz", 200),
        ("/nothing", 404),
        ("/avatars/x.webp", 404),
        ("/graphql/nothing", 404),
    ],
)
async def test_every_path_carries_the_security_headers_once(harness: Harness, path: str, status: int) -> None:
    query = {"query": "{__typename}"} if path == "/graphql" else {}
    response = await harness.client().get(path, params=query or None)

    assert response.status_code == status
    for name in (
        "x-content-type-options",
        "referrer-policy",
        "content-security-policy",
        "cache-control",
        "x-request-id",
    ):
        assert len(response.headers.get_list(name)) == 1, name


async def test_production_shows_neither_tools_nor_tracebacks(build_harness: BuildHarness) -> None:
    production = {"environment": "production", "sms_sender": "http", "secret_keys": f"k:{'A' * 43}="}
    async with build_harness(**production) as harness:
        client = harness.client(headers={"accept": "text/html"})
        assert (await client.get("/api/docs")).status_code == 404
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/graphql/outbox")).status_code == 404
        page = await client.get("/graphql")
        assert "<html" not in page.text
        assert "max-age=" in page.headers["strict-transport-security"]


async def test_every_request_has_another_id(harness: Harness) -> None:
    ids = {(await harness.client().get("/healthz")).headers["x-request-id"] for _ in range(5)}

    assert len(ids) == 5


PATHS = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/graphql",
    "/api",
    "/api/docs",
    "/api/openapi.json",
    "/api/login",
)


@pytest.mark.parametrize("graphiql", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_no_answer_sends_anybody_to_the_host_that_was_named(
    build_harness: BuildHarness, method: str, graphiql: bool
) -> None:
    async with build_harness(graphiql=graphiql, metrics=True) as harness:
        client = harness.client(headers={"host": "evil.example"})
        paths = [
            f"{path}{end}" for path in ("", *PATHS) for end in ("", "/", "//", "/..", "?to=//evil.example")
        ]
        answers = [await client.request(method, path) for path in paths]

    locations = [answer.headers.get("location", "") for answer in answers]
    assert not [location for location in locations if "evil" in location or location.startswith("http")]


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/", "/metrics/", "/api/docs/", "/avatars/"])
async def test_path_with_a_slash_too_many_is_unknown(build_harness: BuildHarness, path: str) -> None:
    async with build_harness(metrics=True, graphiql=False) as harness:
        assert (await harness.client().get(path)).status_code == 404
        assert (await harness.client().get("/graphql/")).status_code == 404


@pytest.mark.parametrize(
    ("languages", "is_chinese"),
    [(["zh-CN,en-US"], True), (["fr", "zh"], True), (["en-US,zh-CN"], False), ([], False)],
)
async def test_message_is_in_the_language_that_the_client_prefers(
    harness: Harness, languages: list[str], is_chinese: bool
) -> None:
    headers = httpx.Headers([("accept-language", language) for language in languages])
    query = 'mutation{updateName(input:{name:"n"}){errors{message}}}'
    response = await harness.client().post("/graphql", json={"query": query}, headers=headers)

    (error,) = response.json()["data"]["updateName"]["errors"]
    assert (error["message"] == "用户未登录") is is_chinese


@pytest.mark.parametrize(("is_graphiql_on", "target"), [(True, "/graphql"), (False, "/api/docs")])
async def test_printed_address_leads_to_a_page(
    build_harness: BuildHarness, is_graphiql_on: bool, target: str
) -> None:
    async with build_harness(graphiql=is_graphiql_on) as harness:
        client = harness.client(headers={"accept": "text/html"})
        home = await client.get("/")
        page = await client.get(target)

    assert (home.status_code, home.headers["location"]) == (307, target)
    assert page.headers["content-type"].startswith("text/html")


async def test_documentation_names_no_port_of_another_server(harness: Harness) -> None:
    page = await harness.client().get("/api/docs", headers={"host": "localhost:8123"})

    assert page.status_code == 200
    assert ":8000" not in page.text


async def test_browsers_find_an_icon(harness: Harness) -> None:
    icon = await harness.client().get("/favicon.ico")

    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/x-icon")
    assert icon.content.startswith(b"\x00\x00\x01\x00")
