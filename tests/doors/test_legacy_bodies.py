"""Bodies that real legacy clients send, at the legacy door in both dialects: read as what they mean."""

import pytest

from rest_shim.dialects import DialectName
from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, PASSWORD, sign_up

pytestmark = pytest.mark.anyio

MARK = b"\xef\xbb\xbf"
NATIONAL = MOBILE.removeprefix("+86")
JSON_BODY = f'{{"mobile":"{NATIONAL}","password":"{PASSWORD}"}}'.encode()
FORM_BODY = f"mobile={NATIONAL}&password={PASSWORD.replace(' ', '+')}".encode()
FORM = "application/x-www-form-urlencoded"

TAKEN = {
    "JSON": ("application/json", JSON_BODY),
    "form": (FORM, FORM_BODY),
    "JSON declared as a form": (FORM, JSON_BODY),
    "form declared as JSON": ("application/json", FORM_BODY),
    "JSON declared as parts": ("multipart/form-data", JSON_BODY),
    "mark before JSON": ("application/json", MARK + JSON_BODY),
    "mark before a form": (FORM, MARK + FORM_BODY),
    "JSON in UTF-16": ("application/json", JSON_BODY.decode().encode("utf-16")),
    "ampersand before": (FORM, b"&" + FORM_BODY),
    "ampersand after": (FORM, FORM_BODY + b"&"),
    "name without a value": (FORM, FORM_BODY + b"&remember"),
    "comma after the last value": ("application/json", JSON_BODY[:-1] + b",}"),
    "mobile as a number": (
        "application/json",
        JSON_BODY.replace(f'"{NATIONAL}"'.encode(), NATIONAL.encode()),
    ),
    "declared as GBK": (f"{FORM}; charset=gbk", FORM_BODY + b"&note=%D0%A1%C3%F7"),
    "the last of two": (FORM, b"password=wrong&" + FORM_BODY),
}
REFUSED = {
    "nothing": ("application/json", b""),
    "null": ("application/json", b"null"),
    "null as a value": ("application/json", JSON_BODY[:-1] + b',"mobile":null}'),
    "two commas": ("application/json", JSON_BODY[:-1] + b",,}"),
    "GBK that is not declared": (FORM, FORM_BODY + b"&note=%C3%F7"),
    "cut off": ("application/json", JSON_BODY[:-1]),
    "a number with a leading zero": ("application/json", JSON_BODY[:-1] + b',"phonecode":012345}'),
    "a list for a mobile": ("application/json", b'{"mobile":["1"],"password":"12345678"}'),
}


@pytest.mark.parametrize("dialect", ["documented", "ihome"])
async def test_sign_in_reads_what_clients_send(build_harness: BuildHarness, dialect: DialectName) -> None:
    async with build_harness(rest_dialect=dialect) as harness:
        await sign_up(harness, harness.open_door("graphql"))
        client = harness.client()

        async def log_in(content_type: str, body: bytes) -> int:
            headers = {"content-type": content_type}
            response = await client.post("/api/login", content=body, headers=headers)
            return int(response.json()["errno"])

        taken = {name: await log_in(*sent) for name, sent in TAKEN.items()}
        refused = {name: await log_in(*sent) for name, sent in REFUSED.items()}

    assert taken == dict.fromkeys(TAKEN, 0)
    assert refused == dict.fromkeys(REFUSED, 4103)


async def test_name_of_a_chinese_form_is_kept_as_it_was_meant(build_harness: BuildHarness) -> None:
    async with build_harness() as harness:
        client = harness.client(token=await harness.make_account(MOBILE))

        answer = await client.post(
            "/api/profile/name",
            content=b"name=%D0%A1%C3%F7",
            headers={"content-type": f"{FORM};charset=GB2312"},
        )

    assert answer.json()["data"] == {"name": "小明"}
