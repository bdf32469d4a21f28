"""Pictures: whatever the bytes are, an avatar comes out or INVALID_IMAGE."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resolvers.errors import ErrorCode, InputError
from resolvers.pictures import make_avatar
from tests.doors.pictures import gif_bomb, lying_png, picture, png_with_text, turned_jpeg

SEEDS = [picture(form, (24, 16)) for form in ("PNG", "JPEG", "WEBP", "GIF")] + [png_with_text()]


def attempt(upload: bytes) -> bytes | InputError:
    """The avatar, or the refusal."""
    try:
        return make_avatar(upload)
    except InputError as error:
        return error


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12),
    st.integers(0, 2000),
)
@settings(max_examples=60)
def test_broken_bytes_give_an_avatar_or_invalid_image(
    seed: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    broken = bytearray(seed)
    for place, value in changes:
        broken[place % len(broken)] = value
    if length < len(broken):
        del broken[length:]
    avatar = attempt(bytes(broken))
    if isinstance(avatar, InputError):
        assert avatar.code is ErrorCode.INVALID_IMAGE
        return
    assert Image.open(BytesIO(avatar)).size == (512, 512)


@given(st.binary(max_size=300))
@settings(max_examples=40)
def test_noise_is_no_picture(noise: bytes) -> None:
    with pytest.raises(InputError):
        make_avatar(noise)


@pytest.mark.parametrize("upload", [lying_png(20_000, 20_000), lying_png(10_001, 2), lying_png(2**31 - 1, 1)])
def test_enormous_picture_is_refused_before_it_is_decoded(
    upload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(InputError):
        make_avatar(upload)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_becomes_an_avatar(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (40, 30)).save(out, "PNG")

    assert Image.open(BytesIO(make_avatar(out.getvalue()))).size == (512, 512)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_mode_of_jpeg_becomes_an_avatar(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (40, 30)).save(out, "JPEG")

    assert Image.open(BytesIO(make_avatar(out.getvalue()))).size == (512, 512)


def test_transparency_is_kept() -> None:
    out = BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(out, "PNG")
    avatar = Image.open(BytesIO(make_avatar(out.getvalue())))

    assert avatar.mode == "RGBA"
    assert avatar.getchannel("A").getextrema() == (0, 0)


def test_same_picture_gives_the_same_bytes() -> None:
    assert make_avatar(turned_jpeg(6)) == make_avatar(turned_jpeg(6))


def test_first_frame_of_an_animation_counts() -> None:
    avatar = Image.open(BytesIO(make_avatar(gif_bomb(20))))

    assert getattr(avatar, "n_frames", 1) == 1
