"""Clients of the legacy door that keep no cookies: the token in the answer, and back as a bearer token."""

import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, PASSWORD, receive_code
from tests.doors.harness import Harness
from tests.doors.rest_door import RestDoor, outcome_of

pytestmark = pytest.mark.anyio


async def test_token_is_told_instead_of_a_cookie_and_comes_back_as_bearer(harness: Harness) -> None:
    door = RestDoor(harness.client())
    code, captcha_text = await receive_code(harness, door)
    fields = {"mobile": MOBILE, "password": PASSWORD, "token_delivery": "body"}

    answers = [
        await door.post("/api/register", **fields, phonecode=code, image_code_text=captcha_text),
        await door.post("/api/login", **fields),
    ]
    tokens = [answer.values.pop("token") for answer in answers]

    assert not door.client.cookies
    assert not any("set-cookie" in answer.response.headers for answer in answers)
    for token in tokens:
        native = harness.client(token=token)
        assert (await native.get("/api/check_login")).json()["data"] == "18736008450"
        assert (await native.get("/api/logout")).json()["errno"] == 0
        assert (await native.get("/api/check_login")).json()["errno"] == 4101


@pytest.mark.parametrize("delivery", ["cookie", "", None, "COOKIE"])
async def test_cookie_is_set_and_no_token_told_unless_asked_for(
    harness: Harness, delivery: str | None
) -> None:
    door = RestDoor(harness.client())
    code, captcha_text = await receive_code(harness, door)

    answer = await door.post(
        "/api/register",
        mobile=MOBILE,
        password=PASSWORD,
        phonecode=code,
        image_code_text=captcha_text,
        token_delivery=delivery,
    )

    assert set(answer.response.json()["data"]) == {"user_id", "name", "mobile"}
    assert (await door.me()).is_ok


async def test_unknown_delivery_is_refused_and_costs_no_code(harness: Harness) -> None:
    door = RestDoor(harness.client())
    code, captcha_text = await receive_code(harness, door)
    fields = {"mobile": MOBILE, "password": PASSWORD, "phonecode": code, "image_code_text": captcha_text}

    refused = await door.post("/api/register", **fields, token_delivery="header")

    assert refused.is_refused_as("INVALID_INPUT")
    assert "token_delivery" in refused.message
    assert (await door.post("/api/register", **fields)).is_ok


async def test_token_is_told_in_the_other_dialect_and_from_a_form_too(build_harness: BuildHarness) -> None:
    async with build_harness(rest_dialect="ihome") as harness:
        client = harness.client()
        code, _ = await receive_code(harness, RestDoor(client))
        form = {"mobile": MOBILE, "passwd": PASSWORD, "smscode": code, "token_delivery": "body"}

        answer = outcome_of(await client.post("/api/signup", data=form))

        assert (await harness.client(token=answer.values["token"]).get("/api/profile")).json()["errno"] == 0
