"""The picture process: it has Pillow loaded, forks for each picture, and lives as long as the worker that started it.

It has nothing of the worker's environment, and gives up what it does not need before the first upload comes
(`picture_sandbox`). On standard input come uploads, on standard output go answers, each with its length before it (4
bytes, big-endian): first a JSON list of what this system does not offer; then for each upload `+` and the avatar, or
`-` and a JSON object with the reason for the refusal and what its text needs.
"""

import ctypes
import gc
import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import NoReturn

from PIL import Image, ImageCms

from adapters.picture_sandbox import confine_child, confine_server
from resolvers.errors import InputError
from resolvers.messages import Reason
from resolvers.pictures import make_avatar

_INPUT, _OUTPUT = 0, 1
_ANSWER_MAXIMUM_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024

TOO_SLOW = b"-" + json.dumps({"reason": Reason.TOO_BUSY}).encode()
FAILED = b"-" + json.dumps({"reason": Reason.IMAGE_UNREADABLE}).encode()

Work = Callable[[bytes], bytes]


class _WorkerGoneError(Exception):
    """The worker has ended; so does this."""


def main() -> None:
    """Serve until the worker ends; the one argument is the time limit for a picture in seconds."""
    _warm_up()
    serve(make_avatar, float(sys.argv[-1]))


def serve(work: Work, time_limit_seconds: float) -> None:
    """Answer upload after upload."""
    # The worker ends it, by closing its input: until then a shutdown of the whole group still needs it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    missing = confine_server()
    if not hasattr(os, "fork"):
        missing.append("fork")
    gc.collect()
    gc.freeze()
    with suppress(_WorkerGoneError, BrokenPipeError):
        _send(json.dumps(missing).encode())
        while True:
            upload = _read(int.from_bytes(_read(4)))
            _send(
                _answer_in_child(work, upload, time_limit_seconds)
                if hasattr(os, "fork")
                else _answer(work, upload)
            )


def _answer_in_child(work: Work, upload: bytes, time_limit_seconds: float) -> bytes:
    """What a child makes of `upload`; whatever becomes of the child, it is gone afterwards."""
    _free_memory()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_child(work, upload, writing, math.ceil(time_limit_seconds) + 1)
    os.close(writing)
    try:
        return _wait_for_answer(reading, time.monotonic() + time_limit_seconds)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _free_memory() -> None:
    """Give free memory back to the system: a child would copy each page of it that it uses, for nothing."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def _be_child(work: Work, upload: bytes, writing: int, cpu_seconds: int) -> NoReturn:
    try:
        gc.disable()
        # What it computes goes to its parent only, which knows how much to expect.
        os.close(_INPUT)
        os.close(_OUTPUT)
        confine_child(cpu_seconds)
        answer = memoryview(_answer(work, upload))
        while answer:
            answer = answer[os.write(writing, answer) :]
    finally:
        os._exit(0)


def _answer(work: Work, upload: bytes) -> bytes:
    try:
        return b"+" + work(upload)
    except InputError as error:
        return b"-" + json.dumps({"reason": error.reason, "values": error.values}).encode()


def _wait_for_answer(reading: int, deadline: float) -> bytes:
    """The child's answer. One that dies without one has met something that it could not read."""
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    poll.register(_INPUT, 0)  # tells when the worker is gone
    answer = b""
    while True:
        ready = dict(poll.poll(max(0, deadline - time.monotonic()) * 1000))
        if not ready:
            return TOO_SLOW
        if _INPUT in ready:
            raise _WorkerGoneError
        piece = os.read(reading, _PIECE_BYTES)
        answer += piece
        if not piece or len(answer) > _ANSWER_MAXIMUM_BYTES:
            return answer if 0 < len(answer) <= _ANSWER_MAXIMUM_BYTES else FAILED


def _read(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(_INPUT, min(count, _PIECE_BYTES))
        if not piece:
            raise _WorkerGoneError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _send(message: bytes) -> None:
    whole = memoryview(len(message).to_bytes(4) + message)
    while whole:
        whole = whole[os.write(_OUTPUT, whole) :]


def _warm_up() -> None:
    """Load every decoder and what else is loaded at its first use: later no file can be opened."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        sample = BytesIO()
        more = {} if kind == "GIF" else {"exif": exif.tobytes(), "icc_profile": profile}
        Image.new("RGB", (1100, 1100)).save(sample, kind, **more)
        make_avatar(sample.getvalue())


if __name__ == "__main__":
    main()
