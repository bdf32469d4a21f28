"""The abuse policy as data, and its one way of being consumed: inside a resolver, before the thing is done."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from resolvers.address_blocks import blocks_of
from resolvers.errors import RateLimitedError
from resolvers.keys import KeyRing
from resolvers.messages import Reason
from resolvers.ports import Counter, StateStore, StateStoreError
from resolvers.refunds import Count, Refunds, Undo

Subject = Literal["mobile", "address", "account", "session", "device", "code", "installation"]

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `maximum` times in any window of `window_seconds` for each subject."""

    action: str
    subject: Subject
    maximum: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of the product but the ceilings of the policy."""

    captcha: tuple[Limit, ...] = (Limit("captcha", "address", 60, MINUTE_SECONDS),)
    sms: tuple[Limit, ...] = (
        Limit("sms", "mobile", 1, MINUTE_SECONDS),
        Limit("sms", "mobile", 5, HOUR_SECONDS),
        Limit("sms", "mobile", 10, DAY_SECONDS),
        Limit("sms", "address", 20, HOUR_SECONDS),
        Limit("sms", "address", 50, DAY_SECONDS),
    )
    # Wrong codes, over all codes and purposes of one mobile; each code has a budget of its own besides.
    sms_guess: Limit = Limit("sms-guess", "mobile", 5, 15 * MINUTE_SECONDS)
    sms_guess_by_address: Limit = Limit("sms-guess", "address", 20, 15 * MINUTE_SECONDS)
    # An account is known by its mobile where nobody is signed in, so that it makes no difference whether there is one.
    sms_guess_by_account: Limit = Limit("sms-guess", "account", 20, DAY_SECONDS)
    sign_in_failure: Limit = Limit("sign-in-failure", "mobile", 5, 15 * MINUTE_SECONDS)
    sign_in_failure_by_address: tuple[Limit, ...] = (
        Limit("sign-in-failure", "address", 20, 15 * MINUTE_SECONDS),
        Limit("sign-in-failure", "address", 100, HOUR_SECONDS),
    )
    # Of one device for one mobile, while sign-in for that mobile is paused.
    sign_in_failure_by_device: Limit = Limit("sign-in-failure", "device", 5, 15 * MINUTE_SECONDS)
    # Passwords and codes that somebody signed in gives once more; the mobile's pause does not hold them up.
    session_proof: Limit = Limit("proof", "session", 5, 15 * MINUTE_SECONDS)
    # What succeeds is limited too.
    new_session: Limit = Limit("new-session", "mobile", 60, HOUR_SECONDS)
    # At sign-in and in requests that are served by it alone: each is a hash, also where no session begins.
    right_password: Limit = Limit("right-password", "mobile", 600, HOUR_SECONDS)
    password_reset: Limit = Limit("password-reset", "account", 3, DAY_SECONDS)
    notice: Limit = Limit("notice", "account", 3, DAY_SECONDS)
    # Of those, so that sign-ins on new devices leave one to tell of a new password.
    new_device_notice: Limit = Limit("new-device-notice", "account", 2, DAY_SECONDS)
    rename: Limit = Limit("rename", "account", 10, DAY_SECONDS)
    avatar: Limit = Limit("avatar", "account", 10, HOUR_SECONDS)
    # Pictures that cost the work of decoding and were refused.
    refused_picture: Limit = Limit("refused-picture", "account", 20, HOUR_SECONDS)
    # Right, taken or malformed alike.
    id_number: Limit = Limit("id-number", "account", 5, DAY_SECONDS)


def scaled(limits: Limits, factor: int) -> Limits:
    """`limits` that allow `factor` times as much; for development."""
    changed: dict[str, Any] = {
        field.name: _scaled(getattr(limits, field.name), factor) for field in fields(limits)
    }
    return replace(limits, **changed)


def _scaled(limit: Limit | tuple[Limit, ...], factor: int) -> Limit | tuple[Limit, ...]:
    if isinstance(limit, tuple):
        return tuple(replace(one, maximum=one.maximum * factor) for one in limit)
    return replace(limit, maximum=limit.maximum * factor)


@dataclass(eq=False, slots=True)
class _Used:
    """One increment of an attempt: whether it has been sent and, once it is answered, when its window ends."""

    count: Count
    is_sent: bool = False
    ends_at: datetime | None = None

    def mark_sent(self) -> None:
        self.is_sent = True


class Consumption:
    """What one attempt has used up of several limits: counted before the attempt is judged.

    As a context manager it gives everything back when the block ends by an exception, whatever it was, unless `stand`
    was called. What could not be judged costs nothing: a state store that fails itself is paid back when it answers
    again, a cancelled attempt without being waited for.
    """

    def __init__(
        self, store: StateStore, keys: KeyRing, refunds: Refunds, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._keys = keys
        self._refunds = refunds
        self._clock = clock
        self._used: list[_Used] = []
        self._undos: dict[str, tuple[Undo, datetime]] = {}

    async def __aenter__(self) -> Self:
        """Nothing is used up yet, and what this process owes from before is paid.

        Raises:
            StateStoreError: it owes so much that this attempt could not be given back.
        """
        await self._refunds.settle()
        self._refunds.require_room()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Give back what has not been judged."""
        if error is None:
            return
        if isinstance(error, StateStoreError):
            self._refunds.doubt_store()
        self._owe()
        if isinstance(error, Exception) and not isinstance(error, StateStoreError):
            await self._refunds.settle()

    async def count(self, limit: Limit, subject: str) -> Counter:
        """Count one more, whatever the maximum; the counter as it is now."""
        key, now = limit_key(self._keys, limit, subject), self._clock()
        used = _Used(Count.of(key, limit.window_seconds, now))
        self._used.append(used)
        counter = await self._store.increment(key, limit.window_seconds, on_sent=used.mark_sent)
        used.ends_at = now + timedelta(seconds=counter.remaining_seconds)
        return counter

    async def use(
        self,
        limit: Limit,
        subject: str,
        *,
        reason: Reason = Reason.TOO_OFTEN,
        field: tuple[str, ...] | None = None,
    ) -> Counter:
        """Count one more, of an address also for the blocks it is in; the counter of the subject itself.

        Raises:
            RateLimitedError: that is one too many; with the seconds until the window ends.
        """
        is_address_limit = limit.subject == "address"
        blocks = blocks_of(subject) if is_address_limit else ((subject, 1),)
        counters = []
        for block, factor in blocks:
            counter = await self.count(limit, block)
            if counter.count > limit.maximum * factor:
                raise RateLimitedError(
                    math.ceil(counter.remaining_seconds),
                    reason,
                    field=field,
                    is_address_limit=is_address_limit,
                )
            counters.append(counter)
        return counters[0]

    async def use_all(
        self, limits: Iterable[Limit], subject: str, *, reason: Reason = Reason.TOO_OFTEN
    ) -> None:
        """Count one more of each limit.

        Raises:
            RateLimitedError: as `use`.
        """
        for limit in limits:
            await self.use(limit, subject, reason=reason)

    def undo_by(self, key: str, undo: Undo, *, ttl_seconds: float) -> None:
        """Have `undo` called too when the attempt is given back, within `ttl_seconds`, for what is kept under `key`.

        It must do nothing where it comes too late.
        """
        self._undos[key] = undo, self._clock() + timedelta(seconds=ttl_seconds)

    def stand(self) -> None:
        """The attempt has been judged: what it has used stays used."""
        self._used.clear()
        self._undos.clear()

    async def give_back(self) -> None:
        """Uncount all that was used, now. Idempotent."""
        self._owe()
        await self._refunds.settle()

    def _owe(self) -> None:
        for used in self._used:
            # What was never sent is not known to the store.
            if used.is_sent:
                self._refunds.owe(self._store, used.count, ends_at=used.ends_at)
        for key, (undo, expires_at) in self._undos.items():
            self._refunds.owe_deed(self._store, key, undo, expires_at=expires_at)
        self.stand()


def limit_key(keys: KeyRing, limit: Limit, subject: str) -> str:
    """Where the count of `limit` for `subject` is kept."""
    return keys.state_key(f"limit:{limit.action}:{limit.subject}:{limit.window_seconds}", subject)
