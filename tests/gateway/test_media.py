"""What is served beside the doors: pictures that may be kept for ever, and captchas as sound."""

import asyncio
import wave
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from adapters.avatar_store import FileAvatarStore
from resolvers.ports import AvatarStoreError
from tests.doors.conftest import BuildHarness
from tests.doors.flows import MOBILE
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.pictures import picture
from tests.doors.rest_door import RestDoor

pytestmark = pytest.mark.anyio

ABSENT = "0" * 64


@pytest.fixture
async def url(harness: Harness) -> str:
    """An avatar's address."""
    door = harness.open_door("rest", token=await harness.make_account(MOBILE))
    uploaded = await door.upload_avatar(picture())
    assert uploaded.is_ok, uploaded
    address: str = uploaded.values["avatar_url"]
    return address


async def get(harness: Harness, url: str, **headers: str) -> httpx.Response:
    return await harness.client().get(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def test_avatar_may_be_kept_for_ever_and_can_do_nothing(harness: Harness, url: str) -> None:
    response = await get(harness, url)

    assert response.status_code == 200
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert {"default-src 'none'", "sandbox"} <= set(response.headers["content-security-policy"].split("; "))
    assert response.headers.get_list("cache-control") == [response.headers["cache-control"]]
    assert "set-cookie" not in response.headers


async def test_picture_that_no_account_shows_cannot_be_fetched(harness: Harness, url: str) -> None:
    """Such as a killed worker leaves behind, between the picture and the account."""
    orphan = "5" * 64
    await harness.services.avatars.put(orphan, b"RIFF0000WEBP")

    assert (await get(harness, f"/avatars/{orphan}.webp")).status_code == 404
    assert (await get(harness, url)).status_code == 200


async def test_avatar_is_for_everybody_without_a_sign_in_and_by_head_too(harness: Harness, url: str) -> None:
    by_get, by_head = await get(harness, url), await harness.client().head(url)

    assert by_head.status_code == 200
    assert by_head.content == b""
    assert by_head.headers["content-length"] == by_get.headers["content-length"] == str(len(by_get.content))


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other",W/{}', "*"])
async def test_avatar_that_is_known_is_not_sent_again(harness: Harness, url: str, form: str) -> None:
    etag = (await get(harness, url)).headers["etag"]

    response = await get(harness, url, if_none_match=form.format(etag))

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag
    assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("etag", ['"other"', 'W/"other"', "", "nonsense"])
async def test_avatar_that_is_not_known_is_sent(harness: Harness, url: str, etag: str) -> None:
    assert (await get(harness, url, if_none_match=etag)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-9", 0, 9),
        ("5-5", 5, 5),
        ("10-", 10, None),
        ("-7", -7, None),
        ("0-999999999999", 0, None),
        ("-99999999", 0, None),
    ],
)
async def test_range_of_an_avatar_is_that_part(
    harness: Harness, url: str, asked: str, first: int, last: int | None
) -> None:
    whole = (await get(harness, url)).content
    part = whole[first:] if last is None else whole[first : last + 1]

    response = await get(harness, url, range=f"bytes={asked}")

    start = first % len(whole)
    assert response.status_code == 206
    assert response.content == part
    assert response.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{len(whole)}"
    assert response.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("asked", ["9999999-", "9999999-99999999", "-0"])
async def test_range_beyond_the_end_cannot_be_served(harness: Harness, url: str, asked: str) -> None:
    size = len((await get(harness, url)).content)

    response = await get(harness, url, range=f"bytes={asked}")

    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", "bytes=٠-١", "", "bytes"]
)
async def test_range_that_is_none_is_passed_over(harness: Harness, url: str, asked: str) -> None:
    headers = [(b"range", asked.encode())]
    response = await harness.client().get(url, headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/avatars/{ABSENT}.webp",
        f"/avatars/{'A' * 64}.webp",
        f"/avatars/{ABSENT}",
        f"/avatars/{ABSENT}.png",
        f"/avatars/..%2f{ABSENT}.webp",
        "/avatars/..%2f..%2fgateway.db.webp",
        "/avatars/..%2fgateway.db",
        "/avatars/%2e%2e/gateway.db",
        "/avatars/%00.webp",
        "/avatars/.webp",
        "/avatars/",
        "/avatars",
    ],
)
async def test_nothing_else_is_served_from_the_avatars(harness: Harness, path: str) -> None:
    response = await get(harness, path)

    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"


class BrokenAvatarStore(FileAvatarStore):
    async def get(self, key: str) -> bytes | None:  # noqa: ARG002 - the port's name
        raise AvatarStoreError("the disk is gone")


async def test_avatar_store_that_fails_is_unavailable(
    build_harness: BuildHarness, url: str, tmp_path: Path
) -> None:
    async with build_harness(avatars=BrokenAvatarStore(tmp_path)) as harness:
        response = await get(harness, url)

    assert response.status_code == 503
    assert "disk" not in response.text
    assert response.headers["cache-control"] == "no-store"


async def new_captcha(harness: Harness) -> tuple[RestDoor, str]:
    door = RestDoor(harness.client())
    made = await door.create_captcha()
    return door, made.values["id"]


@pytest.fixture
async def speaking(build_harness: BuildHarness) -> AsyncIterator[Harness]:
    """A gateway that speaks its captchas."""
    async with build_harness(captcha_audio=True) as harness:
        yield harness


async def test_captcha_can_be_heard(speaking: Harness) -> None:
    _, captcha_id = await new_captcha(speaking)

    response = await get(speaking, f"/captchas/{captcha_id}.wav")

    assert response.headers["content-type"] == "audio/wav"
    assert response.headers["cache-control"] == "no-store"
    with wave.open(BytesIO(response.content)) as sound:
        assert sound.getnframes() / sound.getframerate() > 1


async def test_listening_spends_nothing(speaking: Harness) -> None:
    door, captcha_id = await new_captcha(speaking)
    for _ in range(2):
        assert (await get(speaking, f"/captchas/{captcha_id}.wav")).status_code == 200

    sent = await door.send_sms_code(MOBILE, captcha_id, speaking.captcha_text(captcha_id))

    assert sent.is_ok


async def test_captcha_that_is_spent_or_expired_is_silent(speaking: Harness) -> None:
    door, spent = await new_captcha(speaking)
    await door.send_sms_code(MOBILE, spent, "wrong")
    _, expired = await new_captcha(speaking)
    speaking.clock.advance(181)

    assert (await get(speaking, f"/captchas/{spent}.wav")).status_code == 404
    assert (await get(speaking, f"/captchas/{expired}.wav")).status_code == 404


@pytest.mark.parametrize("captcha_id", ["unknown", "x" * 65, "%2e%2e", "a%20b", "%00"])
async def test_captcha_that_never_was_is_silent(speaking: Harness, captcha_id: str) -> None:
    assert (await get(speaking, f"/captchas/{captcha_id}.wav")).status_code == 404


async def test_listening_is_limited_as_looking_is(speaking: Harness) -> None:
    for _ in range(60):
        assert (await get(speaking, "/captchas/unknown.wav")).status_code == 404

    refused = await get(speaking, "/captchas/unknown.wav")
    elsewhere = await speaking.client(address="198.51.100.77").get("/captchas/unknown.wav")

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert elsewhere.status_code == 404


async def test_captcha_is_silent_unless_the_operator_wants_its_sound(harness: Harness) -> None:
    _, captcha_id = await new_captcha(harness)
    made = await GraphQLDoor(harness.client()).post("mutation { createCaptcha { captcha { audioUrl } } }")

    assert (await get(harness, f"/captchas/{captcha_id}.wav")).status_code == 404
    assert made.json()["data"]["createCaptcha"]["captcha"] == {"audioUrl": None}


async def test_captcha_sounds_the_same_whenever_it_is_heard(speaking: Harness) -> None:
    _, captcha_id = await new_captcha(speaking)
    heard = {(await get(speaking, f"/captchas/{captcha_id}.wav")).content for _ in range(3)}

    assert len(heard) == 1


async def test_many_who_listen_at_once_get_one_rendering(speaking: Harness) -> None:
    _, captcha_id = await new_captcha(speaking)
    url = f"/captchas/{captcha_id}.wav"
    answers = await asyncio.gather(*(get(speaking, url) for _ in range(8)))
    later = await get(speaking, url)

    assert {answer.status_code for answer in answers} <= {200, 429}
    assert {answer.content for answer in answers if answer.status_code == 200} == {later.content}


@pytest.mark.parametrize(
    ("asked", "status", "size", "content_range"),
    [
        ("bytes=0-1", 206, 2, "bytes 0-1/{size}"),
        ("bytes=2-", 206, -2, "bytes 2-{last}/{size}"),
        ("bytes=-10", 206, 10, "bytes {from_end}-{last}/{size}"),
        ("bytes=9999999-", 416, 0, "bytes */{size}"),
    ],
)
async def test_captcha_is_heard_in_parts(
    speaking: Harness, asked: str, status: int, size: int, content_range: str
) -> None:
    _, captcha_id = await new_captcha(speaking)
    url = f"/captchas/{captcha_id}.wav"
    whole = (await get(speaking, url)).content

    part = await speaking.client().get(url, headers={"range": asked})

    numbers = {"size": len(whole), "last": len(whole) - 1, "from_end": len(whole) - 10}
    assert part.status_code == status
    assert part.headers["content-range"] == content_range.format(**numbers)
    assert len(part.content) == (size if size >= 0 else len(whole) + size)
    assert status != 206 or part.content in whole
