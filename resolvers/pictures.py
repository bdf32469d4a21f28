"""Pictures: judged by their bytes, decoded once, and re-encoded so that nothing of the upload is kept."""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from resolvers.errors import ErrorCode, InputError
from resolvers.texts import Reason

MAXIMUM_BYTES = 5 * 1024 * 1024
MAXIMUM_PIXELS = 25_000_000
MAXIMUM_SIDE_PIXELS = 10_000
SIDE_PIXELS = 512

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_WEBP_QUALITY = 82

# What Pillow's decoders raise for broken bytes: no list in its documentation, so these were met by fuzzing.
_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
)


def make_avatar(upload: bytes) -> bytes:
    """`upload` as a square WebP of 512 pixels, upright, in sRGB, without metadata.

    Only the first frame of an animation counts. The pixels are counted from the header, before any is decoded.

    Raises:
        InputError: INVALID_IMAGE.
    """
    if not upload:
        raise _invalid(Reason.IMAGE_EMPTY)
    if len(upload) > MAXIMUM_BYTES:
        raise _invalid(Reason.IMAGE_TOO_LARGE, maximum=MAXIMUM_BYTES)
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its own limit on; ours is stricter and is checked below.
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(upload), formats=_FORMATS) as picture:
                _require_size(picture)
                return _encode(_square(_in_srgb(_upright(picture))))
    except InputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, *_BROKEN) as error:
        raise _invalid(Reason.IMAGE_UNREADABLE) from error


def _require_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAXIMUM_PIXELS or max(width, height) > MAXIMUM_SIDE_PIXELS:
        raise _invalid(Reason.IMAGE_TOO_MANY_PIXELS, maximum=MAXIMUM_PIXELS)
    if min(width, height) < 1:
        raise _invalid(Reason.IMAGE_UNREADABLE)


def _upright(picture: Image.Image) -> Image.Image:
    if picture.format == "JPEG":
        # JPEG can be decoded at a fraction of its size; never below what is shown.
        picture.draft(None, (SIDE_PIXELS * 2, SIDE_PIXELS * 2))
    picture.load()
    return ImageOps.exif_transpose(picture)


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(
                picture, source, target, outputMode=picture.mode if picture.mode == "RGBA" else "RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken profile spoils the colours at most, never the upload.
            converted = None
        if converted is not None:
            return converted.convert(mode)
    return picture.convert(mode)


def _square(picture: Image.Image) -> Image.Image:
    return ImageOps.fit(picture, (SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)


def _encode(picture: Image.Image) -> bytes:
    # A new picture has nothing but pixels: no EXIF, comment, profile or text chunk can come along.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = BytesIO()
    clean.save(out, format="WEBP", quality=_WEBP_QUALITY, method=4)
    return out.getvalue()


def _invalid(reason: Reason, **values: object) -> InputError:
    return InputError(ErrorCode.INVALID_IMAGE, reason, field=("image",), **values)
