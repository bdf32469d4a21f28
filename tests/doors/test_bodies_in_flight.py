"""Bodies in flight: together they hold at most the budget, strangers' a quarter of it, and an account two uploads."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE, OTHER_MOBILE, PASSWORD, sign_up
from tests.doors.harness import HOST, Harness
from tests.doors.pictures import picture

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
PATHS = {"graphql": "/graphql", "rest": "/api/profile/avatar"}
OPERATIONS = {
    "query": "mutation ($image: Upload!) { uploadAvatar(input: {image: $image}) { errors { code } } }",
    "variables": {"image": None},
}


def multipart(kind: str, size: int, **fields: str) -> bytes:
    """An upload of `size` bytes that are no picture."""
    texts, file = fields, "avatar"
    if kind == "graphql":
        texts, file = {"operations": json.dumps(OPERATIONS), "map": '{"0": ["variables.image"]}'}, "0"
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in texts.items()
    ]
    parts.append(f'--X\r\nContent-Disposition: form-data; name="{file}"; filename="a"\r\n\r\n{"x" * size}')
    return "\r\n".join([*parts, "--X--\r\n"]).encode()


class Sending:
    """A request that is sent chunk by chunk, all but its last byte, and then waits for `finish`."""

    def __init__(self, harness: Harness, kind: str, body: bytes, token: str | None = None) -> None:
        self._chunks = [body[at : at + 65_536] for at in range(0, len(body) - 1, 65_536)]
        self._chunks[-1] = body[(len(self._chunks) - 1) * 65_536 : -1]
        self._last = body[-1:]
        self._finished = asyncio.Event()
        self.has_all_but_one = asyncio.Event()
        self.messages: list[Any] = []
        headers = [(b"host", HOST.encode()), (b"content-type", b"multipart/form-data; boundary=X")]
        headers.append((b"content-length", b"%d" % len(body)))
        if token:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": PATHS[kind],
            "raw_path": PATHS[kind].encode(),
            "query_string": b"",
            "headers": headers,
            "scheme": "http",
            "client": ("198.51.100.9", 5000),
            "server": (HOST, 80),
            "state": {},
        }
        self.task = asyncio.create_task(harness.app(scope, self._receive, self._send))

    @property
    def status(self) -> int | None:
        return self.messages[0]["status"] if self.messages else None

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.messages[1]["body"])
        return content

    async def finish(self) -> None:
        self._finished.set()
        await self.task

    async def _receive(self) -> dict[str, object]:
        await asyncio.sleep(0)
        if self._chunks:
            return {"type": "http.request", "body": self._chunks.pop(0), "more_body": True}
        self.has_all_but_one.set()
        await self._finished.wait()
        body, self._last = self._last, b""
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Any) -> None:  # noqa: ANN401
        self.messages.append(message)
        # A server gives what is left of a body that was refused to nobody.
        self.has_all_but_one.set()


@asynccontextmanager
async def many(
    harness: Harness, kind: str, size: int, tokens: list[str | None]
) -> AsyncIterator[list[Sending]]:
    body = multipart(kind, size)
    sendings = [Sending(harness, kind, body, token) for token in tokens]
    try:
        for sending in sendings:
            await sending.has_all_but_one.wait()
        yield sendings
    finally:
        for sending in sendings:
            await sending.finish()


def refused_for_room(sending: Sending, kind: str) -> bool:
    if sending.status != 503:
        return False
    assert int(sending.headers[b"retry-after"]) >= 1
    if kind == "rest":
        assert (sending.content["errno"], sending.content["retry_after"]) == (4201, 5)
    else:
        assert sending.content["errors"][0]["extensions"]["code"] == "SERVER_BUSY"
    return True


async def test_strangers_get_a_quarter_of_the_budget(build_harness: BuildHarness, kind: str) -> None:
    async with (
        build_harness(bodies_in_flight_bytes=8 * MIB) as harness,
        many(harness, kind, MIB, [None] * 10) as sent,
    ):
        held = [sending for sending in sent if sending.status is None]
        refused = [sending for sending in sent if refused_for_room(sending, kind)]

        assert (len(held), len(refused)) == (2, 8)
    assert {sending.status for sending in held} == {200}


async def test_accounts_have_the_whole_budget_beside_strangers(
    build_harness: BuildHarness, kind: str
) -> None:
    async with build_harness(bodies_in_flight_bytes=4 * MIB) as harness:
        tokens: list[str | None] = [await harness.make_account(f"+8618736{n:06}") for n in range(6)]
        async with many(harness, kind, MIB, tokens) as sent:
            assert sum(sending.status is None for sending in sent) == 4
            assert sum(refused_for_room(sending, kind) for sending in sent) == 2
        # All is given back.
        async with many(harness, kind, MIB, tokens[:3]) as sent:
            assert all(sending.status is None for sending in sent)


async def test_full_budget_keeps_nobody_from_signing_in(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(bodies_in_flight_bytes=MIB) as harness:
        token = await harness.make_account(MOBILE)
        async with (
            many(harness, kind, MIB - 100_000, [token]),
            many(harness, kind, 200_000, [None]) as refused,
        ):
            assert refused_for_room(refused[0], kind)
            assert (await harness.open_door(kind).login(OTHER_MOBILE, PASSWORD)).is_refused_as(
                "WRONG_CREDENTIALS"
            )


async def test_account_has_two_uploads_in_flight_and_others_have_theirs(harness: Harness, kind: str) -> None:
    token, other = await harness.make_account(MOBILE), await harness.make_account(OTHER_MOBILE)
    async with many(harness, kind, MIB, [token] * 2):
        third = await harness.open_door(kind, token=token).upload_avatar(picture())
        assert third.is_refused_as("RATE_LIMITED")
        assert third.retry_after_seconds == 2
        assert (await harness.open_door(kind, token=other).upload_avatar(picture())).is_ok
    assert (await harness.open_door(kind, token=token).upload_avatar(picture())).is_ok


async def test_session_that_ends_while_the_body_comes_uploads_nothing(harness: Harness, kind: str) -> None:
    token = await harness.make_account(MOBILE)
    before = await harness.records()
    async with many(harness, kind, MIB, [token]) as sent:
        assert (await harness.open_door(kind, token=token).logout()).is_ok
    answer = json.dumps(sent[0].content)

    assert '"errno": 4101' in answer or "UNAUTHENTICATED" in answer
    assert (await harness.records())["pictures"] == before["pictures"]


async def test_credentials_in_the_query_are_judged_before_the_body(harness: Harness) -> None:
    refused = await harness.client().post(
        f"/api/profile/avatar?mobile={MOBILE}&password=wrong-password", files={"avatar": picture()}
    )

    assert refused.json()["errno"] == 4106


@pytest.mark.parametrize("in_query", [True, False])
async def test_documented_credentials_upload_without_a_session(harness: Harness, in_query: bool) -> None:
    await sign_up(harness, harness.open_door("rest"))
    credentials = {"mobile": MOBILE, "password": PASSWORD}
    uploaded = await harness.client().post(
        "/api/profile/avatar",
        files={"avatar": picture()},
        **{"params" if in_query else "data": credentials},  # type: ignore[arg-type]
    )

    assert uploaded.json()["errno"] == 0
    assert "set-cookie" not in uploaded.headers
