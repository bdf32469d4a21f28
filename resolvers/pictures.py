"""Pictures: judged by their bytes, decoded once, and re-encoded so that nothing of the upload is kept.

Decoders are where hostile bytes meet C code, so the service runs this in a process of its own: see `PictureMaker` in
`resolvers/ports.py`.
"""

import warnings
from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from resolvers.errors import ErrorCode, InputError
from resolvers.messages import Reason
from resolvers.picture_containers import open_container, read_orientation

MAXIMUM_BYTES = 5 * 1024 * 1024
MAXIMUM_PIXELS = 25_000_000
SIDE_PIXELS = 512
# A progressive JPEG that cameras and programs make has about ten. Each goes over all pixels, however few bytes it has.
MAXIMUM_SCANS = 100

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")

# How to undo what EXIF counts from 2 to 8.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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


# A picture that ends too soon is shown as far as it goes, as browsers do.
ImageFile.LOAD_TRUNCATED_IMAGES = True


def make_avatar(upload: bytes) -> bytes:
    """`upload` as a square WebP of 512 pixels, upright, in sRGB, without metadata.

    Only the first frame of an animation counts. The pixels are counted from the header, before any is decoded.

    Raises:
        InputError: INVALID_IMAGE.
    """
    if not upload:
        raise refuse_picture(Reason.IMAGE_EMPTY)
    if len(upload) > MAXIMUM_BYTES:
        raise refuse_picture(Reason.IMAGE_TOO_LARGE)
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its own limit on; ours is stricter and is checked below.
            warnings.simplefilter("ignore")
            container = open_container(upload)
            if container.scans > MAXIMUM_SCANS:
                raise refuse_picture(Reason.IMAGE_DAMAGED)
            with Image.open(BytesIO(container.content), formats=_FORMATS) as picture:
                _require_size(picture)
                small = _upright(_shrink(picture), container.orientation or _orientation_of(picture))
                return _encode(_square(_in_srgb(small, container.profile or picture.info.get("icc_profile"))))
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise refuse_picture(Reason.IMAGE_TOO_MANY_PIXELS) from error
    except (UnidentifiedImageError, *_BROKEN) as error:
        reason = Reason.IMAGE_DAMAGED if upload.startswith(_STARTS) else Reason.IMAGE_UNREADABLE
        raise refuse_picture(reason) from error


def _require_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAXIMUM_PIXELS:
        raise refuse_picture(Reason.IMAGE_TOO_MANY_PIXELS)
    if min(width, height) < 1:
        raise refuse_picture(Reason.IMAGE_DAMAGED)


def _shrink(picture: Image.Image) -> Image.Image:
    """Decode, and go down at once to about twice what is shown: every later step then works on little memory."""
    if picture.format == "JPEG":
        # JPEG can be decoded at a fraction of its size; never below what is shown.
        picture.draft(None, (SIDE_PIXELS * 2, SIDE_PIXELS * 2))
    picture.load()
    # Cut before anything is converted: a strip of 25 megapixels is soon a small square.
    decoded = _cut_square(picture)
    if picture.mode.startswith("I;16"):
        # 16 bits a pixel: converting would clip them, so take the upper eight.
        decoded = decoded.point(lambda value: value / 256).convert("L")
    elif picture.mode in {"1", "P", "I", "F"}:
        decoded = decoded.convert("RGBA" if picture.has_transparency_data else "RGB")
    factor = min(decoded.size) // (SIDE_PIXELS * 2)
    return decoded.reduce(factor) if factor > 1 else decoded


def _cut_square(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    side = min(width, height)
    if width == height:
        return picture
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _orientation_of(picture: Image.Image) -> int:
    """What a WebP or a GIF tells; 1 for nothing that makes sense."""
    exif = picture.info.get("exif")
    return read_orientation(exif.removeprefix(b"Exif\0\0")) if isinstance(exif, bytes) else 1


def _upright(small: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return small if turn is None else small.transpose(turn)


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if isinstance(profile, bytes) and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        # A broken profile spoils the colours at most, never the upload.
        with suppress(ImageCms.PyCMSError, *_BROKEN):
            picture = _converted(picture, profile)
    # Converting to what it is already would copy it.
    return picture if picture.mode == mode else picture.convert(mode)


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    return ImageCms.profileToProfile(picture, source, target, outputMode=mode) or picture


def _square(picture: Image.Image) -> Image.Image:
    return ImageOps.fit(picture, (SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS)


def _encode(picture: Image.Image) -> bytes:
    # A new picture has nothing but pixels: no EXIF, comment, profile or text chunk can come along.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = BytesIO()
    clean.save(out, format="WEBP", quality=_WEBP_QUALITY, method=4)
    return out.getvalue()


def refuse_picture(reason: Reason, **values: object) -> InputError:
    """The refusal for `reason`, its placeholders filled."""
    maximum = MAXIMUM_BYTES if reason is Reason.IMAGE_TOO_LARGE else MAXIMUM_PIXELS
    return InputError(ErrorCode.INVALID_IMAGE, reason, field=("image",), **{"maximum": maximum} | values)
