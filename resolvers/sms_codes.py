"""SMS codes: six digits, kept only as a keyed digest, bound to mobile and purpose, spent by the first success."""

import math
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog

from resolvers.audit import record_limit
from resolvers.captchas import normalize_captcha_text, spend_captcha
from resolvers.context import Context
from resolvers.errors import CodeError, ErrorCode, RateLimitedError, RefusedError, invalid_input
from resolvers.limits import limit_key
from resolvers.mobiles import mask_mobile, parse_mobile
from resolvers.ports import SmsMessage, SmsSenderError, StateStoreError
from resolvers.sms_guard import admit_sms, record_used_sms
from resolvers.texts import Reason

TTL_SECONDS = 300
DIGITS = 6
RESEND_SECONDS = 60

Purpose = Literal["register"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code is on its way."""

    mobile: str
    resend_available_at: datetime
    expires_at: datetime


class _LiveCode(msgspec.Struct):
    """What is kept of a code: digests of the code and of the captcha text that was right when it was sent."""

    code_digest: str
    captcha_digest: str
    expires_at: datetime
    message_id: int


async def send_sms_code(
    ctx: Context, *, mobile: str, captcha_id: str, captcha_text: str, purpose: Purpose = "register"
) -> SentCode:
    """Send a fresh code to `mobile` after a right captcha; it replaces the live one.

    A refusal keeps the live code. Where the vendor fails, the code is void and what was counted is given back.

    Raises:
        InputError: INVALID_INPUT; the captcha is not spent.
        CodeError: CAPTCHA_EXPIRED, CAPTCHA_WRONG.
        RateLimitedError: over a limit, or no guess is left for this mobile.
        RefusedError: SMS_NOT_SENT.
    """
    number = parse_mobile(mobile)
    right_text = await spend_captcha(ctx, captcha_id=captcha_id, text=captcha_text)
    try:
        admission = await admit_sms(ctx, number)
    except RateLimitedError as error:
        await record_limit(ctx, "sms-limited", mobile=number, error=error)
        raise
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    expires_at = ctx.now + timedelta(seconds=TTL_SECONDS)
    live = _make_live_code(ctx, purpose, number, code, right_text, expires_at, admission.message_id)
    await ctx.services.state.put(_code_key(purpose, number), live, TTL_SECONDS)
    try:
        await ctx.services.sms_sender.send(
            SmsMessage(mobile=number, purpose=purpose, code=code, text=_message_text(code))
        )
    except SmsSenderError as error:
        await ctx.services.state.delete(_code_key(purpose, number))
        await admission.fail()
        _log.warning("sms.failed", mobile=mask_mobile(number), cause=type(error).__name__)
        raise RefusedError(ErrorCode.SMS_NOT_SENT, Reason.SMS_NOT_SENT) from error
    return SentCode(
        mobile=number, resend_available_at=ctx.now + timedelta(seconds=RESEND_SECONDS), expires_at=expires_at
    )


async def spend_sms_code(
    ctx: Context, *, mobile: str, code: str, captcha_text: str | None, purpose: Purpose = "register"
) -> "SpentCode":
    """Check `code` for `mobile` (E.164) and spend it; the guess is counted before it is judged.

    Of any number of concurrent right guesses exactly one is the first. Where `captcha_text` is given it must be
    the text that was right when the code was sent.

    Raises:
        InputError: INVALID_INPUT for what cannot be a code; it counts for nothing.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG, CAPTCHA_WRONG.
        RateLimitedError: the guesses for this mobile are used up.
    """
    if not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        raise invalid_input(Reason.SMS_CODE_MALFORMED, "sms_code")
    key = _code_key(purpose, mobile)
    kept = await ctx.services.state.get(key)
    if kept is None:
        raise _expired()
    live = msgspec.json.decode(kept, type=_LiveCode)
    remaining = await _count_guess(ctx, mobile)
    keys = ctx.services.keys
    if not keys.matches("sms-code", _bound(purpose, mobile, code), live.code_digest):
        if remaining == 0:
            await ctx.services.state.delete(key)
        raise CodeError(
            ErrorCode.SMS_CODE_WRONG, Reason.SMS_CODE_WRONG, field="sms_code", attempts_remaining=remaining
        )
    if captcha_text is not None and not keys.matches(
        "sms-captcha", _bound(purpose, mobile, normalize_captcha_text(captcha_text)), live.captcha_digest
    ):
        raise CodeError(
            ErrorCode.CAPTCHA_WRONG, Reason.CAPTCHA_WRONG, field="captcha_text", attempts_remaining=remaining
        )
    if await ctx.services.state.take(key) != kept:
        raise _expired()
    spent = SpentCode(ctx, key, kept, live.expires_at)
    try:
        await ctx.services.state.delete(_guess_key(ctx, mobile))
        await record_used_sms(ctx, live.message_id)
    except BaseException:
        # It has not done its work yet, and it was not the code's fault.
        with suppress(StateStoreError):
            await spent.restore()
        raise
    return spent


class SpentCode:
    """A code that has done its work; what it was for may still fail for no fault of the person."""

    def __init__(self, ctx: Context, key: str, kept: str, expires_at: datetime) -> None:
        self._ctx = ctx
        self._key = key
        self._kept = kept
        self._expires_at = expires_at

    async def restore(self) -> None:
        """Make the code usable again for the rest of its time: the thing it was for was not done.

        A newer code that was sent meanwhile stays.
        """
        ttl_seconds = (self._expires_at - self._ctx.now).total_seconds()
        if ttl_seconds > 0 and await self._ctx.services.state.get(self._key) is None:
            await self._ctx.services.state.put(self._key, self._kept, ttl_seconds)


async def _count_guess(ctx: Context, mobile: str) -> int:
    """Count one guess; how many remain after it."""
    limit = ctx.services.policy.limits.sms_guess
    counter = await ctx.services.state.increment(_guess_key(ctx, mobile), limit.window_seconds)
    if counter.count > limit.maximum:
        raise RateLimitedError(
            math.ceil(counter.remaining_seconds), Reason.TOO_MANY_GUESSES, field=("sms_code",)
        )
    return limit.maximum - counter.count


def _make_live_code(
    ctx: Context,
    purpose: Purpose,
    mobile: str,
    code: str,
    captcha_text: str,
    expires_at: datetime,
    message_id: int,
) -> str:
    keys = ctx.services.keys
    live = _LiveCode(
        code_digest=keys.digest("sms-code", _bound(purpose, mobile, code)),
        captcha_digest=keys.digest("sms-captcha", _bound(purpose, mobile, captcha_text)),
        expires_at=expires_at,
        message_id=message_id,
    )
    return msgspec.json.encode(live).decode()


def _expired() -> CodeError:
    return CodeError(
        ErrorCode.SMS_CODE_EXPIRED, Reason.SMS_CODE_EXPIRED, field="sms_code", attempts_remaining=0
    )


def _message_text(code: str) -> str:
    return f"您的验证码是 {code}，{TTL_SECONDS // 60} 分钟内有效。如非本人操作，请忽略本短信。"


def _bound(purpose: Purpose, mobile: str, text: str) -> str:
    return f"{purpose}:{mobile}:{text}"


def _code_key(purpose: Purpose, mobile: str) -> str:
    return f"sms-code:{purpose}:{mobile}"


def _guess_key(ctx: Context, mobile: str) -> str:
    return limit_key(ctx.services.policy.limits.sms_guess, mobile)


async def forget_sms_codes(ctx: Context, mobile: str) -> None:
    """Void the live code of a mobile and forget its guesses."""
    await ctx.services.state.delete(_code_key("register", mobile))
    await ctx.services.state.delete(_guess_key(ctx, mobile))
