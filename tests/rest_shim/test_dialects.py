"""What pages in the wild expect otherwise than the document says."""

from typing import Any

import pytest

from tests.doors.house import House
from tests.rest_shim.visitors import PASSWORD, Visitor, Visitors, picture

pytestmark = pytest.mark.anyio


async def envelope(visitor: Visitor, method: str, path: str, **fields: object) -> dict[str, Any]:
    response = await (visitor.post(path, **fields) if method == "POST" else visitor.get(path))
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
def page(ihome: House) -> Visitor:
    """A page that speaks ihome."""
    return Visitors(ihome).come()


@pytest.mark.parametrize(
    "fields",
    [
        {"imagecode": "TEXT", "phoneCode": "CODE", "passwd": PASSWORD},
        {"image_code_text": "TEXT", "smscode": "CODE", "password": PASSWORD},
        {"phonecode": "CODE", "password": PASSWORD, "password2": PASSWORD, "agree": True, "tags": [1]},
    ],
)
async def test_ihome_registers_with_the_spellings_of_its_pages(page: Visitor, fields: dict[str, Any]) -> None:
    await page.send_code()
    known = {"TEXT": page.captcha_text, "CODE": page.house.sms.last_code}
    sent = {
        name: known.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }

    answer = await envelope(page, "POST", "/api/register", mobile=page.mobile, **sent)

    assert answer["errno"] == 0
    assert answer["errcode"] == "0"
    assert answer["data"]["name"] == page.mobile


async def test_ihome_still_judges_a_captcha_text_that_is_sent(page: Visitor) -> None:
    await page.send_code()

    answer = await envelope(
        page,
        "POST",
        "/api/register",
        mobile=page.mobile,
        phonecode=page.house.sms.last_code,
        password=PASSWORD,
        imagecode="0000",
    )

    assert answer["errno"] == 4004


async def test_the_documented_spelling_counts_before_an_alias(page: Visitor) -> None:
    await page.register()

    answer = await envelope(page, "POST", "/api/login", mobile=page.mobile, password=PASSWORD, passwd="wrong")

    assert answer["errno"] == 0


async def test_ihome_has_an_object_as_data_of_every_success(page: Visitor) -> None:
    sent = (await page.send_code()).json()
    await page.send_registration()
    answers = [
        await envelope(page, "POST", "/api/login", mobile=page.mobile, passwd=PASSWORD),
        await envelope(page, "GET", "/api/check_login"),
        await envelope(page, "POST", "/api/profile/name", user_name="小明"),
        (await page.upload(picture())).json(),
        await envelope(page, "GET", "/api/profile/auth"),
        await envelope(page, "GET", "/api/logout"),
    ]

    assert sent["data"] == answers[-1]["data"] == {}
    assert all(isinstance(answer["data"], dict) for answer in answers)
    assert answers[1]["data"] == {"name": page.mobile}
    assert answers[2]["data"] == {"name": "小明"}
    assert answers[3]["data"]["avatar_url"] == answers[3]["url"] == answers[3]["avatar"]


async def test_ihome_has_numbers_of_its_own_for_taken_name_and_second_record(ihome: House) -> None:
    visitors = Visitors(ihome)
    first, second = await visitors.registered(), await visitors.registered()
    await first.post("/api/profile/name", name="小明")
    record = {"real_name": "张三", "id_card": first.id_number}
    await first.post("/api/profile/auth", **record)

    taken = await envelope(second, "POST", "/api/profile/name", name="小明")
    again = await envelope(first, "POST", "/api/profile/auth", **record)

    assert (taken["errno"], taken["errcode"]) == (4001, "4001")
    assert (again["errno"], again["errcode"]) == (4003, "4003")


async def test_the_documented_dialect_has_no_aliases(house: House, visitors: Visitors) -> None:
    if house.settings.rest_dialect != "documented":
        pytest.skip("this is about the other dialect")
    visitor = await visitors.registered()

    answer = await envelope(visitor, "POST", "/api/login", mobile=visitor.mobile, passwd=PASSWORD)

    assert answer == {"errno": 4103, "errmsg": "缺少参数 password"}
