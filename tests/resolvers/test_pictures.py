"""Pictures: whatever the bytes are, an avatar comes out or INVALID_IMAGE."""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resolvers.errors import ErrorCode, InputError
from resolvers.messages import Reason
from resolvers.pictures import make_avatar
from tests.doors.pictures import (
    gif_bomb,
    jpeg_of_scans,
    lying_png,
    picture,
    png_chunk,
    png_with_text,
    turned_jpeg,
)

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


DECODING = "ImageFile.load"


@contextmanager
def functions_called() -> Iterator[set[str]]:
    """The qualified names of all Python functions that are called in the block."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(
    "upload", [lying_png(20_000, 20_000), lying_png(5_001, 5_000), lying_png(2**31 - 1, 1)]
)
def test_enormous_picture_is_refused_before_it_is_decoded(upload: bytes) -> None:
    with pytest.raises(InputError), functions_called() as called:
        make_avatar(upload)

    assert DECODING not in called


def test_picture_that_is_taken_is_decoded() -> None:
    with functions_called() as called:
        make_avatar(picture())

    assert DECODING in called


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


NOISE = Image.effect_noise((300, 300), 90).convert("RGB")


def noise(kind: str, **options: object) -> bytes:
    out = BytesIO()
    NOISE.save(out, kind, **options)
    return out.getvalue()


def is_square(upload: bytes) -> bool:
    return Image.open(BytesIO(make_avatar(upload))).size == (512, 512)


def reason_of(upload: bytes) -> Reason:
    with pytest.raises(InputError) as refused:
        make_avatar(upload)
    return refused.value.reason


@pytest.mark.parametrize("size", [(1080, 12_000), (25_000, 1_000), (1, 2_000_000)])
def test_25_megapixels_of_any_shape_are_taken(size: tuple[int, int]) -> None:
    assert is_square(picture("PNG", size))


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe0\0\4JF",
        b"\xff\xe1\0\2",
        b"\xff\xe1\0\x10Exif\0\0MM\0*\0\0\0\x08",
        b"\xff\xe1\0\x20Exif\0\0" + b"\xff" * 24,
        b"\xff\xe2\0\x30ICC_PROFILE\0\1\1" + b"z" * 32,
        b"\xff\xe2\0\x10MPF\0" + b"I" * 10,
        b"\xff\xed\0\x14Photoshop 3.0\0XXXX",
        b"\xff\xee\0\x08Adobe\0",
    ],
)
def test_metadata_of_a_jpeg_never_decides(segment: bytes) -> None:
    jpeg = noise("JPEG")

    assert make_avatar(jpeg[:2] + segment + jpeg[2:]) == make_avatar(jpeg)


@pytest.mark.parametrize("name", [b"iTXt", b"zTXt", b"iCCP", b"tEXt", b"eXIf", b"vpAg"])
@pytest.mark.parametrize("is_right", [True, False])
def test_side_data_of_a_png_never_decides(name: bytes, is_right: bool) -> None:
    png = noise("PNG")
    chunk = png_chunk(name, b"Key\0\0" + zlib.compress(bytes(3_000_000)))
    chunk = chunk if is_right else chunk[:-4] + b"\0\0\0\0"

    assert make_avatar(png[:33] + chunk + png[33:]) == make_avatar(png)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_orientation_that_makes_no_sense_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    assert make_avatar(noise("JPEG", exif=exif)) == make_avatar(noise("JPEG"))


@pytest.mark.parametrize(
    "upload",
    [
        noise("JPEG")[:-2],
        noise("JPEG")[: len(noise("JPEG")) // 2],
        noise("JPEG", progressive=True)[: len(noise("JPEG")) // 2],
        noise("JPEG") + b"trailing",
        noise("PNG")[:-12],
        noise("PNG")[: len(noise("PNG")) // 2],
    ],
)
def test_picture_that_ends_too_soon_is_shown_as_far_as_it_goes(upload: bytes) -> None:
    assert is_square(upload)


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (lying_png(25_001, 1_000), Reason.IMAGE_TOO_MANY_PIXELS),
        (b"%PDF-1.7", Reason.IMAGE_UNREADABLE),
        (noise("JPEG")[:300], Reason.IMAGE_DAMAGED),
        (noise("WEBP")[:300], Reason.IMAGE_DAMAGED),
        (b"", Reason.IMAGE_EMPTY),
    ],
)
def test_refusal_states_the_true_reason(upload: bytes, reason: Reason) -> None:
    assert reason_of(upload) is reason


COMMENT_WITH_AN_END = b"\xff\xfe\x00\x04\xff\xd9"
VIDEO = b"\xff\xda\x00\x02" * 500


def test_jpeg_of_more_scans_than_any_program_makes_is_refused_before_it_is_decoded() -> None:
    """Six thousand scans of 25 megapixels are 300 KB, and minutes of work."""
    with functions_called() as called:
        assert reason_of(jpeg_of_scans(101)) == Reason.IMAGE_DAMAGED

    assert "load" not in called


@pytest.mark.parametrize(
    "upload",
    [
        jpeg_of_scans(100),
        jpeg_of_scans(10, after=VIDEO),
        picture("JPEG", (640, 480), progressive=True),
    ],
    ids=["a hundred", "a video behind", "by Pillow"],
)
def test_scans_that_programs_make_are_taken(upload: bytes) -> None:
    assert is_square(upload)


def test_scans_are_counted_behind_what_only_looks_like_the_end() -> None:
    assert reason_of(jpeg_of_scans(101, between=COMMENT_WITH_AN_END)) == Reason.IMAGE_DAMAGED
