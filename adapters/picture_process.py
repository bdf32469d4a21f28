"""Avatars made in a process of their own, one for each upload.

A decoder that crashes, hangs or swells takes nothing with it, and its memory goes back to the system.
"""

import asyncio
import math
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

import structlog

from resolvers.errors import InputError, RateLimitedError
from resolvers.pictures import MAXIMUM_BYTES, refuse_picture
from resolvers.ports import UploadedFile
from resolvers.texts import Reason

TIME_LIMIT_SECONDS = 5.0
QUEUE_LENGTH = 8
_TYPICAL_SECONDS = 0.4

_log = structlog.get_logger(__name__)


class ProcessPictureMaker:
    """Keeps `PictureMaker`'s promises with a child process for each picture."""

    def __init__(self, *, time_limit_seconds: float = TIME_LIMIT_SECONDS) -> None:
        self._time_limit_seconds = time_limit_seconds
        self._turn = asyncio.Semaphore(1)
        self._pending = 0

    async def make_avatar(self, upload: UploadedFile, *, account_id: int) -> bytes:
        """See `PictureMaker.make_avatar`."""
        del account_id
        if not upload.size:
            raise refuse_picture(Reason.IMAGE_EMPTY)
        if upload.size > MAXIMUM_BYTES:
            raise refuse_picture(Reason.IMAGE_TOO_LARGE)
        if self._pending > QUEUE_LENGTH:
            raise RateLimitedError(round(self._pending * _TYPICAL_SECONDS), Reason.TOO_BUSY)
        self._pending += 1
        try:
            async with self._turn:
                return _read_answer(await self._run(await upload.read()))
        finally:
            self._pending -= 1

    async def _run(self, upload: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "resolvers.pictures", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
        )
        try:
            async with asyncio.timeout(self._time_limit_seconds):
                answer, _ = await process.communicate(upload)
        except TimeoutError:
            _log.warning("picture.too_slow", upload_bytes=len(upload))
            raise RateLimitedError(math.ceil(self._time_limit_seconds), Reason.TOO_BUSY) from None
        finally:
            await _end(process)
        return answer


async def _end(process: Process) -> None:
    """Leave no process behind, whatever happened."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _read_answer(answer: bytes) -> bytes:
    if answer[:1] == b"+":
        return answer[1:]
    raise _refusal(answer[1:].decode("ascii", "replace"))


def _refusal(name: str) -> InputError:
    """The child's reason; a child that ended without one has met something that it could not read."""
    try:
        return refuse_picture(Reason(name))
    except ValueError:
        return refuse_picture(Reason.IMAGE_UNREADABLE)
