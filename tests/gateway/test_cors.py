"""CORS: what pages and apps of allowed origins may send, read and bring."""

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.cors import cors_headers, judge_preflight
from gateway.cross_site import CrossSiteRule
from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, PASSWORD, sign_up
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

ALLOWED = "https://app.example.com"
STRANGER = "https://evil.example"
APPS = ("capacitor://localhost", "ionic://localhost", "tauri://localhost", "null")
RULE = CrossSiteRule([ALLOWED, *APPS])

LOGIN = "mutation($i:LoginInput!){login(input:$i){session{token} errors{code message field}}}"
RENAME = 'mutation{updateName(input:{name:"renamed"}){account{name} errors{code}}}'


def allowed_headers(asked: str, *, origin: str = ALLOWED) -> list[str]:
    preflight = judge_preflight(
        {
            b"origin": origin.encode(),
            b"access-control-request-method": b"POST",
            b"access-control-request-headers": asked.encode("latin-1"),
        },
        RULE,
    )
    return dict(preflight.headers)[b"access-control-allow-headers"].decode().split(", ")


@pytest.mark.parametrize("origin", [ALLOWED, *APPS])
def test_headers_that_clients_send_are_allowed(origin: str) -> None:
    asked = (
        "content-type,apollographql-client-name,apollographql-client-version,sentry-trace,baggage,traceparent"
    )

    assert set(asked.split(",")) <= set(allowed_headers(asked, origin=origin))


def test_header_names_are_read_as_lists_are_written() -> None:
    assert {"x-a", "x-b", "x_c.d"} <= set(allowed_headers(" X-A ,, x-b,\tx_c.d ,"))


@pytest.mark.parametrize(
    "name",
    [
        "cookie", "Cookie", "host", "origin", "content-length", "transfer-encoding", "connection", "upgrade", "te",
        "sec-fetch-site", "Sec-Anything", "proxy-authorization", "access-control-allow-origin", "set-cookie", "via",
        "*", "a b", "a:b", "x\x00y", "x-\xe9", "x\r\nset-cookie", "x" * 81,
    ],
)  # fmt: skip
def test_what_no_page_may_send_is_not_allowed(name: str) -> None:
    assert "x-other" in allowed_headers(f"{name},x-other")
    assert name.lower() not in allowed_headers(f"{name},x-other")


def test_an_endless_list_is_not_repeated() -> None:
    asked = ",".join(f"x-{number}" for number in range(3000))

    assert len(allowed_headers(asked)) < 100


def test_a_page_with_credentials_may_read_and_an_app_without() -> None:
    assert (b"access-control-allow-credentials", b"true") in cors_headers(ALLOWED.encode())
    for origin in APPS:
        assert (b"access-control-allow-origin", origin.encode()) in cors_headers(origin.encode())
        assert b"access-control-allow-credentials" not in dict(cors_headers(origin.encode()))


async def preflight(
    client: httpx.AsyncClient, origin: str, *, headers: str = "", method: str = "POST"
) -> httpx.Response:
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }
    return await client.options("/graphql", headers=asked)


@pytest.mark.parametrize(
    ("origin", "headers", "method", "word"),
    [
        (STRANGER, "", "POST", STRANGER),
        ("null", "", "POST", "null"),
        (ALLOWED, "cookie", "POST", "cookie"),
        (ALLOWED, "", "DELETE", "DELETE"),
    ],
)
async def test_refused_preflight_says_why_in_the_log(
    build_harness: BuildHarness, origin: str, headers: str, method: str, word: str
) -> None:
    async with build_harness(allowed_origins=(ALLOWED,)) as harness:
        with capture_logs() as logs:
            await preflight(harness.client(), origin, headers=headers, method=method)

    assert [(line["event"], word in line["reason"]) for line in logs] == [("cors.preflight_refused", True)]


async def test_refused_preflight_says_why_in_its_body_in_development_alone(
    build_harness: BuildHarness,
) -> None:
    production = {"environment": "production", "secret_keys": f"a:{'A' * 44}"}
    bodies = []
    for overrides in ({}, production):
        async with build_harness(allowed_origins=(ALLOWED,), **overrides) as harness:
            response = await preflight(harness.client(), STRANGER)
            bodies.append(response.text)
            assert response.status_code == 403
            assert "access-control-allow-origin" not in response.headers

    assert STRANGER in bodies[0]
    assert "GATEWAY_ALLOWED_ORIGINS" in bodies[0]
    assert bodies[1] == ""


@pytest.mark.parametrize("path", ["/graphql", "/api/login", "/nowhere"])
async def test_no_content_has_no_length(build_harness: BuildHarness, path: str) -> None:
    asked = {"origin": ALLOWED, "access-control-request-method": "POST"}
    async with build_harness(allowed_origins=(ALLOWED,)) as harness:
        answers = [await harness.client().options(path, headers=asked)]
        if path == "/graphql":
            answers.append(await harness.client().options(path))

    # RFC 9110, 8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of 204".
    for answer in answers:
        assert (answer.status_code, answer.content) == (204, b"")
        assert not {"content-length", "transfer-encoding", "content-type"} & set(answer.headers)


async def test_refused_change_says_why_in_the_log(build_harness: BuildHarness) -> None:
    async with build_harness(access_log=True) as harness:
        with capture_logs() as logs:
            await harness.client().post("/graphql", headers={"origin": STRANGER})

    assert [STRANGER in line["reason"] for line in logs] == [True]


async def test_answer_to_a_preflight_is_kept_apart_by_what_was_asked(build_harness: BuildHarness) -> None:
    async with build_harness(allowed_origins=(ALLOWED,)) as harness:
        response = await preflight(harness.client(), ALLOWED)

    varies = {name.strip() for name in response.headers["vary"].split(",")}
    assert varies == {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}


@pytest.mark.parametrize("origin", APPS)
@pytest.mark.parametrize("fetch", [{}, {"sec-fetch-site": "cross-site"}])
async def test_app_is_served_by_its_bearer_token_and_never_by_a_cookie(
    build_harness: BuildHarness, origin: str, fetch: dict[str, str]
) -> None:
    async with build_harness(allowed_origins=APPS) as harness:
        token = await harness.make_account(MOBILE)
        headers = {"origin": origin, **fetch}
        by_cookie = harness.client(headers=headers | {"cookie": f"session={token}"})
        by_bearer = harness.client(headers=headers, token=token)
        refused = await by_cookie.post("/graphql", json={"query": RENAME})
        legacy = await by_cookie.post("/api/profile/name", json={"name": "renamed"})
        read = await by_cookie.get("/api/check_login")
        served = await by_bearer.post("/graphql", json={"query": RENAME})

    assert refused.json()["data"]["updateName"]["errors"] == [{"code": "UNAUTHENTICATED"}]
    assert legacy.json()["errno"] == read.json()["errno"] == 4101
    assert served.json()["data"]["updateName"] == {"account": {"name": "renamed"}, "errors": []}
    assert served.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in served.headers


@pytest.mark.parametrize("origin", ["null", "capacitor://localhost"])
async def test_cookie_counts_for_nothing_with_an_origin_that_is_no_sites(
    harness: Harness, origin: str
) -> None:
    client = harness.client(
        headers={"origin": origin, "cookie": f"session={await harness.make_account(MOBILE)}"}
    )

    assert (await client.get("/api/check_login")).json()["errno"] == 4101


async def test_page_of_our_own_that_hides_its_origin_keeps_its_cookie(harness: Harness) -> None:
    headers = {
        "origin": "null",
        "sec-fetch-site": "same-origin",
        "cookie": f"session={await harness.make_account(MOBILE)}",
    }

    assert (await harness.client(headers=headers).get("/api/check_login")).json()["errno"] == 0


async def sign_in(client: httpx.AsyncClient, delivery: str) -> httpx.Response:
    variables = {"i": {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": delivery}}
    return await client.post("/graphql", json={"query": LOGIN, "variables": variables})


async def test_sign_in_by_cookie_from_an_app_is_refused_before_anything_is_judged(
    build_harness: BuildHarness,
) -> None:
    async with build_harness(allowed_origins=APPS) as harness:
        client = harness.client(headers={"origin": APPS[0]})
        answers = [await sign_in(client, "COOKIE") for _ in range(8)]
        legacy = await client.post("/api/login", json={"mobile": MOBILE, "password": PASSWORD})
        judged = await sign_in(client, "BODY")

    errors = [answer.json()["data"]["login"]["errors"] for answer in answers]
    assert {(error["code"], *error["field"]) for (error,) in errors} == {("INVALID_INPUT", "tokenDelivery")}
    assert "Bearer" in errors[0][0]["message"]
    assert legacy.json()["errno"] == 4103
    # None of the eight was counted as a failure.
    assert judged.json()["data"]["login"]["errors"][0]["code"] == "WRONG_CREDENTIALS"
    assert not any("set-cookie" in answer.headers for answer in [*answers, legacy, judged])


@pytest.mark.parametrize("origin", APPS)
async def test_app_signs_in_at_the_legacy_door_and_gets_its_token_in_the_body(
    build_harness: BuildHarness, origin: str
) -> None:
    async with build_harness(allowed_origins=APPS) as harness:
        await sign_up(harness, harness.open_door("graphql"))
        client = harness.client(headers={"origin": origin, "sec-fetch-site": "cross-site"})
        credentials = {"mobile": MOBILE, "password": PASSWORD, "token_delivery": "body"}
        answer = await client.post("/api/login", json=credentials)
        token = answer.json()["data"]["token"]
        signed_in = await harness.client(token=token, headers={"origin": origin}).get("/api/check_login")

    assert "set-cookie" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == origin
    assert signed_in.json()["errno"] == 0


async def test_bearer_token_without_our_cookie_passes_whatever_the_headers_say(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": STRANGER},
        {"origin": STRANGER, "cookie": "theirs=1; __Host-session=not-of-this-posture"},
        {"origin": "null"},
    ):
        client = harness.client(token=token, headers=headers)
        response = await client.post("/graphql", json={"query": RENAME})

        assert response.json()["data"]["updateName"]["errors"] == []
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("cookie", ["session=anything", 'other=1; session="x"', "session="])
@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": STRANGER}])
async def test_bearer_token_beside_our_cookie_is_judged_by_the_headers(
    harness: Harness, headers: dict[str, str], cookie: str
) -> None:
    client = harness.client(token=await harness.make_account(MOBILE), headers=headers | {"cookie": cookie})

    assert (await client.post("/graphql", json={"query": RENAME})).status_code == 403


WECHAT = {
    "sec-fetch-site": "cross-site",
    "referer": "https://servicewechat.com/wx0/1/page-frame.html",
    "xweb_xhr": "1",
}


async def test_wechat_on_desktops_is_served_with_and_without_a_token(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    signed_in = harness.client(token=token, headers=WECHAT)
    anonymous = harness.client(headers=WECHAT)

    renamed = await signed_in.post("/api/profile/name", json={"name": "renamed"})
    wrong = await anonymous.post("/api/login", json={"mobile": MOBILE, "password": PASSWORD})
    graphql = await sign_in(anonymous, "BODY")

    assert renamed.json()["errno"] == 0
    assert wrong.json()["errno"] == 4106
    assert graphql.json()["data"]["login"]["errors"][0]["code"] == "WRONG_CREDENTIALS"


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "session=anything"},
        {"origin": STRANGER},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_what_a_page_can_send_is_refused_beside_it(harness: Harness, headers: dict[str, str]) -> None:
    response = await harness.client(headers=WECHAT | headers).post("/api/login", json={"mobile": MOBILE})

    assert response.json()["errno"] == 4201


VITE = "http://localhost:5173"


@pytest.mark.parametrize("kind", ["graphql", "rest"])
@pytest.mark.parametrize("fetch", [{"sec-fetch-site": "cross-site"}, {"host": "127.0.0.1:8000"}], ids=str)
async def test_cookie_that_the_browser_throws_away_is_told_of(
    build_harness: BuildHarness, kind: str, fetch: dict[str, str]
) -> None:
    async with build_harness(allowed_origins=(VITE,)) as harness:
        door = harness.open_door(kind)
        await sign_up(harness, door)
        door.client.cookies.clear()
        door.client.headers.update({"origin": VITE, **fetch})
        with capture_logs() as logs:
            signed_in = await door.login(MOBILE, PASSWORD)

    assert [VITE in line["reason"] for line in logs if line["event"] == "session.cookie_lost"] == [True]
    if kind == "graphql":
        (warning,) = signed_in.response.json()["extensions"]["warnings"]
        assert "two sites" in warning


@pytest.mark.parametrize(
    ("delivery", "fetch"),
    [("BODY", "cross-site"), ("COOKIE", "same-site"), ("COOKIE", "same-origin")],
)
async def test_sign_in_that_arrives_is_not_warned_of(
    build_harness: BuildHarness, delivery: str, fetch: str
) -> None:
    async with build_harness(allowed_origins=(VITE,)) as harness:
        await sign_up(harness, harness.open_door("graphql"))
        with capture_logs() as logs:
            response = await sign_in(
                harness.client(headers={"origin": VITE, "sec-fetch-site": fetch}), delivery
            )

    assert response.json()["data"]["login"]["errors"] == []
    assert "extensions" not in response.json()
    assert "session.cookie_lost" not in [line["event"] for line in logs]


async def test_production_warns_in_the_log_alone(build_harness: BuildHarness) -> None:
    production = {"environment": "production", "secret_keys": f"a:{'A' * 44}"}
    async with build_harness(allowed_origins=(ALLOWED,), **production) as harness:
        await sign_up(harness, harness.open_door("graphql"))
        with capture_logs() as logs:
            response = await sign_in(
                harness.client(headers={"origin": ALLOWED, "sec-fetch-site": "cross-site"}), "COOKIE"
            )

    assert "session.cookie_lost" in [line["event"] for line in logs]
    assert "extensions" not in response.json()


async def test_wait_that_a_refusal_names_is_in_the_answers_header(build_harness: BuildHarness) -> None:
    async with build_harness(allowed_origins=(ALLOWED,)) as harness:
        client = harness.client(headers={"origin": ALLOWED})
        answers = [await sign_in(client, "BODY") for _ in range(6)]

    last = answers[-1]
    (error,) = last.json()["data"]["login"]["errors"]
    assert error["code"] == "RATE_LIMITED"
    assert 0 < int(last.headers["retry-after"]) <= 15 * 60
    assert "retry-after" in last.headers["access-control-expose-headers"]
    assert not any("retry-after" in answer.headers for answer in answers[:-1])
