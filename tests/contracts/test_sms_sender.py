"""What every SMS sender promises, with a vendor on this machine."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from adapters.development_inbox import FileInbox, read_inbox
from adapters.sms.aliyun import AliyunSmsSender
from adapters.sms.console import ConsoleSmsSender
from adapters.sms.http import HttpSmsSender
from resolvers.ports import SmsMessage, SmsSender, SmsSenderError
from resolvers.sms_purposes import SmsPurpose
from tests.contracts.fake_vendor import FakeVendor
from tests.contracts.redis_servers import free_port

pytestmark = pytest.mark.anyio

MESSAGE = SmsMessage("+8618736008450", SmsPurpose.REGISTER, "012345", "验证码 012345，5 分钟内有效。")

ACCEPTED = {
    "http": b'{"accepted": true}',
    "aliyun": b'{"Code": "OK", "Message": "OK", "BizId": "9006197469364984", "RequestId": "F655A8D5"}',
}


def make_sender(kind: str, url: str, timeout_seconds: float = 60) -> SmsSender:
    if kind == "http":
        return HttpSmsSender(f"{url}/messages", token="a-token", timeout_seconds=timeout_seconds)
    return AliyunSmsSender(
        access_key_id="an-id",
        access_key_secret="a-secret",
        sign_name="测试 签名",
        template_code="SMS_154950909",
        timeout_seconds=timeout_seconds,
        endpoint=url,
    )


@pytest.fixture
async def vendor() -> AsyncIterator[FakeVendor]:
    async with FakeVendor().running() as vendor:
        yield vendor


@pytest.fixture(params=["http", "aliyun"])
async def sender(request: pytest.FixtureRequest, vendor: FakeVendor) -> AsyncIterator[SmsSender]:
    """A sender whose vendor accepts what it gets, unless the test says otherwise."""
    vendor.answer = ACCEPTED[request.param]
    sender = make_sender(request.param, vendor.url)
    yield sender
    await sender.aclose()


@asynccontextmanager
async def refused_in_time() -> AsyncIterator[None]:
    """The block raises `SmsSenderError` within 5 s, and the error tells neither mobile nor code."""
    started = time.monotonic()
    with pytest.raises(SmsSenderError) as refusal:
        yield
    assert time.monotonic() - started < 5
    assert "8736008450" not in str(refusal.value)
    assert "012345" not in str(refusal.value)


async def test_accepted_message_reaches_the_vendor_once(sender: SmsSender, vendor: FakeVendor) -> None:
    await sender.send(MESSAGE)

    assert len(vendor.received) == 1
    assert vendor.received[0].method == "POST"


async def test_messages_at_once_are_all_sent(sender: SmsSender, vendor: FakeVendor) -> None:
    await asyncio.gather(*(sender.send(MESSAGE) for _ in range(60)))

    assert len(vendor.received) == 60


async def test_vendor_that_does_not_come_to_an_end_is_given_up() -> None:
    cases = [(kind, behaviour) for kind in ("http", "aliyun") for behaviour in ("hang", "drip")]

    await asyncio.gather(*(assert_given_up(kind, behaviour) for kind, behaviour in cases))


async def assert_given_up(kind: str, behaviour: str) -> None:
    async with FakeVendor(answer=ACCEPTED[kind], behaviour=behaviour).running() as vendor:
        sender = make_sender(kind, vendor.url, timeout_seconds=1)
        async with refused_in_time():
            await sender.send(MESSAGE)
        await sender.aclose()


@pytest.mark.parametrize("behaviour", ["reset", "garbage", "cut"])
async def test_broken_connection_is_an_error(sender: SmsSender, vendor: FakeVendor, behaviour: str) -> None:
    vendor.behaviour = behaviour

    async with refused_in_time():
        await sender.send(MESSAGE)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"OK",
        b"[]",
        b"null",
        b'"OK"',
        b"{}",
        b'{"accepted": false, "Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "+8618736008450"}',
        b'{"accepted": "true", "Code": ["OK"]}',
        b'{"accepted": null, "Code": null}',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"accepted": true, "Code": "OK", "x": "' + b"x" * 70_000 + b'"}',
    ],
    ids=range(12),
)
async def test_nonsense_is_no_acceptance(sender: SmsSender, vendor: FakeVendor, answer: bytes) -> None:
    vendor.answer = answer

    async with refused_in_time():
        await sender.send(MESSAGE)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_failure_status_is_no_acceptance(sender: SmsSender, vendor: FakeVendor, status: int) -> None:
    vendor.status = status

    async with refused_in_time():
        await sender.send(MESSAGE)


async def test_redirect_is_not_followed(sender: SmsSender, vendor: FakeVendor) -> None:
    async with FakeVendor(answer=vendor.answer).running() as elsewhere:
        vendor.status, vendor.headers = 307, f"location: {elsewhere.url}/\r\n"

        async with refused_in_time():
            await sender.send(MESSAGE)

        assert elsewhere.received == []


@pytest.mark.parametrize("kind", ["http", "aliyun"])
async def test_absent_vendor_is_an_error(kind: str) -> None:
    sender = make_sender(kind, f"http://127.0.0.1:{free_port()}")

    async with refused_in_time():
        await sender.send(MESSAGE)
    await sender.aclose()


async def test_sender_works_again_after_a_failure(sender: SmsSender, vendor: FakeVendor) -> None:
    vendor.behaviour = "reset"
    async with refused_in_time():
        await sender.send(MESSAGE)

    vendor.behaviour = "answer"
    await sender.send(MESSAGE)


async def test_hanging_message_does_not_hold_up_another(sender: SmsSender, vendor: FakeVendor) -> None:
    vendor.behaviour = "hang"
    async with asyncio.TaskGroup() as group:
        hanging = [group.create_task(asyncio.wait_for(sender.send(MESSAGE), 3)) for _ in range(20)]
        for _ in range(20):
            await vendor.arrivals.get()
        vendor.behaviour = "answer"
        await sender.send(MESSAGE)
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()


async def test_nothing_of_a_message_is_logged(
    sender: SmsSender, vendor: FakeVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await sender.send(MESSAGE)
    vendor.status = 500
    async with refused_in_time():
        await sender.send(MESSAGE)

    for record in caplog.records:
        assert "8736008450" not in record.getMessage()
        assert "012345" not in record.getMessage()


@pytest.mark.parametrize(
    "url", ["http://sms.example.com", "ftp://127.0.0.1/", "https://", "sms.example.com", ""]
)
async def test_codes_do_not_travel_in_the_clear(url: str) -> None:
    for kind in ("http", "aliyun"):
        with pytest.raises(ValueError, match="https"):
            make_sender(kind, url)


async def test_console_sender_writes_to_the_outbox_only(tmp_path: Path) -> None:
    told: list[str] = []
    sender = ConsoleSmsSender(FileInbox(tmp_path / "outbox.jsonl", tell=told.append))

    await sender.send(MESSAGE)
    await sender.aclose()

    [entry] = read_inbox(tmp_path / "outbox.jsonl", 10)
    assert (entry["kind"], entry["mobile"], entry["code"]) == ("sms", MESSAGE.mobile, "012345")
    assert "012345" in told[0]


async def test_http_vendor_gets_the_message_as_json_with_the_token(vendor: FakeVendor) -> None:
    vendor.answer = ACCEPTED["http"]
    async with AsyncExitStack() as stack:
        sender = make_sender("http", vendor.url)
        stack.push_async_callback(sender.aclose)
        await sender.send(MESSAGE)

    [received] = vendor.received
    assert received.target == "/messages"
    assert received.headers["authorization"] == "Bearer a-token"
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {
        "mobile": "+8618736008450",
        "purpose": "register",
        "code": "012345",
        "text": "验证码 012345，5 分钟内有效。",
    }
