"""Pictures to upload: good ones, and such as attackers make."""

import struct
import zlib
from io import BytesIO

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def picture(
    kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: object = "red", **options: object
) -> bytes:
    """One plain picture."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def lying_png(width: int, height: int) -> bytes:
    """A PNG that says it is enormous, and has a few bytes of deflated zeros."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 2_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    )


def turned_jpeg(orientation: int) -> bytes:
    """Red above blue when turned as its EXIF says; with a GPS position, a comment and a camera's name."""
    upright = Image.new("RGB", (400, 400), "red")
    upright.paste("blue", (0, 200, 400, 400))
    # Stored so that applying the EXIF orientation gives the upright picture again.
    undo = {
        1: None,
        3: Image.Transpose.ROTATE_180,
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (39.9, 116.4, 0.0)
    out = BytesIO()
    stored.save(out, "JPEG", exif=exif, comment=b"SecretComment")
    return out.getvalue()


def png_with_text() -> bytes:
    """A PNG with a text chunk, and bytes after its end."""
    info = PngInfo()
    info.add_text("Author", "SecretAuthor")
    return picture(pnginfo=info) + b"SecretTrailer<script>alert(1)</script>"


def gif_bomb(frames: int = 300) -> bytes:
    """Many frames in few bytes."""
    out = BytesIO()
    images = [Image.new("P", (500, 500), colour % 256) for colour in range(frames)]
    images[0].save(out, "GIF", save_all=True, append_images=images[1:])
    return out.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


HTML = b"<!doctype html><script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

# What is no picture, whatever it is called: name, declared type, bytes.
NO_PICTURES = {
    "empty": b"",
    "one byte": b"\x89",
    "text": b"hello",
    "html": HTML,
    "svg": SVG,
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj",
    "zip": b"PK\x03\x04" + bytes(100),
    "zeros": bytes(10_000),
    "html with a gif's first bytes": b"GIF89a" + HTML,
    "html with a png's first bytes": b"\x89PNG\r\n\x1a\n" + HTML,
    "html with a jpeg's first bytes": b"\xff\xd8\xff\xe0" + HTML,
    "truncated png": picture(size=(300, 300), colour=(1, 2, 3))[:40],
    "truncated jpeg": picture("JPEG", (300, 300))[:300],
    "truncated webp": picture("WEBP", (300, 300))[:-20],
    "truncated gif": picture("GIF", (300, 300))[:30],
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "ico": picture("ICO"),
    "ppm": picture("PPM"),
    "20000x20000": lying_png(20_000, 20_000),
    "10001 squared": lying_png(10_001, 10_001),
    "no pixels": lying_png(0, 0),
    "2^31 wide": lying_png(2**31 - 1, 2**31 - 1),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
}


def jpeg_of_scans(scans: int, *, between: bytes = b"", after: bytes = b"") -> bytes:
    """A progressive grey JPEG of 64 by 64 pixels whose scans but the first change nothing, `between` before each."""

    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    head = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, 64, 64, 1) + b"\1\x11\0")
    # One code of one bit each: no difference to the block before; the end of a run of 2 to the 14th blocks.
    one_code = b"\1" + b"\0" * 15
    tables = segment(0xC4, b"\0" + one_code + b"\0") + segment(0xC4, b"\x10" + one_code + b"\xe0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + b"\0" * 8
    others = [
        between + segment(0xDA, bytes([1, 1, 0, 1 + turn % 63, 1 + turn % 63, 0])) + b"\0\0\xff\0"
        for turn in range(scans - 1)
    ]
    return b"\xff\xd8" + head + tables + first + b"".join(others) + b"\xff\xd9" + after
