"""Bad input: each gets its named error in that door's form, never a fault, and changes nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.doors.flows import ID_NUMBER, MOBILE, PASSWORD
from tests.doors.graphql_door import GraphQLDoor, mutation_document
from tests.doors.harness import Harness
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio

MISSING = object()

REST_FIELDS: dict[str, dict[str, Any]] = {
    "/api/smscode": {"mobile": MOBILE, "image_code_id": "no-such", "image_code_text": "ABCD"},
    "/api/register": {
        "mobile": MOBILE,
        "phonecode": "123456",
        "password": PASSWORD,
        "image_code_text": "ABCD",
    },
    "/api/login": {"mobile": MOBILE, "password": PASSWORD},
    "/api/profile/name": {"name": "alice"},
    "/api/profile/auth": {"real_name": "张三", "id_card": ID_NUMBER},
}
GRAPHQL_FIELDS: dict[str, dict[str, Any]] = {
    "sendSmsCode": {"mobile": MOBILE, "captchaId": "no-such", "captchaText": "ABCD"},
    "register": {"mobile": MOBILE, "smsCode": "123456", "password": PASSWORD, "tokenDelivery": "BODY"},
    "login": {"mobile": MOBILE, "password": PASSWORD, "tokenDelivery": "BODY"},
    "loginWithSmsCode": {"mobile": MOBILE, "smsCode": "123456", "tokenDelivery": "BODY"},
    "resetPassword": {"mobile": MOBILE, "smsCode": "123456", "newPassword": PASSWORD},
    "changePassword": {"currentPassword": PASSWORD, "newPassword": "another horse 42"},
    "reauthenticate": {"password": PASSWORD},
    "updateName": {"name": "alice"},
    "submitAuth": {"realName": "张三", "idNumber": ID_NUMBER},
}

WRONG_KINDS: list[Any] = [
    MISSING,
    None,
    True,
    False,
    1.5,
    10**30,
    -(10**30),
    [],
    ["a"],
    {},
    {"a": {"b": 1}},
    "",
]
HOSTILE_TEXTS = {
    "nul": "a\x00b",
    "lone surrogate": "a\ud800b",
    "reversed surrogates": "\udc00\ud800",
    "override": "\u202ea\u202c",
    "long": "x" * 60_000,
    "long digits": "1" * 60_000,
    "html": "<script>alert(1)</script>",
    "sql": "'; DROP TABLE accounts; --",
    "format": "{0} %s %n ${jndi:ldap://x}",
    "newlines": "a\r\nset-cookie: session=x",
}
# An expired captcha or code, and wrong credentials, are what a well-formed but made-up value gets.
NAMED_ERRNOS = {4002, 4004, 4103, 4106, 4201, 4202}
NAMED_CODES = {
    "BAD_USER_INPUT",
    "BAD_REQUEST",
    "INVALID_INPUT",
    "CAPTCHA_EXPIRED",
    "SMS_CODE_EXPIRED",
    "WRONG_CREDENTIALS",
    "RATE_LIMITED",
}

NO_BODIES: dict[str, bytes] = {
    "empty": b"",
    "space": b" ",
    "text": b"hello",
    "html": b"<html></html>",
    "null": b"null",
    "true": b"true",
    "number": b"12",
    "string": b'"mobile"',
    "array": b"[]",
    "array of objects": b'[{"mobile": "1"}]',
    "cut off": b'{"mobile": "187',
    "two values": b"{}{}",
    "single quotes": b"{'mobile': 1}",
    "trailing comma": b'{"name": "a",}',
    "nan": b'{"name": NaN, "query": NaN}',
    "infinity": b'{"name": -Infinity, "query": 1e999}',
    "5000 digits": b'{"name": ' + b"9" * 5000 + b', "query": ' + b"9" * 5000 + b"}",
    "deep array": b"[" * 50_000,
    "deep closed array": b"[" * 40_000 + b"]" * 40_000,
    "deep objects": b'{"name":' * 10_000 + b"1" + b"}" * 10_000,
    "deep field": b'{"name": "a", "query": "{me{id}}", "x": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "not utf-8": b'{"name": "\xff\xfe", "query": "\xff"}',
    "overlong utf-8": b'{"name": "\xc0\xaf", "query": "\xc0\xaf"}',
    "utf-8 surrogate": b'{"name": "\xed\xa0\x80", "query": "\xed\xa0\x80"}',
    "utf-16": json.dumps({"name": "a", "query": "{me{id}}"}).encode("utf-16"),
    "nul bytes": bytes(100),
    "bad percent": b"name=%zz%ff%fe",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(50),
}

# What legacy clients mean by these is known, and read (`tests/doors/test_legacy_bodies.py`).
READ_AT_THE_LEGACY_DOOR = {"trailing comma", "utf-16"}


@pytest.fixture
async def signed_in(harness: Harness) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody signed in; afterwards nothing may have changed."""
    token = await harness.make_account(MOBILE)
    before = await harness.records()
    yield harness.client(token=token)
    assert await harness.records() == before
    assert not harness.sms.messages


def variants(fields: dict[str, Any], values: list[Any]) -> list[dict[str, Any]]:
    """`fields` with each one spoilt by each value in turn."""
    spoilt = [fields | {name: value} for name in fields for value in values]
    return [{name: value for name, value in one.items() if value is not MISSING} for one in spoilt]


async def rest_answer(client: httpx.AsyncClient, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    response = await client.post(path, **options)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    answer: dict[str, Any] = response.json()
    assert set(answer) <= {"errno", "errmsg", "retry_after"}
    assert answer["errmsg"]
    return answer


def graphql_codes(response: httpx.Response) -> set[str]:
    """The codes of a GraphQL refusal, wherever they stand."""
    assert response.status_code < 500
    assert "set-cookie" not in response.headers
    answer = response.json()
    if "errors" in answer:
        return {error["extensions"]["code"] for error in answer["errors"]}
    (payload,) = answer["data"].values()
    assert not [value for name, value in payload.items() if name != "errors" and value is not None]
    return {error["code"] for error in payload["errors"]}


@pytest.mark.parametrize("path", REST_FIELDS)
async def test_rest_refuses_fields_of_a_wrong_kind(signed_in: httpx.AsyncClient, path: str) -> None:
    for fields in variants(REST_FIELDS[path], WRONG_KINDS):
        answer = await rest_answer(signed_in, path, content=json.dumps(fields))
        assert answer["errno"] == 4103, fields


@pytest.mark.parametrize("path", REST_FIELDS)
async def test_rest_refuses_hostile_texts(signed_in: httpx.AsyncClient, path: str) -> None:
    for fields in variants(REST_FIELDS[path], list(HOSTILE_TEXTS.values())):
        if path == "/api/profile/name" and fields["name"] in {HOSTILE_TEXTS["sql"], HOSTILE_TEXTS["format"]}:
            continue  # a name like any other
        if path == "/api/profile/auth" and fields["id_card"] == ID_NUMBER:
            fields |= {"id_card": "11010519491231002Y"}
        answer = await rest_answer(signed_in, path, content=json.dumps(fields))
        assert answer["errno"] in NAMED_ERRNOS, ascii(fields)


@pytest.mark.parametrize("name", GRAPHQL_FIELDS)
async def test_graphql_refuses_fields_of_a_wrong_kind(signed_in: httpx.AsyncClient, name: str) -> None:
    door = GraphQLDoor(signed_in)
    for fields in variants(GRAPHQL_FIELDS[name], WRONG_KINDS):
        response = await door.post(mutation_document(name), {"input": fields})
        assert graphql_codes(response) <= NAMED_CODES, fields


@pytest.mark.parametrize("name", GRAPHQL_FIELDS)
async def test_graphql_refuses_hostile_texts(signed_in: httpx.AsyncClient, name: str) -> None:
    door = GraphQLDoor(signed_in)
    for fields in variants(GRAPHQL_FIELDS[name], list(HOSTILE_TEXTS.values())):
        if name == "updateName" and fields["name"] in {HOSTILE_TEXTS["sql"], HOSTILE_TEXTS["format"]}:
            continue  # a name like any other
        if name == "submitAuth" and fields["idNumber"] == ID_NUMBER:
            fields |= {"idNumber": "11010519491231002Y"}
        response = await door.post(mutation_document(name), {"input": fields})
        assert graphql_codes(response) <= NAMED_CODES, ascii(fields)


@pytest.mark.parametrize(
    "variables",
    [
        None,
        {},
        {"input": None},
        {"input": []},
        {"input": "x"},
        {"input": {"unknown": 1}},
        {"input": {"name": "a", "extra": 1}},
        [],
        "x",
        1,
    ],
)
async def test_graphql_refuses_wrong_variables(signed_in: httpx.AsyncClient, variables: Any) -> None:  # noqa: ANN401
    for name in GRAPHQL_FIELDS:
        response = await GraphQLDoor(signed_in).post(mutation_document(name), variables)
        assert graphql_codes(response) <= {"BAD_USER_INPUT", "BAD_REQUEST"}


@pytest.mark.parametrize("image", [None, "x", 1, True, [], {}, {"filename": "a.png"}, MISSING])
async def test_graphql_upload_needs_a_file(signed_in: httpx.AsyncClient, image: Any) -> None:  # noqa: ANN401
    fields = {} if image is MISSING else {"image": image}
    response = await GraphQLDoor(signed_in).post(mutation_document("uploadAvatar"), {"input": fields})

    assert graphql_codes(response) <= {"BAD_USER_INPUT", "INVALID_IMAGE", "INVALID_INPUT"}


@pytest.mark.parametrize("path", [*REST_FIELDS, "/api/profile/avatar"])
async def test_rest_refuses_what_is_no_body(signed_in: httpx.AsyncClient, path: str) -> None:
    for name, body in NO_BODIES.items():
        if name in READ_AT_THE_LEGACY_DOOR:
            continue
        for declared in ("application/json", "application/x-www-form-urlencoded", "text/plain", "", None):
            headers = {} if declared is None else {"content-type": declared}
            answer = await rest_answer(signed_in, path, content=body, headers=headers)
            assert answer["errno"] == 4103, (name, declared)


async def test_rest_refuses_broken_multipart_bodies(signed_in: httpx.AsyncClient) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\n\r\n'
    whole = part + picture() + b"\r\n--b--\r\n"
    broken = [
        ("multipart/form-data", whole),
        ("multipart/form-data; boundary=", whole),
        ("multipart/form-data; boundary=other", whole),
        ("multipart/form-data; boundary=" + "b" * 500, whole),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"hello"),
        ("multipart/form-data; boundary=b", b"--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"a: b\r\n" * 5000 + b"\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", whole.replace(b'; filename="a.png"', b"")),
        ("multipart/form-data; boundary=b", whole.replace(b'"avatar"', b'"other"')),
        ("multipart/form-data; boundary=b; charset=nonsense", whole.replace(b'; filename="a.png"', b"")),
        ("multipart/form-data; boundary=b", part + b"1\r\n" + part + b"2\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", whole[:-10]),
    ]
    for content_type, body in broken:
        for path in ("/api/profile/avatar", "/api/login"):
            answer = await rest_answer(signed_in, path, content=body, headers={"content-type": content_type})
            assert answer["errno"] in {4103, 4302}, (content_type[:60], body[:80])


@pytest.mark.parametrize("name", NO_BODIES)
async def test_graphql_refuses_what_is_no_body(signed_in: httpx.AsyncClient, name: str) -> None:
    for declared in (
        "application/json",
        "application/json; charset=utf-8",
        "multipart/form-data; boundary=b",
    ):
        response = await signed_in.post(
            "/graphql", content=NO_BODIES[name], headers={"content-type": declared}
        )
        assert 400 <= response.status_code < 500
        assert "data" not in response.json()
        assert graphql_codes(response) <= {"BAD_REQUEST", "UPLOAD_MALFORMED", "BATCHING_DISABLED"}


@pytest.mark.parametrize(
    "declared", ["", "text/plain", "application/x-www-form-urlencoded", "image/png", "x"]
)
async def test_graphql_takes_json_declared_as_json_only(signed_in: httpx.AsyncClient, declared: str) -> None:
    body = json.dumps({"query": mutation_document("logout")})
    response = await signed_in.post("/graphql", content=body, headers={"content-type": declared})

    assert response.status_code == 415
    assert graphql_codes(response) == {"UNSUPPORTED_MEDIA_TYPE"}


async def test_graphql_refuses_broken_uploads(signed_in: httpx.AsyncClient) -> None:
    operations = {"query": mutation_document("uploadAvatar"), "variables": {"input": {"image": None}}}
    spoilt: list[tuple[object, object]] = [
        (operations, None),
        (operations, {}),
        (operations, []),
        (operations, {"0": "variables.input.image"}),
        (operations, {"0": ["variables.input.nothing"]}),
        (operations, {"0": ["variables"]}),
        (operations, {"0": ["query"]}),
        (operations, {"0": ["variables.input.image.deeper"]}),
        (operations, {"1": ["variables.input.image"]}),
        (operations, {"0": ["variables.input.image"], "1": ["variables.input.image"]}),
        (operations | {"variables": None}, {"0": ["variables.input.image"]}),
        (operations | {"variables": {"input": {"image": "x"}}}, {"0": ["variables.input.image"]}),
        ([operations], {"0": ["0.variables.input.image"]}),
        (None, {"0": ["variables.input.image"]}),
    ]
    for first, second in spoilt:
        response = await signed_in.post(
            "/graphql",
            data={"operations": json.dumps(first), "map": json.dumps(second)},
            files={"0": ("a.png", picture())},
        )
        assert graphql_codes(response) <= {"UPLOAD_MALFORMED", "BAD_REQUEST", "BATCHING_DISABLED"}, second


@pytest.mark.parametrize("path", REST_FIELDS)
async def test_rest_refuses_a_body_over_its_limit(signed_in: httpx.AsyncClient, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100_000

    for content in (b'{"name": "' + b"x" * 1_000_000 + b'"}', chunks()):
        response = await signed_in.post(path, content=content)
        assert response.status_code == 413
        assert response.json()["errno"] == 4103


async def test_upload_over_its_limit_is_refused(signed_in: httpx.AsyncClient) -> None:
    too_large = bytes(7 * 1024 * 1024)
    rest = await signed_in.post("/api/profile/avatar", files={"avatar": ("a.png", too_large)})
    graphql = await GraphQLDoor(signed_in).upload_avatar(too_large)

    assert (rest.status_code, rest.json()["errno"]) == (413, 4103)
    assert graphql.response.status_code == 413
    assert graphql.refusals <= {"BODY_TOO_LARGE", "UPLOAD_FILE_TOO_LARGE"}


async def test_graphql_refuses_a_body_over_its_limit(signed_in: httpx.AsyncClient) -> None:
    response = await GraphQLDoor(signed_in).post(
        mutation_document("updateName"), {"input": {"name": "x" * 1_000_000}}
    )

    assert response.status_code == 413
    assert graphql_codes(response) == {"BODY_TOO_LARGE"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "codeid=",
        "codeid=a%20b",
        "codeid=%00",
        "codeid=%ff%fe",
        "codeid=../../etc/passwd",
        "codeid=" + "a" * 65,
        "codeid=a&pcodeid=%3Cscript%3E",
        "codeid=a&pcodeid=" + "b" * 65,
        "codeid[]=a",
        "&&&===",
        "codeid=" + "9" * 60_000,
        "%" * 500,
    ],
)
async def test_malformed_captcha_ids_are_refused(signed_in: httpx.AsyncClient, query: str) -> None:
    response = await signed_in.get(f"/api/imagecode?{query}")

    assert response.status_code == 200
    assert response.json()["errno"] == 4103


@pytest.mark.parametrize("captcha_id", ["1", "0", "550e8400-e29b-41d4-a716-446655440000", "a" * 64, "A_b-9"])
async def test_integers_and_uuids_are_captcha_ids(harness: Harness, captcha_id: str) -> None:
    response = await harness.client().get("/api/imagecode", params={"codeid": captcha_id, "pcodeid": ""})

    assert response.headers["content-type"] == "image/png"


async def test_graphql_refuses_malformed_previous_ids(signed_in: httpx.AsyncClient) -> None:
    malformed: tuple[object, ...] = ("a b", "\x00", "<script>", "a" * 65, [], {}, True, 1.5)
    for previous_id in malformed:
        response = await GraphQLDoor(signed_in).post(
            mutation_document("createCaptcha"), {"input": {"previousId": previous_id}}
        )
        assert graphql_codes(response) <= {"INVALID_INPUT", "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "image/png",
        "",
        "nonsense",
        None,
    ],
)
async def test_rest_reads_json_whatever_the_declared_type(harness: Harness, declared: str | None) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    headers = {} if declared is None else {"content-type": declared}
    response = await client.post(
        "/api/profile/name", content='{"name": "first", "name": "last", "unknown": [1]}', headers=headers
    )

    assert response.json()["data"] == {"name": "last"}


async def test_rest_reads_forms_and_multipart_fields(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    form = await client.post("/api/profile/name", data={"name": "小明 & co".replace(" & ", " ")})
    multipart = await client.post("/api/profile/name", files={"name": (None, "小红")})

    assert form.json()["data"] == {"name": "小明 co"}
    assert multipart.json()["data"] == {"name": "小红"}


@pytest.mark.parametrize("value", ["true", "[1]", "{}", "1.5"])
async def test_rest_says_of_what_is_no_text_that_it_has_to_be_one(harness: Harness, value: str) -> None:
    answer = await harness.client().post("/api/login", content=f'{{"mobile": {value}, "password": "x"}}')

    assert answer.json() == {"errno": 4103, "errmsg": "参数 mobile 必须是字符串"}


async def test_numbers_are_read_as_text(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    response = await client.post("/api/profile/name", content='{"name": 42}')

    assert response.json()["data"] == {"name": "42"}
