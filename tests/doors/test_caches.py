"""What a client's normalised cache is given: after each mutation it knows who is signed in, and how long to wait."""

from datetime import datetime
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLScalarType, is_specified_scalar_type

from schema.sdl import graphql_schema
from tests.doors.flows import ID_NUMBER, MOBILE, PASSWORD, REAL_NAME, receive_code, sign_up, solve_captcha
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio

ACCOUNT = "{ id name authInfo { realName } }"


@pytest.fixture
def door(harness: Harness) -> GraphQLDoor:
    return GraphQLDoor(harness.client())


async def mutate(door: GraphQLDoor, mutation: str, made: str, fields: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
    document = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ {made} errors {{ code }} }} }}"
    answer = (await door.post(document, {"input": fields})).json()
    payload = answer["data"][mutation]
    assert payload.pop("errors") == []
    return payload


async def who_is_signed_in(door: GraphQLDoor) -> Any:  # noqa: ANN401 - JSON
    return (await door.post(f"{{ me {ACCOUNT} }}")).json()["data"]["me"]


async def test_registration_tells_who_is_signed_in_now(harness: Harness, door: GraphQLDoor) -> None:
    code, _ = await receive_code(harness, door)

    fields = {"mobile": MOBILE, "smsCode": code, "password": PASSWORD}
    payload = await mutate(door, "register", f"account {ACCOUNT} me {ACCOUNT}", fields)

    assert payload["me"] == payload["account"] == await who_is_signed_in(door)
    assert payload["me"] is not None


async def test_sign_in_tells_who_is_signed_in_now(harness: Harness, door: GraphQLDoor) -> None:
    await sign_up(harness, GraphQLDoor(harness.client()))

    payload = await mutate(door, "login", f"me {ACCOUNT}", {"mobile": MOBILE, "password": PASSWORD})

    assert payload["me"] == await who_is_signed_in(door)
    assert payload["me"] is not None


async def test_refused_sign_in_tells_nobody(door: GraphQLDoor) -> None:
    document = (
        f"mutation ($input: LoginInput!) {{ login(input: $input) {{ me {ACCOUNT} errors {{ code }} }} }}"
    )

    answer = (await door.post(document, {"input": {"mobile": MOBILE, "password": "wrong password"}})).json()

    assert answer["data"]["login"] == {"me": None, "errors": [{"code": "WRONG_CREDENTIALS"}]}


async def test_sign_out_tells_that_nobody_is_signed_in(harness: Harness, door: GraphQLDoor) -> None:
    await sign_up(harness, door)

    answer = (await door.post(f"mutation {{ logout {{ me {ACCOUNT} errors {{ code }} }} }}")).json()

    assert answer == {"data": {"logout": {"me": None, "errors": []}}}


async def test_submission_tells_whose_record_it_is(harness: Harness, door: GraphQLDoor) -> None:
    await sign_up(harness, door)

    fields = {"realName": REAL_NAME, "idNumber": ID_NUMBER}
    payload = await mutate(door, "submitAuth", f"account {ACCOUNT} authInfo {{ realName }}", fields)

    assert payload["account"] == await who_is_signed_in(door)
    assert payload["account"]["authInfo"] == payload["authInfo"] == {"realName": "**丰"}


async def test_each_time_to_wait_for_is_told_as_a_countdown(harness: Harness, door: GraphQLDoor) -> None:
    made = (
        await door.post("mutation { createCaptcha { captcha { expiresAt expiresAfterSeconds } } }")
    ).json()
    captcha_id, text = await solve_captcha(harness, door)
    asked = "resendAvailableAt resendAfterSeconds expiresAt expiresAfterSeconds"
    fields = {"mobile": MOBILE, "captchaId": captcha_id, "captchaText": text}

    sent = await mutate(door, "sendSmsCode", asked, fields)

    captcha = made["data"]["createCaptcha"]["captcha"]
    assert (captcha["expiresAfterSeconds"], sent["resendAfterSeconds"], sent["expiresAfterSeconds"]) == (
        180,
        60,
        300,
    )
    for at, seconds in (
        (captcha["expiresAt"], 180),
        (sent["resendAvailableAt"], 60),
        (sent["expiresAt"], 300),
    ):
        assert (datetime.fromisoformat(at) - harness.clock()).total_seconds() == seconds


def test_every_payload_of_a_sign_in_tells_who_is_signed_in() -> None:
    """A further way to sign in is found by the session that it gives."""
    payloads = [type_ for type_ in graphql_schema.type_map.values() if type_.name.endswith("Payload")]
    objects = [type_ for type_ in payloads if isinstance(type_, GraphQLObjectType)]
    sign_ins = [type_ for type_ in objects if "session" in type_.fields]

    assert {"LoginPayload", "RegisterPayload"} <= {type_.name for type_ in sign_ins}
    assert [type_.name for type_ in sign_ins if str(type_.fields["me"].type) != "Account"] == []


def test_every_scalar_of_our_own_says_where_it_is_specified() -> None:
    scalars = [type_ for type_ in graphql_schema.type_map.values() if isinstance(type_, GraphQLScalarType)]
    own = [scalar for scalar in scalars if not is_specified_scalar_type(scalar)]

    assert {scalar.name for scalar in own} == {"DateTime", "Upload"}
    assert all((scalar.specified_by_url or "").startswith("https://") for scalar in own)
