"""The `ihome` dialect: what pages in the wild expect otherwise than the document says."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD
from tests.doors.harness import Harness
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio


@pytest.fixture
async def harness(build_harness: BuildHarness) -> AsyncIterator[Harness]:
    async with build_harness(rest_dialect="ihome") as harness:
        yield harness


async def code_for(harness: Harness, client: httpx.AsyncClient) -> str:
    await client.get("/api/imagecode", params={"codeid": "1"})
    fields = {"mobile": MOBILE, "image_code_id": "1", "image_code_text": harness.captcha_text("1")}
    assert (await client.post("/api/smscode", json=fields)).json()["errno"] == 0
    return harness.sms.last_code


async def post(client: httpx.AsyncClient, path: str, **fields: object) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post(path, json=fields)).json()
    return answer


@pytest.mark.parametrize(
    ("new", "previous", "captcha_id", "captcha_text"),
    [
        ("codeid", "pcodeid", "image_code_id", "image_code_text"),
        ("cur", "pre", "piccode_id", "piccode"),
        ("c", "p", "codeId", "imagecode"),
        ("c", "p", "codeId", "code"),
    ],
)
async def test_captcha_has_the_pages_own_names(
    harness: Harness, new: str, previous: str, captcha_id: str, captcha_text: str
) -> None:
    client = harness.client()
    first, second = str(uuid4()), str(uuid4())
    await client.get("/api/imagecode", params={previous: "", new: first})
    assert (await client.get("/api/imagecode", params={previous: first, new: second})).content[1:4] == b"PNG"

    texts = {id_: harness.captcha_text(id_) for id_ in (first, second)}
    answers = [
        await post(client, "/api/smscode", mobile=MOBILE, **{captcha_id: id_, captcha_text: texts[id_]})
        for id_ in (first, second)
    ]

    assert [answer["errno"] for answer in answers] == [4002, 0]


@pytest.mark.parametrize(
    ("picture_path", "code_path", "register_path"),
    [
        ("/api/piccode", "/api/phonecode", "/api/signup"),
        ("/api/getImageCode", "/api/smsCode", "/api/register"),
    ],
)
async def test_paths_of_pages_in_the_wild_lead_to_the_same_endpoints(
    harness: Harness, picture_path: str, code_path: str, register_path: str
) -> None:
    client = harness.client()
    captcha_id = str(uuid4())
    await client.get(picture_path, params={"pre": "", "cur": captcha_id})
    captcha = {"piccode": harness.captcha_text(captcha_id), "piccode_id": captcha_id}
    assert (await post(client, code_path, mobile=MOBILE, **captcha))["errno"] == 0
    fields = {"mobile": MOBILE, "phonecode": harness.sms.last_code, "password": PASSWORD}
    assert (await post(client, register_path, **fields))["errno"] == 0
    assert (await client.get("/api/checkLogin")).json()["data"] == {"name": "18736008450"}


async def test_further_paths_are_guarded_as_those_that_they_mean(harness: Harness) -> None:
    client = harness.client(headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"})

    assert (await post(client, "/api/signup", mobile=MOBILE))["errno"] == 4201
    assert (await client.get("/api/signup")).status_code == 405
    assert (await client.post("/api/phonecode", content=b"x" * (100 * 1024 + 1))).json()["errno"] == 4201


async def test_documented_name_counts_before_an_alias_and_the_body_before_the_query(harness: Harness) -> None:
    client = harness.client()
    code = await code_for(harness, client)
    assert (await post(client, "/api/register", mobile=MOBILE, phonecode=code, password=PASSWORD))[
        "errno"
    ] == 0

    async def log_in(query: str = "", **fields: object) -> int:
        return int((await post(client, f"/api/login{query}", mobile=MOBILE, **fields))["errno"])

    assert await log_in(password=PASSWORD, passwd="another one") == 0
    assert await log_in(password="another one", passwd=PASSWORD) == 4106
    assert await log_in(password="", passwd=PASSWORD) == 0
    assert await log_in("?password=another", passwd=PASSWORD) == 0
    assert await log_in("?passwd=another", password=PASSWORD) == 0


async def test_envelope_has_every_copy_of_number_and_text(harness: Harness) -> None:
    answer = (await harness.client().get("/api/check_login")).json()

    assert answer == {
        "errno": 4101,
        "errmsg": "用户未登录",
        "errcode": "4101",
        "errorcode": "4101",
        "errormsg": "用户未登录",
    }


async def test_avatar_is_the_address_itself(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))

    answer = (await client.post("/api/profile/avatar", files={"avatar": picture()})).json()

    assert answer["data"].startswith("/avatars/")
    assert answer["data"] == answer["url"] == answer["avatar"]


@pytest.mark.parametrize("code_name", ["phonecode", "phoneCode", "smscode"])
@pytest.mark.parametrize("password_name", ["password", "passwd"])
async def test_register_takes_the_pages_own_names_and_no_captcha_text(
    harness: Harness, code_name: str, password_name: str
) -> None:
    client = harness.client()
    code = await code_for(harness, client)
    fields = {"mobile": MOBILE, code_name: code, password_name: PASSWORD, "extra": [1]}

    answer = await post(client, "/api/register", **fields)

    assert (answer["errno"], answer["errcode"], answer["errmsg"]) == (0, "0", "OK")
    assert answer["data"].items() >= {"name": "18736008450", "mobile": "18736008450"}.items()
    assert (await client.get("/api/check_login")).json()["data"] == {"name": "18736008450"}


@pytest.mark.parametrize("name", ["imagecode", "image_code_text"])
async def test_captcha_text_that_is_sent_must_be_right(harness: Harness, name: str) -> None:
    client = harness.client()
    code = await code_for(harness, client)
    fields = {"mobile": MOBILE, "phonecode": code, "password": PASSWORD}

    assert (await post(client, "/api/register", **fields, **{name: "0000"}))["errno"] == 4004
    assert (await post(client, "/api/register", **fields, **{name: harness.captcha_text("1")}))["errno"] == 0


async def test_every_other_success_carries_an_object(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    answers = [
        (await client.get("/api/check_login")).json(),
        await post(client, "/api/profile/name", user_name="小明"),
        await post(client, "/api/profile/auth", real_name="张三", id_card=ID_NUMBER),
        (await client.get("/api/logout")).json(),
    ]

    assert all(isinstance(answer["data"], dict) for answer in answers)
    assert all((answer["errno"], answer["errcode"]) == (0, "0") for answer in answers)
    assert answers[1]["data"]["name"] == "小明"


async def test_taken_name_is_4001(harness: Harness) -> None:
    await post(harness.client(token=await harness.make_account(MOBILE)), "/api/profile/name", name="alice")
    taken = await post(
        harness.client(token=await harness.make_account(OTHER_MOBILE)), "/api/profile/name", name="Alice"
    )

    assert (taken["errno"], taken["errcode"]) == (4001, "4001")


async def test_second_real_name_record_is_4003(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    answers = [await post(client, "/api/profile/auth", real_name="张三", id_card=ID_NUMBER) for _ in range(2)]

    assert [answer["errno"] for answer in answers] == [0, 4003]


async def test_document_has_none_of_this(build_harness: BuildHarness) -> None:
    async with build_harness() as harness:
        client = harness.client(token=await harness.make_account(MOBILE))

        assert (await client.get("/api/check_login")).json()["data"] == "18736008450"
        assert set((await client.get("/api/check_login")).json()) == {"errno", "errmsg", "data"}
        assert (await client.get("/api/checkLogin")).status_code == 404
        assert (await post(client, "/api/profile/name", user_name="小明"))["errno"] == 4103
