"""The `ihome` dialect: what pages in the wild expect otherwise than the document says."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.doors.conftest import BuildHouse
from tests.doors.flows import ID_NUMBER, MOBILE, OTHER_MOBILE, PASSWORD
from tests.doors.house import House
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(build_house: BuildHouse) -> AsyncIterator[House]:
    async with build_house(rest_dialect="ihome") as house:
        yield house


async def code_for(house: House, client: httpx.AsyncClient) -> str:
    await client.get("/api/imagecode", params={"codeid": "1"})
    fields = {"mobile": MOBILE, "image_code_id": "1", "image_code_text": house.captcha_text("1")}
    assert (await client.post("/api/smscode", json=fields)).json()["errno"] == 0
    return house.sms.last_code


async def post(client: httpx.AsyncClient, path: str, **fields: object) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post(path, json=fields)).json()
    return answer


@pytest.mark.parametrize("code_name", ["phonecode", "phoneCode", "smscode"])
@pytest.mark.parametrize("password_name", ["password", "passwd"])
async def test_register_takes_the_pages_own_names_and_no_captcha_text(
    house: House, code_name: str, password_name: str
) -> None:
    client = house.client()
    code = await code_for(house, client)
    fields = {"mobile": MOBILE, code_name: code, password_name: PASSWORD, "extra": [1]}

    answer = await post(client, "/api/register", **fields)

    assert (answer["errno"], answer["errcode"], answer["errmsg"]) == (0, "0", "OK")
    assert answer["data"].items() >= {"name": "18736008450", "mobile": "18736008450"}.items()
    assert (await client.get("/api/check_login")).json()["data"] == {"name": "18736008450"}


@pytest.mark.parametrize("name", ["imagecode", "image_code_text"])
async def test_captcha_text_that_is_sent_must_be_right(house: House, name: str) -> None:
    client = house.client()
    code = await code_for(house, client)
    fields = {"mobile": MOBILE, "phonecode": code, "password": PASSWORD}

    assert (await post(client, "/api/register", **fields, **{name: "0000"}))["errno"] == 4004
    assert (await post(client, "/api/register", **fields, **{name: house.captcha_text("1")}))["errno"] == 0


async def test_every_success_carries_an_object(house: House) -> None:
    client = house.client(token=await house.make_account(MOBILE))
    answers = [
        (await client.get("/api/check_login")).json(),
        (await client.post("/api/profile/avatar", files={"avatar": picture()})).json(),
        await post(client, "/api/profile/name", user_name="小明"),
        await post(client, "/api/profile/auth", real_name="张三", id_card=ID_NUMBER),
        (await client.get("/api/logout")).json(),
    ]

    assert all(isinstance(answer["data"], dict) for answer in answers)
    assert all((answer["errno"], answer["errcode"]) == (0, "0") for answer in answers)
    assert answers[1]["data"]["avatar_url"] == answers[1]["url"]
    assert answers[2]["data"]["name"] == "小明"


async def test_taken_name_is_4001(house: House) -> None:
    await post(house.client(token=await house.make_account(MOBILE)), "/api/profile/name", name="alice")
    taken = await post(
        house.client(token=await house.make_account(OTHER_MOBILE)), "/api/profile/name", name="Alice"
    )

    assert (taken["errno"], taken["errcode"]) == (4001, "4001")


async def test_second_real_name_record_is_4003(house: House) -> None:
    client = house.client(token=await house.make_account(MOBILE))
    answers = [await post(client, "/api/profile/auth", real_name="张三", id_card=ID_NUMBER) for _ in range(2)]

    assert [answer["errno"] for answer in answers] == [0, 4003]


async def test_document_has_none_of_this(build_house: BuildHouse) -> None:
    async with build_house() as house:
        client = house.client(token=await house.make_account(MOBILE))

        assert (await client.get("/api/check_login")).json()["data"] == "18736008450"
        assert "errcode" not in (await client.get("/api/check_login")).json()
        assert (await post(client, "/api/profile/name", user_name="小明"))["errno"] == 4103
