"""Alibaba Cloud's request, judged as their gateway judges it."""

import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl

import pytest

from adapters.sms.aliyun import AliyunSmsSender
from adapters.sms.aliyun_signature import AccessKey, encode_query, sign_request
from resolvers.ports import SmsMessage
from resolvers.sms_purposes import SmsPurpose
from tests.contracts.clocks import MovableClock
from tests.contracts.fake_vendor import FakeVendor, Received

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vendor() -> AsyncIterator[FakeVendor]:
    async with FakeVendor(answer=b'{"Code": "OK"}').running() as vendor:
        yield vendor


async def send(
    vendor: FakeVendor, mobile: str = "+8618736008450", purpose: SmsPurpose = SmsPurpose.REGISTER
) -> Received:
    sender = AliyunSmsSender(
        access_key_id="an-id",
        access_key_secret="a-secret",
        sign_name="测试 签名*~",
        template_code="SMS_154950909",
        timeout_seconds=60,
        purpose_templates={"login": "SMS_2"},
        endpoint=vendor.url,
        clock=MovableClock(datetime(2026, 3, 1, 12, tzinfo=UTC)),
    )
    await sender.send(SmsMessage(mobile, purpose, "012345", "text"))
    await sender.aclose()
    return vendor.received[-1]


def is_signed_with(secret: str, received: Received) -> bool:
    """Redo the signature from what arrived on the wire, step by step as the documentation has it."""
    algorithm, _, rest = received.headers["authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(","))
    path, _, query = received.target.partition("?")
    canonical = f"{received.method}\n{path}\n{query}\n"
    for name in parts["SignedHeaders"].split(";"):
        canonical += f"{name}:{received.headers[name]}\n"
    canonical += f"\n{parts['SignedHeaders']}\n{sha256(received.body).hexdigest()}"
    to_sign = f"{algorithm}\n{sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), sha256).hexdigest() == parts["Signature"]


async def test_request_is_signed_as_it_arrives(vendor: FakeVendor) -> None:
    received = await send(vendor)

    assert is_signed_with("a-secret", received)
    assert not is_signed_with("another-secret", received)


async def test_every_header_of_theirs_is_signed(vendor: FakeVendor) -> None:
    received = await send(vendor)

    signed = set(
        received.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    )
    theirs = {name for name in received.headers if name.startswith("x-acs-")}
    assert signed == theirs | {"host"}
    assert received.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=an-id,")
    assert received.headers["x-acs-action"] == "SendSms"
    assert received.headers["x-acs-version"] == "2017-05-25"
    assert received.headers["x-acs-date"] == "2026-03-01T12:00:00Z"
    assert received.headers["x-acs-content-sha256"] == sha256(b"").hexdigest()


async def test_parameters_are_those_of_send_sms(vendor: FakeVendor) -> None:
    received = await send(vendor)

    parameters = dict(parse_qsl(received.target.partition("?")[2], strict_parsing=True))
    assert json.loads(parameters.pop("TemplateParam")) == {"code": "012345"}
    assert parameters == {
        "PhoneNumbers": "18736008450",
        "SignName": "测试 签名*~",
        "TemplateCode": "SMS_154950909",
    }


async def test_number_from_abroad_keeps_its_calling_code(vendor: FakeVendor) -> None:
    received = await send(vendor, mobile="+85251234567")

    assert "PhoneNumbers=85251234567&" in received.target


async def test_nonce_is_never_used_twice(vendor: FakeVendor) -> None:
    nonces = {(await send(vendor)).headers["x-acs-signature-nonce"] for _ in range(5)}

    assert len(nonces) == 5


def test_signature_is_that_of_the_documented_example() -> None:
    query = encode_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }

    signed = sign_request(AccessKey("YourAccessKeyId", "YourAccessKeySecret"), "POST", "/", query, headers)

    assert signed["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_secret_is_not_shown() -> None:
    assert "a-secret" not in repr(AccessKey("an-id", "a-secret"))


@pytest.mark.parametrize(
    ("purpose", "template"), [(SmsPurpose.LOGIN, "SMS_2"), (SmsPurpose.REGISTER, "SMS_154950909")]
)
async def test_each_purpose_may_have_a_template_of_its_own(
    vendor: FakeVendor, purpose: SmsPurpose, template: str
) -> None:
    received = await send(vendor, purpose=purpose)

    assert f"TemplateCode={template}&" in received.target
