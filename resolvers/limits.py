"""The abuse policy as data, and its one way of being consumed: inside a resolver, before the thing is done."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from resolvers.errors import RateLimitedError
from resolvers.ports import StateStore
from resolvers.texts import Reason

Subject = Literal["mobile", "address", "account", "installation"]

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
    """Every limit of the house; the settings may replace a number."""

    captcha: tuple[Limit, ...] = (Limit("captcha", "address", 60, MINUTE_SECONDS),)
    sms: tuple[Limit, ...] = (
        Limit("sms", "mobile", 1, MINUTE_SECONDS),
        Limit("sms", "mobile", 5, HOUR_SECONDS),
        Limit("sms", "mobile", 10, DAY_SECONDS),
        Limit("sms", "address", 20, HOUR_SECONDS),
        Limit("sms", "address", 50, DAY_SECONDS),
        Limit("sms", "installation", 5000, DAY_SECONDS),
    )
    # Wrong codes, over all codes sent to one mobile.
    sms_guess: Limit = Limit("sms-guess", "mobile", 5, 15 * MINUTE_SECONDS)
    sign_in_failure: Limit = Limit("sign-in-failure", "mobile", 5, 15 * MINUTE_SECONDS)
    sign_in_failure_by_address: tuple[Limit, ...] = (
        Limit("sign-in-failure", "address", 20, 15 * MINUTE_SECONDS),
        Limit("sign-in-failure", "address", 100, HOUR_SECONDS),
    )
    # What succeeds is limited too.
    new_session: Limit = Limit("new-session", "account", 60, HOUR_SECONDS)
    rename: Limit = Limit("rename", "account", 10, DAY_SECONDS)
    avatar: Limit = Limit("avatar", "account", 10, HOUR_SECONDS)
    # Right, taken or malformed alike.
    id_number: Limit = Limit("id-number", "account", 5, DAY_SECONDS)


def with_sms_ceiling(limits: Limits, daily_ceiling: int) -> Limits:
    """`limits` with another ceiling for the whole installation."""
    sms = tuple(
        replace(limit, maximum=daily_ceiling) if limit.subject == "installation" else limit
        for limit in limits.sms
    )
    return replace(limits, sms=sms)


class Consumption:
    """What one action has used up of several limits, so that it can be given back."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._used: list[tuple[str, int]] = []

    async def use(self, limit: Limit, subject: str, *, reason: Reason = Reason.TOO_OFTEN) -> None:
        """Count one more; where that is one too many, it is not counted. What was used before stays used.

        Raises:
            RateLimitedError: with the seconds until the window ends.
        """
        key = limit_key(limit, subject)
        counter = await self._store.increment(key, limit.window_seconds)
        if counter.count > limit.maximum:
            await self._store.increment(key, limit.window_seconds, by=-1)
            raise RateLimitedError(
                math.ceil(counter.remaining_seconds), reason, is_address_limit=limit.subject == "address"
            )
        self._used.append((key, limit.window_seconds))

    async def use_all(
        self, limits: Iterable[Limit], subject: str, *, reason: Reason = Reason.TOO_OFTEN
    ) -> None:
        """Count one more of each limit, or of none.

        Raises:
            RateLimitedError: as `use`.
        """
        try:
            for limit in limits:
                await self.use(limit, subject, reason=reason)
        except RateLimitedError:
            await self.give_back()
            raise

    async def give_back(self) -> None:
        """Uncount all that was used. Idempotent."""
        while self._used:
            key, window_seconds = self._used.pop()
            await self._store.increment(key, window_seconds, by=-1)


def limit_key(limit: Limit, subject: str) -> str:
    """Where the count of `limit` for `subject` is kept."""
    return f"limit:{limit.action}:{limit.subject}:{limit.window_seconds}:{subject}"
