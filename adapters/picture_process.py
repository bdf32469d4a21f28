"""Avatars made in a process of their own: a decoder that crashes, hangs or swells takes nothing with it.

The process is started for the first upload and forks for each; one that has died is replaced.
"""

import asyncio
import json
import math
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from adapters.picture_turns import FairTurns
from resolvers.errors import RateLimitedError, ServiceUnavailableError
from resolvers.messages import Reason
from resolvers.pictures import MAXIMUM_BYTES, refuse_picture
from resolvers.ports import PictureTooSlowError, UploadedFile

QUEUE_LENGTH = 32
_TYPICAL_SECONDS = 0.1

# Alone in its environment, it is told where to find what it imports.
_COMMAND = (
    sys.executable,
    "-I",
    "-c",
    "import sys; sys.path[:] = sys.argv[1:-1]; from adapters.picture_server import main; main()",
    *(path or str(Path.cwd()) for path in sys.path),
)

# Nothing of the worker's own. Memory comes in pages of 2 MiB where the system has them: a picture touches thousands of
# small ones. Source: GNU C Library, Memory Allocation Tunables (glibc.malloc.hugetlb, from 2.35; others ignore it).
_ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}

_log = structlog.get_logger(__name__)


class ProcessPictureMaker:
    """Keeps `PictureMaker`'s promises with a process that forks for each picture.

    Making one may take `picture_seconds`, starting the process `start_seconds`, ending it `end_seconds`.
    """

    def __init__(
        self,
        *,
        picture_seconds: float,
        start_seconds: float,
        end_seconds: float,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self._picture_seconds = picture_seconds
        self._start_seconds = start_seconds
        self._end_seconds = end_seconds
        self._command = command
        self._turns = FairTurns()
        self._process: Process | None = None

    async def make_avatar(self, upload: UploadedFile, *, account_id: int) -> bytes:
        """See `PictureMaker.make_avatar`."""
        if not upload.size:
            raise refuse_picture(Reason.IMAGE_EMPTY)
        if upload.size > MAXIMUM_BYTES:
            raise refuse_picture(Reason.IMAGE_TOO_LARGE)
        if self._turns.waiting >= QUEUE_LENGTH:
            raise RateLimitedError(math.ceil(QUEUE_LENGTH * _TYPICAL_SECONDS), Reason.TOO_BUSY)
        async with self._turns.turn(account_id):
            answer = await self._ask(await upload.read())
        return self._read_answer(answer)

    async def aclose(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            async with asyncio.timeout(self._end_seconds):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, upload: bytes) -> bytes:
        """The process's answer; one that has died meanwhile is replaced, once."""
        for _ in range(2):
            try:
                process = self._process or await self._start()
                async with asyncio.timeout(self._picture_seconds + self._start_seconds):
                    return await _exchange(process, upload)
            except (OSError, EOFError, TimeoutError) as error:
                _log.warning("picture.process_died", cause=type(error).__name__)
                await self._kill()
            except BaseException:
                # Cut off in the middle, its answers would go to others.
                await self._kill()
                raise
        raise ServiceUnavailableError("picture process")

    async def _start(self) -> Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            str(self._picture_seconds),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        async with asyncio.timeout(self._start_seconds):
            missing = json.loads(await _receive(process))
        if missing:
            _log.warning("picture.not_confined", missing=missing)
        return process

    async def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self.aclose()

    def _read_answer(self, answer: bytes) -> bytes:
        if answer[:1] == b"+":
            return answer[1:]
        refusal = json.loads(answer[1:])
        reason = Reason(refusal["reason"])
        if reason is Reason.TOO_BUSY:
            _log.warning("picture.too_slow")
            raise PictureTooSlowError(self._picture_seconds)
        raise refuse_picture(reason, **refusal.get("values", {}))


async def _exchange(process: Process, upload: bytes) -> bytes:
    if process.stdin is None:
        raise EOFError
    process.stdin.write(len(upload).to_bytes(4))
    process.stdin.write(upload)
    await process.stdin.drain()
    return await _receive(process)


async def _receive(process: Process) -> bytes:
    if process.stdout is None:
        raise EOFError
    length = int.from_bytes(await process.stdout.readexactly(4))
    return await process.stdout.readexactly(length)
