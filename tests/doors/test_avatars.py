"""Avatars: judged by their bytes, re-encoded, stored under a random key."""

import re
from hashlib import sha256
from io import BytesIO

import pytest
from PIL import Image

from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import MOBILE, OTHER_MOBILE
from tests.doors.harness import Harness
from tests.doors.pictures import NO_PICTURES, gif_bomb, picture, png_with_text, turned_jpeg

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


@pytest.fixture
async def signed_in(harness: Harness, kind: str) -> Door:
    return harness.open_door(kind, token=await harness.make_account(MOBILE))


async def upload(door: Door, image: bytes) -> str:
    """Upload what must be accepted; its address."""
    uploaded = await door.upload_avatar(image)
    assert uploaded.is_ok, uploaded
    url: str = uploaded.values["avatar_url"]
    return url


async def shown(harness: Harness, url: str) -> Image.Image:
    response = await harness.client().get(url)
    assert response.status_code == 200
    return Image.open(BytesIO(response.content))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_picture_becomes_a_square_webp_of_512_pixels(
    harness: Harness, signed_in: Door, form: str
) -> None:
    url = await upload(signed_in, picture(form, (300, 100), "green"))
    avatar = await shown(harness, url)

    assert (avatar.format, avatar.size) == ("WEBP", (512, 512))
    assert (await signed_in.me()).values["avatar_url"] == url


async def test_picture_has_a_random_name_and_is_cached_for_ever(harness: Harness, signed_in: Door) -> None:
    url = await upload(signed_in, picture())
    response = await harness.client().get(url)

    assert re.fullmatch(r"/avatars/[0-9a-f]{64}\.webp", url)
    assert sha256(response.content).hexdigest() not in url
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in response.headers["content-security-policy"]


async def test_public_url_stands_before_the_address(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(public_url="https://accounts.example.com/") as harness:
        url = await upload(harness.open_door(kind, token=await harness.make_account(MOBILE)), picture())

    assert url.startswith("https://accounts.example.com/avatars/")


async def test_pictures_are_made_in_a_process_of_their_own(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(has_picture_process=True) as harness:
        door = harness.open_door(kind, token=await harness.make_account(MOBILE))

        assert (await shown(harness, await upload(door, picture()))).size == (512, 512)
        assert (await door.upload_avatar(NO_PICTURES["svg"])).is_refused_as("INVALID_IMAGE")


async def test_avatar_needs_a_sign_in(harness: Harness, door: Door) -> None:
    before = await harness.records()

    assert (await door.upload_avatar(picture())).is_refused_as("UNAUTHENTICATED")
    assert await harness.records() == before


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
async def test_picture_is_turned_upright_by_its_exif(
    harness: Harness, signed_in: Door, orientation: int
) -> None:
    avatar = (await shown(harness, await upload(signed_in, turned_jpeg(orientation)))).convert("RGB")
    top, bottom = avatar.getpixel((256, 100)), avatar.getpixel((256, 400))

    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, top[2] < 60) == (True, True)
    assert (bottom[2] > 200, bottom[0] < 60) == (True, True)


@pytest.mark.parametrize("upload_bytes", [turned_jpeg(6), png_with_text()], ids=["jpeg", "png"])
async def test_nothing_but_pixels_is_kept(harness: Harness, signed_in: Door, upload_bytes: bytes) -> None:
    url = await upload(signed_in, upload_bytes)
    content = (await harness.client().get(url)).content
    avatar = Image.open(BytesIO(content))

    assert not dict(avatar.getexif())
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(avatar.info)
    for secret in (b"Secret", b"script", b"EXIF", b"GPS"):
        assert secret not in content


async def test_only_the_first_frame_counts(harness: Harness, signed_in: Door) -> None:
    avatar = await shown(harness, await upload(signed_in, gif_bomb(50)))

    assert getattr(avatar, "n_frames", 1) == 1


async def test_declared_type_and_file_name_do_not_matter(harness: Harness, signed_in: Door) -> None:
    uploaded = await signed_in.upload_avatar(picture("JPEG"), filename="../../x.exe", declared="text/html")

    assert uploaded.is_ok
    assert (await shown(harness, uploaded.values["avatar_url"])).format == "WEBP"


@pytest.mark.parametrize("name", NO_PICTURES)
async def test_what_is_no_picture_is_refused_and_nothing_is_kept(harness: Harness, name: str) -> None:
    token = await harness.make_account(MOBILE)
    await harness.open_door("rest", token=token).upload_avatar(picture())
    before = await harness.records()
    for kind in ("graphql", "rest"):
        refused = await harness.open_door(kind, token=token).upload_avatar(NO_PICTURES[name])
        assert refused.is_refused_as("INVALID_IMAGE"), refused
        assert refused.field in {("image",), None}

    assert await harness.records() == before


async def test_picture_of_25_megapixels_is_the_largest(harness: Harness, signed_in: Door) -> None:
    assert await signed_in.upload_avatar(picture("JPEG", (5000, 5000)))
    assert (await signed_in.upload_avatar(picture("JPEG", (5001, 5000)))).is_refused_as("INVALID_IMAGE")


async def test_upload_of_5_mib_is_the_largest(harness: Harness, signed_in: Door) -> None:
    image = picture()

    assert await signed_in.upload_avatar(image + bytes(5 * MIB - len(image)))
    too_large = await signed_in.upload_avatar(image + bytes(5 * MIB - len(image) + 1))
    assert too_large.is_refused_as("INVALID_IMAGE")
    assert "5242880" in too_large.message


async def test_previous_picture_is_deleted(harness: Harness, signed_in: Door) -> None:
    old = await upload(signed_in, picture(colour="red"))
    new = await upload(signed_in, picture(colour="blue"))

    assert (await harness.client().get(old)).status_code == 404
    assert (await harness.client().get(new)).status_code == 200
    assert len((await harness.records())["pictures"]) == 1


async def test_same_picture_again_has_an_address_of_its_own(
    harness: Harness, signed_in: Door, kind: str
) -> None:
    other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))
    urls = [await upload(door, picture()) for door in (signed_in, signed_in, other)]

    assert len(set(urls)) == 3
    assert [(await harness.client().get(url)).status_code for url in urls] == [404, 200, 200]


async def test_rest_tells_the_address_three_times(harness: Harness) -> None:
    client = harness.client(token=await harness.make_account(MOBILE))
    envelope = (await client.post("/api/profile/avatar", files={"avatar": picture()})).json()

    assert envelope["errno"] == 0
    assert envelope["data"] == envelope["url"] == envelope["avatar"]
    profile = (await client.get("/api/profile")).json()["data"]
    assert profile["avatar"] == profile["avatar_url"] == envelope["data"]


async def test_no_avatar_is_null(harness: Harness) -> None:
    profile = (await harness.client(token=await harness.make_account(MOBILE)).get("/api/profile")).json()[
        "data"
    ]

    assert profile["avatar"] is profile["avatar_url"] is None
    assert profile["create_time"] == "2026-03-01 20:00:00"
