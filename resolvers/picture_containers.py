"""Pixels without what stands beside them: the metadata of a picture never decides whether it is taken.

JPEG and PNG are walked segment by segment, and only what the decoder needs is left: text, thumbnails, makers' notes and
whatever is malformed among them never reaches it. Orientation and colour profile are taken out first, if they can be
read. A JPEG gets an end, so that one without its last bytes is shown as browsers show it.
Source: ITU-T T.81, annex B; W3C, Portable Network Graphics, third edition, chapters 5 and 11.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

PROFILE_MAXIMUM_BYTES = 4 * 1024 * 1024

_JPEG_START, _PNG_START = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_EXIF_START, _PROFILE_START, _ADOBE_START = b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe"
_APPLICATION_0, _APPLICATION_1, _APPLICATION_2, _APPLICATION_14, _APPLICATION_15 = (
    0xE0,
    0xE1,
    0xE2,
    0xEE,
    0xEF,
)
_COMMENT, _SCAN, _TEMPORARY = 0xFE, 0xDA, 0x01
_RESTARTS = range(0xD0, 0xD8)
_END_OF_IMAGE = b"\xff\xd9"
_END = 0xD9
# A marker that is neither data nor a restart, with what fills up before it.
_MARKER = re.compile(rb"\xff+[\x02-\xcf\xd8-\xfe]")
_ORIENTATION_TAG, _SHORT = 0x0112, 3


class Container(NamedTuple):
    """Nothing but pixels, how to turn them (1 to 8, as EXIF counts; None: not looked for), and their colour profile.

    `scans` is how often a JPEG goes over its pixels.
    """

    content: bytes
    orientation: int | None = None
    profile: bytes | None = None
    scans: int = 1


def open_container(upload: bytes) -> Container:
    """`upload` without its metadata; of other formats than JPEG and PNG, as it is."""
    if upload.startswith(_JPEG_START):
        return _open_jpeg(upload)
    if upload.startswith(_PNG_START):
        return _open_png(upload)
    return Container(upload)


def read_orientation(exif: bytes) -> int:
    """The orientation that EXIF data tell, 1 for none that makes sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == _ORIENTATION_TAG:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        # It ends too soon.
        return 1
    return 1


def _open_jpeg(upload: bytes) -> Container:
    kept, orientation, profile, scans = [_JPEG_START], 1, b"", 0
    has_exif = False
    for marker, segment, rest in _jpeg_segments(upload):
        if marker == _APPLICATION_1 and segment[4:].startswith(_EXIF_START) and not has_exif:
            has_exif, orientation = True, read_orientation(segment[4 + len(_EXIF_START) :])
        elif marker == _APPLICATION_2 and segment[4:].startswith(_PROFILE_START):
            profile += segment[4 + len(_PROFILE_START) + 2 :]
        elif _is_needed(marker, segment):
            kept.append(segment)
        if marker == _SCAN:
            kept.append(rest)
            scans = 1 + _count_scans(rest)
    return Container(b"".join([*kept, _END_OF_IMAGE]), orientation, profile or None, scans)


def _count_scans(rest: bytes) -> int:
    """The scans that begin after the first one's head and before the end of the image; what follows it is not seen."""
    scans, found = 0, _MARKER.search(rest)
    while found and (marker := rest[found.end() - 1]) != _END:
        scans += marker == _SCAN
        found = _MARKER.search(rest, found.end() + int.from_bytes(rest[found.end() : found.end() + 2]))
    return scans


def _is_needed(marker: int, segment: bytes) -> bool:
    """Whether a decoder must see it. Adobe's segment tells how colours are stored."""
    if marker == _APPLICATION_14:
        return segment[4:].startswith(_ADOBE_START) and len(segment) >= 16
    return not (_APPLICATION_0 <= marker <= _APPLICATION_15 or marker == _COMMENT)


def _jpeg_segments(upload: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, segment, and from the first scan on all that follows it."""
    at = 2
    while at + 4 <= len(upload):
        if upload[at] != 0xFF:
            # Between segments there should be nothing; decoders look for the next marker.
            at = upload.find(b"\xff", at)
            if at < 0:
                return
            continue
        marker = upload[at + 1]
        if marker in {0xFF, 0x00, _TEMPORARY, 0xD8} or marker in _RESTARTS:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(upload[at + 2 : at + 4])
        yield marker, upload[at:end], upload[end:] if marker == _SCAN else b""
        if marker == _SCAN:
            return
        at = max(end, at + 4)


def _open_png(upload: bytes) -> Container:
    kept, orientation, profile = [_PNG_START], 1, None
    for name, chunk in _png_chunks(upload):
        is_right = chunk[-4:] == struct.pack(">I", zlib.crc32(chunk[4:-4]))
        data = chunk[8:-4]
        if name == b"eXIf" and is_right:
            orientation = read_orientation(data)
        elif name == b"iCCP" and is_right:
            profile = _inflate_profile(data)
        elif name[0] & 0x20 == 0 or (name == b"tRNS" and is_right):
            # A capital letter begins what a decoder must know; transparency is pixels too.
            kept.append(chunk)
    return Container(b"".join(kept), orientation, profile)


def _png_chunks(upload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and whole chunk; the last one as far as it goes."""
    at = len(_PNG_START)
    while at + 8 <= len(upload):
        length, name = struct.unpack_from(">I4s", upload, at)
        end = at + 12 + length
        yield name, upload[at:end]
        if name == b"IEND":
            return
        at = end


def _inflate_profile(data: bytes) -> bytes | None:
    _, _, rest = data.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(rest[1:], PROFILE_MAXIMUM_BYTES)
    except zlib.error:
        return None
    return profile if inflater.eof else None
