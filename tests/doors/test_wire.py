"""What every answer carries: request ids, languages, headers, and who may send."""

import pytest

from resolvers.errors import ErrorCode
from rest_shim.errno import ERRNOS
from schema.errors import PAYLOAD_CODES, REQUEST_CODES
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, PASSWORD, sign_up
from tests.doors.graphql_door import GraphQLDoor, mutation_document
from tests.doors.harness import DOORS, Harness
from tests.doors.pictures import picture
from tests.doors.rest_door import CODES, outcome_of

pytestmark = pytest.mark.anyio


async def test_every_answer_has_a_request_id_of_its_own(harness: Harness, door: Door) -> None:
    ids = {(await door.me()).response.headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3
    assert all(len(request_id) == 16 for request_id in ids)


async def test_request_id_is_taken_from_a_trusted_proxy_only(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(trusted_proxies="10.0.0.0/8") as harness:
        answers = [
            await DOORS[kind](harness.client(address=address, headers={"x-request-id": "abcdef-123456"})).me()
            for address in ("10.1.2.3", "198.51.100.1")
        ]

    assert answers[0].response.headers["x-request-id"] == "abcdef-123456"
    assert answers[1].response.headers["x-request-id"] != "abcdef-123456"


async def test_answers_are_not_stored_and_not_sniffed(door: Door) -> None:
    headers = (await door.me()).response.headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    # Old pages upload through a frame of their own; no other site may show one.
    ancestors, options = ("'self'", "SAMEORIGIN") if door.name == "rest" else ("'none'", "DENY")
    assert headers["content-security-policy"] == f"default-src 'none'; frame-ancestors {ancestors}"
    assert headers["x-frame-options"] == options
    assert "referrer-policy" in headers


@pytest.mark.parametrize(
    ("accepted", "is_chinese"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("zh", True),
        ("en-GB", False),
        ("en;q=0.5, zh;q=0.6", True),
        ("fr", False),
        ("", False),
        ("*", False),
        ("zh;q=0", False),
        ("zh;q=nan", False),
        (";;;,,,=", False),
    ],
)
async def test_graphql_speaks_the_accepted_language(
    harness: Harness, accepted: str, is_chinese: bool
) -> None:
    door = GraphQLDoor(harness.client(headers={"accept-language": accepted}))

    message = (await door.login(MOBILE, "wrong password")).message

    assert message == ("手机号或密码错误" if is_chinese else "The mobile number or the password is wrong.")


async def test_top_level_errors_are_in_the_accepted_language_too(harness: Harness) -> None:
    door = GraphQLDoor(harness.client(headers={"accept-language": "zh"}))

    assert (await door.auth_info()).message == "用户未登录"


async def test_rest_speaks_chinese_whatever_is_accepted(harness: Harness) -> None:
    client = harness.client(headers={"accept-language": "en"})

    assert (await DOORS["rest"](client).me()).message == "用户未登录"


async def test_every_code_stands_in_both_doors_tables() -> None:
    names = {code.name for code in ErrorCode}

    assert {code.name for code in ERRNOS} == names
    assert {code.name for code in (*PAYLOAD_CODES, *REQUEST_CODES)} == names


async def test_numbers_are_those_of_the_legacy_document() -> None:
    """What has come since then is told by the number that says it best."""
    told = {code: errno for errno, codes in CODES.items() if errno not in {4202, 4500} for code in codes}

    assert {code: int(ERRNOS[ErrorCode(code)]) for code in told} == told


async def test_rest_answers_are_http_200_whatever_comes_of_it(harness: Harness) -> None:
    client = harness.client()
    for path in ("/api/check_login", "/api/logout", "/api/profile", "/api/profile/auth", "/api/imagecode"):
        assert (await client.get(path)).status_code == 200
    for path in ("smscode", "register", "login", "profile/avatar", "profile/name", "profile/auth"):
        assert (await client.post(f"/api/{path}", json={})).status_code == 200


async def test_unknown_path_and_wrong_method_are_envelopes_too(harness: Harness) -> None:
    client = harness.client()
    unknown, wrong_method = await client.get("/api/nothing"), await client.put("/api/login")

    assert (unknown.status_code, wrong_method.status_code) == (404, 405)
    assert unknown.json()["errno"] == wrong_method.json()["errno"] == 4201
    assert wrong_method.headers["allow"] == "POST"


async def test_unknown_path_with_a_line_break_is_an_envelope_too(harness: Harness) -> None:
    answers = [await harness.client().get(f"/api/{path}") for path in ("%0d%0a", "login%0a", "%0a/login")]

    assert [(answer.status_code, answer.json()["errno"]) for answer in answers] == [(404, 4201)] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.test"},
        {"sec-fetch-site": "same-site", "origin": "https://other.gateway.test"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://gateway.test.evil.test"},
        {"origin": "http://gateway.test:81"},
    ],
)
async def test_another_sites_page_changes_nothing(harness: Harness, headers: dict[str, str]) -> None:
    token = await harness.make_account(MOBILE)
    before = await harness.records()
    client = harness.client(headers=headers)
    client.cookies.set("session", token, domain="gateway.test")
    posted = await client.post("/api/profile/name", json={"name": "stolen"})
    signed_out = await client.get("/api/logout")
    asked = await client.post("/graphql", json={"query": mutation_document("logout")})

    assert posted.json()["errno"] == signed_out.json()["errno"] == 4201
    assert asked.status_code == 403
    assert asked.json()["errors"][0]["extensions"]["code"] == "CROSS_SITE_REFUSED"
    assert await harness.records() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "http://gateway.test"},
        {"sec-fetch-site": "none"},
        {"origin": "http://gateway.test"},
        {"origin": "https://app.example.com", "sec-fetch-site": "cross-site"},
        {"x-xsrftoken": "whatever a legacy page sends"},
    ],
)
async def test_own_pages_allowed_origins_and_native_clients_may_post(
    build_harness: BuildHarness, kind: str, headers: dict[str, str]
) -> None:
    async with build_harness(allowed_origins="https://app.example.com") as harness:
        client = harness.client(token=await harness.make_account(MOBILE), headers=headers)

        assert await DOORS[kind](client).update_name("mine")


async def test_cors_answers_allowed_origins_only(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(allowed_origins="https://app.example.com") as harness:
        for origin, is_allowed in (("https://app.example.com", True), ("https://evil.test", False)):
            headers = (await DOORS[kind](harness.client(headers={"origin": origin})).me()).response.headers
            assert headers.get("access-control-allow-origin") == (origin if is_allowed else None)
            assert ("access-control-allow-credentials" in headers) is is_allowed


@pytest.mark.parametrize("is_in_query", [True, False])
async def test_profile_is_served_by_mobile_and_password_without_a_session(
    harness: Harness, is_in_query: bool
) -> None:
    await sign_up(harness, harness.open_door("rest"))
    client = harness.client()
    credentials = {"mobile": MOBILE, "password": PASSWORD}

    async def get(path: str) -> dict[str, object]:
        response = await client.get(path, params=credentials)
        assert "set-cookie" not in response.headers
        answer: dict[str, object] = response.json()
        return answer

    async def post(path: str, **fields: str) -> dict[str, object]:
        query, body = (credentials, fields) if is_in_query else ({}, credentials | fields)
        response = await client.post(path, params=query, json=body)
        assert "set-cookie" not in response.headers
        answer: dict[str, object] = response.json()
        return answer

    assert (await get("/api/profile"))["errno"] == 0
    assert (await post("/api/profile/name", name="小明"))["data"] == {"name": "小明"}
    assert (await post("/api/profile/auth", real_name="张三", id_card="11010519491231002X"))["errno"] == 0
    assert (await get("/api/profile/auth"))["data"] == {"real_name": "*三", "id_card": "1101**********002X"}
    assert len((await harness.records())["sessions"]) == 1


async def test_avatar_is_taken_with_mobile_and_password_in_the_form(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    response = await harness.client().post(
        "/api/profile/avatar",
        data={"mobile": MOBILE, "password": PASSWORD},
        files={"avatar": ("a.png", picture())},
    )

    assert response.json()["errno"] == 0
    assert "set-cookie" not in response.headers


async def test_credentials_without_a_session_go_through_the_sign_in_limits(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    client = harness.client()
    wrong = [
        (await client.get("/api/profile", params={"mobile": MOBILE, "password": "wrong"})).json()
        for _ in range(6)
    ]
    right = (await client.get("/api/profile", params={"mobile": MOBILE, "password": PASSWORD})).json()

    assert [answer["errno"] for answer in wrong] == [4106] * 5 + [4201]
    assert right["errno"] == 4201
    assert (await harness.open_door("graphql").login(MOBILE, PASSWORD)).is_refused_as("RATE_LIMITED")


async def test_credentials_are_ignored_with_a_session(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("rest"))
    client = harness.client(token=await harness.make_account("+8613900000001"))
    profile = await client.get("/api/profile", params={"mobile": MOBILE, "password": PASSWORD})
    wrong = await client.get("/api/profile", params={"mobile": MOBILE, "password": "wrong"})

    assert profile.json()["data"]["mobile"] == wrong.json()["data"]["mobile"] == "13900000001"


async def test_profile_without_session_and_credentials_is_refused(harness: Harness) -> None:
    for parameters in ({}, {"mobile": MOBILE}, {"password": PASSWORD}, {"mobile": "", "password": ""}):
        response = await harness.client().get("/api/profile", params=parameters)
        assert outcome_of(response).is_refused_as("UNAUTHENTICATED")


async def test_ipv6_addresses_are_counted_by_64(harness: Harness) -> None:
    one = harness.open_door("rest", address="2001:db8:1:2::1")
    for _ in range(60):
        await one.create_captcha()

    assert not await harness.open_door("rest", address="2001:db8:1:2:ffff::9").create_captcha()
    assert await harness.open_door("rest", address="2001:db8:1:3::1").create_captcha()


async def test_forwarded_address_counts_from_a_trusted_proxy_only(build_harness: BuildHarness) -> None:
    async with build_harness(trusted_proxies="10.0.0.1") as harness:

        async def draw(peer: str, forwarded: str) -> bool:
            client = harness.client(address=peer, headers={"x-forwarded-for": forwarded})
            return (await DOORS["rest"](client).create_captcha()).is_ok

        for turn in range(60):
            assert await draw("10.0.0.1", f"1.1.1.{turn}, 203.0.113.7")
        assert not await draw("10.0.0.1", "203.0.113.7")
        assert await draw("10.0.0.1", "203.0.113.8")
        for turn in range(60):
            assert await draw("198.51.100.1", f"203.0.113.{turn}")
        assert not await draw("198.51.100.1", "203.0.113.200")
