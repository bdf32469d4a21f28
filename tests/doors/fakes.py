"""What stands in for the world outside: an SMS vendor, a person at the captcha, and a counted hasher."""

import asyncio
from typing import Literal

from argon2 import PasswordHasher

from resolvers.errors import RateLimitedError
from resolvers.messages import Reason
from resolvers.pictures import make_avatar
from resolvers.ports import PictureTooSlowError, SmsMessage, SmsSenderError, UploadedFile


class RecordingSmsSender:
    """Keeps what was sent; while `is_failing` it takes nothing, while `is_cut_off` whoever asks is cancelled."""

    def __init__(self) -> None:
        self.messages: list[SmsMessage] = []
        self.is_failing = False
        self.is_cut_off = False

    async def send(self, message: SmsMessage) -> None:
        if self.is_cut_off:
            raise asyncio.CancelledError
        if self.is_failing:
            raise SmsSenderError
        self.messages.append(message)

    async def aclose(self) -> None:
        pass

    @property
    def last_code(self) -> str:
        """Of the newest message that carries one."""
        return next(message.code for message in reversed(self.messages) if message.code)


class RecordingInbox:
    """Reads every captcha."""

    def __init__(self) -> None:
        self.captchas: dict[str, str] = {}

    def record_captcha(self, captcha_id: str, text: str) -> None:
        self.captchas[captcha_id] = text

    def forget(self, mobile: str) -> None:
        pass


class CountingHasher(PasswordHasher):
    """argon2id that counts how often it was computed."""

    computations = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.computations += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the parent's name
        self.computations += 1
        return super().verify(hash, password)


class ThreadPictureMaker:
    """Makes avatars without a process for each, which would cost a test a second.

    While `is_too_slow` none is done in time, while `is_crowded` too many wait.
    """

    def __init__(self) -> None:
        self.is_too_slow = self.is_crowded = False
        self._turn = asyncio.Semaphore(1)

    async def make_avatar(self, upload: UploadedFile, *, account_id: int) -> bytes:
        del account_id
        if self.is_crowded:
            raise RateLimitedError(1, Reason.TOO_BUSY)
        if self.is_too_slow:
            raise PictureTooSlowError(5)
        async with self._turn:
            return await asyncio.to_thread(make_avatar, await upload.read())
