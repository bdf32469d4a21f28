"""What the resolvers ask of the outside world, as small protocols with their guarantees.

Implementations are in `adapters/`; one contract suite for each port (`tests/contracts/`) is run on all of them.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from resolvers.errors import ServiceUnavailableError
from resolvers.messages import SmsNotice
from resolvers.sms_purposes import SmsPurpose


class StateStoreError(ServiceUnavailableError):
    """The state store did not answer in time, or refused to write. Whether it wrote is not known."""

    def __init__(self, cause: str = "") -> None:
        super().__init__("state store", cause)


class SmsSenderError(Exception):
    """The vendor did not take the message; nothing may be assumed delivered."""


class PictureTooSlowError(Exception):
    """A picture was given up after all the time that one gets, `seconds`: the work has been done for nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class AvatarStoreError(Exception):
    """The avatar could not be written, read or deleted."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter's value after an increment, and the seconds until it starts from zero again."""

    count: int
    remaining_seconds: float


def not_asked() -> None:
    """Nobody wants to know when an increment is sent."""


class StateStore(Protocol):
    """Short-lived state: captchas, codes, counters. Each operation is atomic, also between processes.

    Keys are visible ASCII without spaces, at most 200 characters; values are text of at most 64 KiB without NUL and
    lone surrogates. Anything else is a mistake of the caller's: ValueError, in every store. An expired key is as good
    as absent in every operation. Every operation answers within 1.5 s or raises `StateStoreError`. Expiry follows the
    clock that the store was made with, so that a test can move it.
    """

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        """Set `key`, replacing what was there, expiry included."""

    async def get(self, key: str) -> str | None:
        """Read `key`; a counter is read as its number in text."""

    async def take(self, key: str) -> str | None:
        """Read and delete `key`, as `get` reads it, in one step: of any number of concurrent callers one gets it."""

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        """Add `by` to the counter `key`, which starts at 0 and expires `ttl_seconds` after its first increment.

        A fixed window: later increments do not move the expiry. A negative `by` gives back what was counted; it
        never makes a counter that is not there (it answers 0) and never takes one below 0. 0 only reads, and makes
        none either.

        `on_sent` is called when from then on it may be added, whatever comes of the call: who fails or is cancelled
        before (for want of a connection, or of a turn) has added nothing. It may be called more than once.

        Raises:
            ValueError: `key` holds text.
        """

    async def delete(self, key: str) -> None:
        """Delete `key` (text or counter); it need not exist."""

    def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        """Delete what has expired, at most `batch_rows` entries in one step; gives how many each step was.

        Nothing where the store forgets by itself. Between two steps anything may happen.
        """

    async def ping(self) -> None:
        """Answer, or raise `StateStoreError`."""

    async def aclose(self) -> None:
        """Give back the connections."""


@dataclass(frozen=True, slots=True)
class SmsMessage:
    """One code, or one notice, on its way to one mobile (E.164).

    `text` is the whole message, `code` its digits; a notice has none.
    """

    mobile: str
    purpose: SmsPurpose | SmsNotice
    code: str
    text: str


class SmsSender(Protocol):
    """Hands a message to the vendor."""

    async def send(self, message: SmsMessage) -> None:
        """Return when the vendor has taken the message, within 5 s; else raise `SmsSenderError`."""

    async def aclose(self) -> None:
        """Give back the connections."""


class AvatarStore(Protocol):
    """Keeps re-encoded pictures. `key` is 64 lower-case hex digits, random, and names one picture for ever."""

    async def put(self, key: str, picture: bytes) -> None:
        """Store `picture`; durable on return, idempotent, and never visible half-written."""

    async def get(self, key: str) -> bytes | None:
        """Read the picture, or None."""

    async def delete(self, key: str) -> None:
        """Delete the picture; it need not exist."""

    async def list_keys(self, *, older_than: datetime | None = None) -> list[str]:
        """The keys of pictures that were stored before `older_than` (aware); None: all. For the sweep of orphans."""


class UploadedFile(Protocol):
    """A file that came with a request, in memory or in a temporary file; it is there as long as the request."""

    @property
    def size(self) -> int | None:
        """Its bytes."""

    async def read(self) -> bytes:
        """All of it, once."""


class PictureMaker(Protocol):
    """Turns uploads into avatars, away from the process that serves: hostile bytes meet a decoder there."""

    async def make_avatar(self, upload: UploadedFile, *, account_id: int) -> bytes:
        """See `resolvers.pictures.make_avatar`. One at a time, at most 5 s for each, and turns among accounts.

        The upload is read when its turn has come.

        Raises:
            InputError: INVALID_IMAGE, also where the decoder crashed or took too much memory.
            RateLimitedError: at once, when too many wait.
            PictureTooSlowError: it took too long.
        """


class DevelopmentInbox(Protocol):
    """Where development shows captcha answers and SMS codes to the person at the keyboard."""

    def record_captcha(self, captcha_id: str, text: str) -> None:
        """Note the answer of a captcha."""

    def forget(self, mobile: str) -> None:
        """Take out what was noted for `mobile` (E.164)."""
