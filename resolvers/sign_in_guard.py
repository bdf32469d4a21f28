"""The guard on sign-in: every attempt is counted before the password is looked at.

After five failures for a mobile in 15 minutes sign-in for it pauses: 1 minute, then 2, 4, 8, and 15 from then on, a
pause for each further failure, never for ever. It holds for the right password too, and for mobiles without an
account, so that it tells nothing. Success clears it. Addresses have a budget of failures of their own.

Whoever comes with a device that the account was signed in to from goes on, on a budget of that device, so that a
stranger's guesses keep nobody out. What comes of such an attempt leaves the mobile's failures and pause as they are.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from resolvers.context import Context
from resolvers.devices import brought_device, is_known_device
from resolvers.errors import RateLimitedError
from resolvers.events import EventKind, record_limit
from resolvers.limits import DAY_SECONDS, Consumption, limit_key
from resolvers.messages import Reason
from resolvers.metrics import SIGN_INS

FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 900


class SignInAttempt:
    """One attempt for one mobile, counted as a failure until it turns out otherwise."""

    def __init__(self, ctx: Context, mobile: str, consumption: Consumption, failures: int | None) -> None:
        self._ctx = ctx
        self._mobile = mobile
        self._consumption = consumption
        self._failures = failures

    async def fail(self) -> None:
        """The password was wrong: from the fifth failure on each one begins a pause."""
        self._consumption.stand()
        if (
            self._failures is None
            or self._failures < self._ctx.services.policy.limits.sign_in_failure.maximum
        ):
            return
        state = self._ctx.services.state
        pauses = await state.increment(_pauses_key(self._ctx, self._mobile), DAY_SECONDS)
        seconds = min(FIRST_PAUSE_SECONDS * 2 ** min(pauses.count - 1, 10), LONGEST_PAUSE_SECONDS)
        ends_at = self._ctx.now + timedelta(seconds=seconds)
        await state.put(_pause_key(self._ctx, self._mobile), ends_at.isoformat(), DAY_SECONDS)

    async def succeed(self) -> None:
        """The password was right: the mobile's failures are forgotten, and the address has not failed."""
        await self._consumption.give_back()
        if self._failures is not None:
            await forget_sign_ins(self._ctx, self._mobile)


@asynccontextmanager
async def sign_in_attempt(ctx: Context, mobile: str) -> AsyncIterator[SignInAttempt]:
    """Count one attempt, in atomic steps, so that many at once get no more than the budget.

    An attempt that ends in neither `fail` nor `succeed` could not be judged, and costs nothing.

    Raises:
        RateLimitedError: with the seconds to wait.
    """
    async with ctx.consuming() as consumption:
        try:
            failures = await _count(ctx, consumption, mobile)
        except RateLimitedError as error:
            SIGN_INS.labels("refused").inc()
            await record_limit(ctx, EventKind.SIGN_IN_LIMITED, mobile=mobile, error=error)
            raise
        yield SignInAttempt(ctx, mobile, consumption, failures)


async def _count(ctx: Context, consumption: Consumption, mobile: str) -> int | None:
    """The mobile's attempts so far; None where this one goes by its device."""
    await _count_for_address(ctx, consumption)
    try:
        await _require_no_pause(ctx, mobile)
        return await _count_for_mobile(ctx, consumption, mobile)
    except RateLimitedError as pause:
        if not await is_known_device(ctx, mobile):
            raise
        # Whatever else the refused attempt has used is not for this one to keep.
        await consumption.give_back()
        await _count_for_address(ctx, consumption)
        await _count_for_device(ctx, consumption, mobile, pause)
        return None


async def _count_for_address(ctx: Context, consumption: Consumption) -> None:
    limits = ctx.services.policy.limits.sign_in_failure_by_address
    await consumption.use_all(limits, ctx.address, reason=Reason.TOO_MANY_GUESSES)


async def _count_for_device(
    ctx: Context, consumption: Consumption, mobile: str, pause: RateLimitedError
) -> None:
    limit = ctx.services.policy.limits.sign_in_failure_by_device
    try:
        await consumption.use(limit, f"{brought_device(ctx)} {mobile}", reason=Reason.TOO_MANY_GUESSES)
    except RateLimitedError as error:
        raise min(error, pause, key=lambda refusal: refusal.retry_after_seconds) from None


async def _require_no_pause(ctx: Context, mobile: str) -> None:
    seconds = await find_pause_seconds(ctx, mobile)
    if seconds:
        raise RateLimitedError(seconds, Reason.TOO_MANY_GUESSES)


async def find_pause_seconds(ctx: Context, mobile: str) -> int:
    """For how long sign-in still pauses for a mobile; 0 where it does not."""
    kept = await ctx.services.state.get(_pause_key(ctx, mobile))
    return 0 if kept is None else max(0, _seconds_until(ctx, kept))


async def _count_for_mobile(ctx: Context, consumption: Consumption, mobile: str) -> int:
    limit = ctx.services.policy.limits.sign_in_failure
    counter = await consumption.count(limit, mobile)
    if counter.count <= limit.maximum:
        return counter.count
    # The budget is used up: one attempt for each pause that has ended, and taking it is what makes it one.
    kept = await ctx.services.state.take(_pause_key(ctx, mobile))
    if kept is None:
        raise RateLimitedError(
            min(math.ceil(counter.remaining_seconds), FIRST_PAUSE_SECONDS), Reason.TOO_MANY_GUESSES
        )
    restore = partial(_restore_pause, ctx, mobile, kept)
    consumption.undo_by(_pause_key(ctx, mobile), restore, ttl_seconds=DAY_SECONDS)
    if (seconds := _seconds_until(ctx, kept)) > 0:
        # Another attempt was judged since we looked, and began this pause: it is not ours to take.
        raise RateLimitedError(seconds, Reason.TOO_MANY_GUESSES)
    return counter.count


async def _restore_pause(ctx: Context, mobile: str, kept: str) -> None:
    """Put a pause back that was taken for an attempt which was not judged; a newer one stays."""
    key = _pause_key(ctx, mobile)
    if await ctx.services.state.get(key) is None:
        await ctx.services.state.put(key, kept, DAY_SECONDS)


def _seconds_until(ctx: Context, kept: str) -> int:
    return math.ceil((datetime.fromisoformat(kept) - ctx.now).total_seconds())


def _failures_key(ctx: Context, mobile: str) -> str:
    return limit_key(ctx.services.keys, ctx.services.policy.limits.sign_in_failure, mobile)


def _pauses_key(ctx: Context, mobile: str) -> str:
    return ctx.state_key("sign-in-pauses", mobile)


def _pause_key(ctx: Context, mobile: str) -> str:
    return ctx.state_key("sign-in-pause", mobile)


async def forget_sign_ins(ctx: Context, mobile: str) -> None:
    """Forget every failure of a mobile and end its pause."""
    for key in (_failures_key(ctx, mobile), _pauses_key(ctx, mobile), _pause_key(ctx, mobile)):
        await ctx.services.state.delete(key)
