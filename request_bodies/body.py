"""One request's body as it arrives, within a limit of its own and the budget that all bodies of a process share.

Bytes count from the moment they are taken in until the request is over, whether they are in memory or in a temporary
file. The first 16 KiB of a body are free: a sign-in needs no room, so that who fills the budget closes uploads at most.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from enum import Enum
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Final, Self

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE
FREE_BYTES: Final = 16 * KIBIBYTE
FILE_MEMORY_BYTES: Final = 256 * KIBIBYTE
BUDGET_BYTES: Final = 64 * MEBIBYTE
RETRY_AFTER_SECONDS: Final = 5

# How long a client that was refused may go on sending, so that it reads the answer instead of a reset.
_LINGER_SECONDS: Final = 10.0
_LINGER_IDLE_SECONDS: Final = 2.0


class BodyTooLargeError(Exception):
    """The body is over its own limit; reading stopped there."""


class ClientGoneError(Exception):
    """The client went away before its request had arrived; nobody waits for an answer."""


class NoRoomError(Exception):
    """All bodies in flight together leave no room for this one; the same request may be tried again soon."""


class Share(Enum):
    """How much of the budget a body may use, as a divisor: strangers all together get a quarter."""

    WHOLE = 1
    STRANGERS = 4


class BodyBudget:
    """The bytes of bodies that are in flight at one time in this process.

    `spool_directory` is where files beyond `FILE_MEMORY_BYTES` go, or None for the system's.
    """

    def __init__(self, maximum_bytes: int = BUDGET_BYTES, spool_directory: Path | None = None) -> None:
        self._maximum_bytes = maximum_bytes
        self._spool_directory = spool_directory
        self._taken = dict.fromkeys(Share, 0)

    @property
    def taken_bytes(self) -> int:
        """What all bodies in flight hold, but for what is free."""
        return sum(self._taken.values())

    def open_file(self) -> SpooledTemporaryFile[bytes]:
        """Where to keep a file, to be closed by the caller: in the directory, as long as that can be written."""
        directory = self._spool_directory
        is_writable = directory and os.access(directory, os.W_OK | os.X_OK)
        return SpooledTemporaryFile(max_size=FILE_MEMORY_BYTES, dir=str(directory) if is_writable else None)

    def open(self, receive: Receive, share: Share = Share.STRANGERS) -> "Body":
        """One body; what it took is given back when its block is left, however it is left."""
        return Body(self, receive, share)

    def take(self, share: Share, count: int) -> None:
        """Take room for `count` bytes.

        Raises:
            NoRoomError: and nothing is taken.
        """
        if (
            self.taken_bytes + count > self._maximum_bytes
            or self._taken[share] + count > self._maximum_bytes // share.value
        ):
            raise NoRoomError
        self._taken[share] += count

    def give_back(self, share: Share, count: int) -> None:
        """Give back what was taken."""
        self._taken[share] -= count


class Body:
    """Takes one body in, chunk by chunk. Use it as a context manager: leaving it gives its room back."""

    __slots__ = ("_budget", "_counted", "_kept", "_receive", "_share", "is_complete", "size")

    def __init__(self, budget: BodyBudget, receive: Receive, share: Share) -> None:
        self._budget = budget
        self._receive = receive
        self._share = share
        self._counted = 0
        self._kept = 0
        self.size = 0
        self.is_complete = False

    def __enter__(self) -> Self:
        """Take in nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back what was taken."""
        if self._counted:
            self._release()

    def open_file(self) -> SpooledTemporaryFile[bytes]:
        """See `BodyBudget.open_file`."""
        return self._budget.open_file()

    async def read(self, maximum_bytes: int, declared_bytes: int = -1) -> bytes:
        """The whole body, refused as soon as it is known to be over `maximum_bytes`.

        Raises:
            BodyTooLargeError: also from the declared length alone, before anything is read.
            NoRoomError: the budget is spent.
            ClientGoneError: the connection ended first.
        """
        if declared_bytes > maximum_bytes:
            raise BodyTooLargeError
        chunks = []
        while not self.is_complete:
            chunks.append(self._accept(await self._receive(), maximum_bytes))
        return b"".join(chunks)

    def trust(self) -> None:
        """Open the whole budget to it: its sender is known. Said before anything is read."""
        self._share = Share.WHOLE

    def check_length(self, declared_bytes: int, maximum_bytes: int) -> None:
        """Refuse by the declared length alone, before anything is read; -1 for none.

        Raises:
            BodyTooLargeError: it is over the limit.
        """
        if declared_bytes > maximum_bytes:
            raise BodyTooLargeError

    async def read_chunk(self, maximum_bytes: int, *, is_kept: bool = True) -> bytes:
        """The next bytes, perhaps none; `is_complete` tells whether they were the last. What is not kept needs no room.

        Raises:
            BodyTooLargeError, NoRoomError, ClientGoneError: as `read`.
        """
        return self._accept(await self._receive(), maximum_bytes, is_kept=is_kept)

    def _accept(
        self, message: MutableMapping[str, Any], maximum_bytes: int, *, is_kept: bool = True
    ) -> bytes:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        self.is_complete = not message.get("more_body", False)
        self.size += len(chunk)
        if self.size > maximum_bytes:
            raise BodyTooLargeError
        if is_kept:
            self.keep(len(chunk))
        return chunk

    def keep(self, count: int) -> None:
        """Take room for `count` bytes more of it that stay in memory, or in a file, until the request is over.

        Raises:
            NoRoomError: the budget is spent.
        """
        self._kept += count
        if self._kept > FREE_BYTES:
            self._count()

    async def answer_and_close(self, send: Send, *messages: MutableMapping[str, Any]) -> None:
        """Send an answer that has `connection: close`, and let a client that is still sending come to its end.

        Closing a connection with unread bytes resets it, and the answer is lost on the way.
        """
        self._release()
        *head, last = messages
        for message in head:
            await send(message)
        if not self.is_complete:
            await send({**last, "more_body": True})
            await self._discard()
            last = {"type": "http.response.body", "body": b""}
        await send(last)

    def _release(self) -> None:
        if self._counted:
            self._budget.give_back(self._share, self._counted)
            self._counted = 0

    def _count(self) -> None:
        more = self._kept - FREE_BYTES - self._counted
        try:
            self._budget.take(self._share, more)
        except NoRoomError:
            # At once, so that of many who grow together one makes room for the others.
            self._release()
            raise
        self._counted += more

    async def _discard(self) -> None:
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while not self.is_complete:
                    async with asyncio.timeout(_LINGER_IDLE_SECONDS):
                        message = await self._receive()
                    self.is_complete = not message.get("more_body", False)
        except TimeoutError:
            return
