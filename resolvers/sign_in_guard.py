"""The guard on sign-in: every attempt is counted before the password is looked at.

After five failures for a mobile in 15 minutes sign-in for it pauses: 1 minute, then 2, 4, 8, and 15 from then on, a
pause for each further failure, never for ever. It holds for the right password too, and for mobiles without an
account, so that it tells nothing. Success clears it. Addresses have a budget of failures of their own.
"""

import math
from datetime import datetime, timedelta

from resolvers.context import Context
from resolvers.errors import RateLimitedError
from resolvers.limits import DAY_SECONDS, Consumption, limit_key
from resolvers.texts import Reason

FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 900


class SignInAttempt:
    """One attempt for one mobile, counted as a failure until it turns out otherwise."""

    def __init__(self, ctx: Context, mobile: str, by_address: Consumption, failures: int) -> None:
        self._ctx = ctx
        self._mobile = mobile
        self._by_address = by_address
        self._failures = failures

    @classmethod
    async def begin(cls, ctx: Context, mobile: str) -> "SignInAttempt":
        """Count the attempt, in atomic steps, so that many at once get no more than the budget.

        Raises:
            RateLimitedError: with the seconds to wait.
        """
        by_address = ctx.consuming()
        limits = ctx.services.policy.limits.sign_in_failure_by_address
        await by_address.use_all(limits, ctx.address, reason=Reason.TOO_MANY_GUESSES)
        try:
            await _require_no_pause(ctx, mobile)
            failures = await _count_attempt(ctx, mobile)
        except RateLimitedError:
            # Refused unjudged: that is no failure of this address.
            await by_address.give_back()
            raise
        return cls(ctx, mobile, by_address, failures)

    async def fail(self) -> None:
        """The password was wrong: from the fifth failure on each one begins a pause."""
        if self._failures < self._ctx.services.policy.limits.sign_in_failure.maximum:
            return
        state = self._ctx.services.state
        pauses = await state.increment(_pauses_key(self._mobile), DAY_SECONDS)
        seconds = min(FIRST_PAUSE_SECONDS * 2 ** min(pauses.count - 1, 10), LONGEST_PAUSE_SECONDS)
        ends_at = self._ctx.now + timedelta(seconds=seconds)
        await state.put(_pause_key(self._mobile), ends_at.isoformat(), DAY_SECONDS)

    async def succeed(self) -> None:
        """The password was right: the mobile's failures are forgotten, and the address has not failed."""
        await forget_sign_ins(self._ctx, self._mobile)
        await self._by_address.give_back()


async def _require_no_pause(ctx: Context, mobile: str) -> None:
    kept = await ctx.services.state.get(_pause_key(mobile))
    if kept is not None and (seconds := _seconds_until(ctx, kept)) > 0:
        raise RateLimitedError(seconds, Reason.TOO_MANY_GUESSES)


async def _count_attempt(ctx: Context, mobile: str) -> int:
    limit = ctx.services.policy.limits.sign_in_failure
    counter = await ctx.services.state.increment(_failures_key(ctx, mobile), limit.window_seconds)
    if counter.count <= limit.maximum:
        return counter.count
    # The budget is used up: one attempt for each pause that has ended, and taking it is what makes it one.
    kept = await ctx.services.state.take(_pause_key(mobile))
    if kept is None:
        raise RateLimitedError(
            min(math.ceil(counter.remaining_seconds), FIRST_PAUSE_SECONDS), Reason.TOO_MANY_GUESSES
        )
    if (seconds := _seconds_until(ctx, kept)) > 0:
        # Another attempt was judged since we looked, and began this pause: it is not ours to take.
        await ctx.services.state.put(_pause_key(mobile), kept, DAY_SECONDS)
        raise RateLimitedError(seconds, Reason.TOO_MANY_GUESSES)
    return counter.count


def _seconds_until(ctx: Context, kept: str) -> int:
    return math.ceil((datetime.fromisoformat(kept) - ctx.now).total_seconds())


def _failures_key(ctx: Context, mobile: str) -> str:
    return limit_key(ctx.services.policy.limits.sign_in_failure, mobile)


def _pauses_key(mobile: str) -> str:
    return f"sign-in-pauses:{mobile}"


def _pause_key(mobile: str) -> str:
    return f"sign-in-pause:{mobile}"


async def forget_sign_ins(ctx: Context, mobile: str) -> None:
    """Forget every failure of a mobile and end its pause."""
    for key in (_failures_key(ctx, mobile), _pauses_key(mobile), _pause_key(mobile)):
        await ctx.services.state.delete(key)
