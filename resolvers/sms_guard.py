"""The guard on SMS spending: who may be sent a code, and what became of the codes that were sent.

SMS pumping makes an installation pay for messages that nobody reads. Three guards are for that: an allow-list of
countries, a ceiling for each day, and a breaker that pauses a block of numbers whose codes are not used. Each can be
run dry: it then only tells what it would have done. Nobody is exempt: whoever is treated better can be told apart, by
the answer or by the time that asking took.
"""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeVar

import structlog

from db.sms_messages import (
    SENT,
    SmsMessageRow,
    count_sms_to_prefix,
    insert_sms_message,
    set_sms_outcome,
    set_sms_used_at,
)
from resolvers.context import Context
from resolvers.errors import ErrorCode, InputError, RateLimitedError, ServiceUnavailableError
from resolvers.limits import HOUR_SECONDS, Consumption, limit_key
from resolvers.masking import mask_mobile
from resolvers.messages import Reason
from resolvers.metrics import SMS_GUARD_ACTIONS, SMS_MESSAGES
from resolvers.mobiles import country_code_of

Guard = Literal["country", "ceiling", "breaker"]

BREAKER_WINDOW_SECONDS = HOUR_SECONDS
BREAKER_PAUSE_SECONDS = HOUR_SECONDS
BREAKER_MINIMUM_SENT = 50
BREAKER_MINIMUM_USED_SHARE = 0.2
PREFIX_DIGITS = 7

# Older messages of a busy prefix cannot change the verdict much, and need not be counted.
_BREAKER_SAMPLE = 1000

R = TypeVar("R")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """A code that may be sent: its line in the ledger, and when the limits allow the next one to its mobile."""

    message_id: int
    resend_available_at: datetime

    async def fail(self, ctx: Context) -> None:
        """It was not sent, which the ledger learns if it can."""
        SMS_MESSAGES.labels("failed").inc()
        with suppress(ServiceUnavailableError):
            async with ctx.writing() as connection:
                await set_sms_outcome(connection, self.message_id, "failed")


async def admit_sms(ctx: Context, consumption: Consumption, mobile: str, *, guesser: str) -> Admission:
    """Count one code for `mobile` (E.164) against every limit and guard, before it is sent.

    `guesser` is whose wrong codes of a day are looked at: those who will use the code. What it counts is part
    of `consumption`, so that a code which is not sent uses up nothing.

    Raises:
        InputError: INVALID_INPUT for a country that is not on the list.
        RateLimitedError: over a limit, out of guesses, or paused.
    """
    await _guard(ctx, mobile, "country", lambda: _require_country(ctx, mobile))
    await _guard(ctx, mobile, None, lambda: _require_guesses_left(ctx, mobile, guesser))
    await _guard(ctx, mobile, "breaker", lambda: _require_used_prefix(ctx, mobile))
    seconds = 0.0
    policy = ctx.services.policy
    ceiling = policy.sms_ceiling
    for limit in (*policy.limits.sms, ceiling):
        guard: Guard | None = "ceiling" if limit is ceiling else None
        subject = {"mobile": mobile, "address": ctx.address, "installation": "all"}[limit.subject]
        counter = await _guard(ctx, mobile, guard, partial(consumption.use, limit, subject))
        if counter and limit.subject == "mobile" and counter.count >= limit.maximum:
            seconds = max(seconds, counter.remaining_seconds)
    message_id = await _record(ctx, mobile, SENT)
    SMS_MESSAGES.labels(SENT).inc()
    return Admission(message_id, ctx.now + timedelta(seconds=math.ceil(seconds)))


async def record_used_sms(ctx: Context, message_id: int) -> None:
    """Note that a code was used: the breaker judges by that."""
    SMS_MESSAGES.labels("used").inc()
    async with ctx.writing() as connection:
        await set_sms_used_at(connection, message_id, ctx.now)


def prefix_of(mobile: str) -> str:
    """The block of numbers that the breaker judges together: country and the first seven national digits."""
    country = country_code_of(mobile)
    return f"{country}{mobile[len(country) :][:PREFIX_DIGITS]}"


def ledger_digests(ctx: Context, mobile: str) -> list[str]:
    """How the ledger names a mobile: by a keyed digest under each key on the ring, the active one first."""
    return ctx.services.keys.digests("sms-ledger", mobile)


async def _guard(
    ctx: Context, mobile: str, guard: Guard | None, require: Callable[[], Awaitable[R]]
) -> R | None:
    """Refuse, or say so when the guard is run dry; either way it is in the ledger, the log and the metrics."""
    try:
        return await require()
    except (InputError, RateLimitedError) as error:
        is_dry = guard is not None and guard in ctx.services.policy.dry_guards
        outcome = guard or ("limit-address" if _is_address_limit(error) else "limit-mobile")
        if guard:
            mode = "dry-run" if is_dry else "enforced"
            SMS_GUARD_ACTIONS.labels(guard, mode).inc()
            _log.warning(
                "sms.guard", guard=guard, mode=mode, prefix=prefix_of(mobile), mobile=mask_mobile(mobile)
            )
        if is_dry:
            return None
        SMS_MESSAGES.labels(outcome).inc()
        await _record(ctx, mobile, outcome)
        raise


def _is_address_limit(error: InputError | RateLimitedError) -> bool:
    return isinstance(error, RateLimitedError) and error.is_address_limit


async def _require_country(ctx: Context, mobile: str) -> None:
    if country_code_of(mobile) not in ctx.services.policy.sms_country_codes:
        raise InputError(ErrorCode.INVALID_INPUT, Reason.MOBILE_COUNTRY_REFUSED, field=("mobile",))


async def _require_guesses_left(ctx: Context, mobile: str, guesser: str) -> None:
    """A code that could not be used any more is not worth its price."""
    limits = ctx.services.policy.limits
    for limit, subject in ((limits.sms_guess, mobile), (limits.sms_guess_by_account, guesser)):
        key = limit_key(ctx.services.keys, limit, subject)
        # Counting nothing reads the counter and its end.
        counter = await ctx.services.state.increment(key, limit.window_seconds, by=0)
        if counter.count >= limit.maximum:
            raise RateLimitedError(math.ceil(counter.remaining_seconds), Reason.TOO_MANY_GUESSES)


async def _require_used_prefix(ctx: Context, mobile: str) -> None:
    """The breaker: a block of numbers pauses for an hour when hardly any of its codes are used."""
    prefix = prefix_of(mobile)
    pause = ctx.state_key("sms-pause", prefix)
    # A pause is a counter that only its first refusal starts, so that it ends an hour later whatever comes.
    counter = await ctx.services.state.increment(pause, BREAKER_PAUSE_SECONDS, by=0)
    if counter.count == 0:
        since = ctx.now - timedelta(seconds=BREAKER_WINDOW_SECONDS)
        async with ctx.reading() as connection:
            sent, used = await count_sms_to_prefix(connection, prefix, since, limit=_BREAKER_SAMPLE)
        if sent < BREAKER_MINIMUM_SENT or used >= BREAKER_MINIMUM_USED_SHARE * sent:
            return
        counter = await ctx.services.state.increment(pause, BREAKER_PAUSE_SECONDS)
    raise RateLimitedError(math.ceil(counter.remaining_seconds), Reason.SMS_PAUSED)


async def _record(ctx: Context, mobile: str, outcome: str) -> int:
    row = SmsMessageRow(
        at=ctx.now,
        mobile_digest=ledger_digests(ctx, mobile)[0],
        prefix=prefix_of(mobile),
        address=ctx.address[:64],
        outcome=outcome,
    )
    async with ctx.writing() as connection:
        return await insert_sms_message(connection, row)
