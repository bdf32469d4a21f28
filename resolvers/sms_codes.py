"""SMS codes: kept only as a keyed digest, bound to mobile and purpose, spent by the first success."""

import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import msgspec
import structlog

from resolvers.captchas import normalize_captcha_text, redeem_captcha
from resolvers.context import Context
from resolvers.errors import CodeError, ErrorCode, RateLimitedError, RefusedError, invalid_input
from resolvers.events import EventKind, record_limit
from resolvers.limits import Consumption, Limit, limit_key
from resolvers.masking import mask_mobile
from resolvers.messages import Reason, sms_message_of
from resolvers.mobiles import language_of, parse_mobile
from resolvers.ports import SmsMessage, SmsSenderError
from resolvers.sms_guard import Admission, admit_sms, record_used_sms
from resolvers.sms_purposes import PURPOSES, SmsPurpose

# Longer than any code with what people put between its digits.
_MAXIMUM_TYPED_CHARACTERS = 64
# Blanks, dashes, and marks that copying brings along.
_BETWEEN_DIGITS = frozenset({"Zs", "Pd", "Cf"})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code is on its way."""

    mobile: str
    resend_available_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose code it is: a mobile (E.164) and, for what needs a session, its account."""

    purpose: SmsPurpose
    mobile: str
    account_id: int | None

    def __post_init__(self) -> None:
        if PURPOSES[self.purpose].is_for_session != (self.account_id is not None):
            raise ValueError(f"{self.purpose} is bound to an account, or is not")

    @property
    def subject(self) -> str:
        """As state keys name it."""
        return _subject(self.mobile, self.account_id)

    @property
    def guesser(self) -> str:
        """Whose wrong codes of a day are counted: strangers' guesses for a mobile use up nothing of its account's."""
        return str(self.account_id or self.mobile)

    def bind(self, text: str) -> str:
        """What a digest of `text` is made of, so that it is worth nothing for anybody else."""
        return f"{self.purpose} {self.subject} {text}"


class _LiveCode(msgspec.Struct):
    """What is kept of a code: digests of the code and of the captcha text that was right when it was sent."""

    code_digest: str
    captcha_digest: str
    expires_at: datetime
    message_id: int


async def send_sms_code(
    ctx: Context,
    *,
    purpose: SmsPurpose,
    mobile: str | None,
    captcha_id: str,
    captcha_text: str,
) -> SentCode:
    """Send a fresh code to `mobile` after a right captcha; it replaces the live one.

    A code for somebody signed in goes to the account's own mobile where its purpose says so, and none is given then.

    A refusal keeps the live code. Where the vendor fails, the code is void and what was counted is given back; the
    captcha stays spent.

    Raises:
        InputError: INVALID_INPUT; the captcha is not spent.
        RefusedError: UNAUTHENTICATED, where the purpose is for somebody signed in.
        CodeError: CAPTCHA_EXPIRED, CAPTCHA_WRONG.
        RateLimitedError: over a limit, or no guess is left for this mobile.
        RefusedError: SMS_NOT_SENT.
    """
    owner = await _find_owner(ctx, purpose, mobile)
    right_text = await redeem_captcha(ctx, captcha_id=captcha_id, text=captcha_text)
    async with ctx.consuming() as consumption:
        try:
            admission = await admit_sms(ctx, consumption, owner.mobile, guesser=owner.guesser)
        except RateLimitedError as error:
            await record_limit(ctx, EventKind.SMS_LIMITED, mobile=owner.mobile, error=error)
            raise
        rule = PURPOSES[purpose]
        digits = rule.digits(ctx.services.policy.sms_code_digits)
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        expires_at = ctx.now + timedelta(seconds=rule.ttl_seconds)
        live = _make_live_code(ctx, owner, code, right_text, expires_at, admission.message_id)
        key = ctx.state_key(_kind(purpose), owner.subject)
        consumption.undo_by(key, partial(ctx.services.state.delete, key), ttl_seconds=rule.ttl_seconds)
        await ctx.services.state.put(key, live, rule.ttl_seconds)
        await _hand_over(ctx, consumption, admission, _message(owner, code))
    return SentCode(owner.mobile, admission.resend_available_at, expires_at)


async def _find_owner(ctx: Context, purpose: SmsPurpose, mobile: str | None) -> _Owner:
    rule = PURPOSES[purpose]
    if purpose is SmsPurpose.LOGIN:
        require_sms_sign_in(ctx, "purpose")
    viewer = await ctx.require_viewer() if rule.is_for_session else None
    if viewer is not None and rule.is_to_own_mobile:
        if mobile is not None:
            raise invalid_input(Reason.OWN_MOBILE_ONLY, "mobile")
        return _Owner(purpose, viewer.mobile, viewer.id)
    if mobile is None:
        raise invalid_input(Reason.FIELD_MISSING, "mobile", name="mobile")
    return _Owner(purpose, parse_mobile(mobile), viewer.id if viewer else None)


def require_sms_sign_in(ctx: Context, field: str) -> None:
    """See to it that this installation signs people in by SMS code.

    Raises:
        InputError: INVALID_INPUT, for `field`.
    """
    if ctx.services.policy.sms_sign_in == "off":
        raise invalid_input(Reason.SMS_SIGN_IN_OFF, field)


@asynccontextmanager
async def redeemed_code(
    ctx: Context,
    *,
    purpose: SmsPurpose,
    mobile: str,
    code: str,
    captcha_text: str | None = None,
    account_id: int | None = None,
) -> AsyncIterator[None]:
    """Redeem `code` for `mobile` (E.164) for what is done in the block.

    A guess is counted before it is judged. Of any number of concurrent right guesses exactly one enters the block;
    where the block fails, for whatever reason, the code is good again for the rest of its time. Where `captcha_text`
    is given it must be the text that was right when the code was sent.

    Raises:
        InputError: INVALID_INPUT for what cannot be a code; it counts for nothing.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG, CAPTCHA_WRONG.
        RateLimitedError: the guesses for this code, mobile, address or account are used up.
    """
    owner = _Owner(purpose, mobile, account_id)
    typed = _parse_code(code, PURPOSES[purpose].digits(ctx.services.policy.sms_code_digits))
    async with ctx.consuming() as guess:
        key, kept = await _find_live(ctx, owner)
        live = msgspec.json.decode(kept, type=_LiveCode)
        await _judge(ctx, guess, owner, key, live, typed, captcha_text)
        await guess.give_back()
        await ctx.services.state.delete(_guess_key(ctx, mobile))
    async with ctx.consuming() as redeemed:
        # Noted first: when the store fails it is not known whether the code was taken.
        restore = partial(_restore, ctx, key, kept)
        redeemed.undo_by(key, restore, ttl_seconds=PURPOSES[purpose].ttl_seconds)
        found = await ctx.services.state.take(key)
        if found != kept:
            redeemed.stand()
            if found is not None:
                await _restore(ctx, key, found)
            raise _expired()
        await record_used_sms(ctx, live.message_id)
        yield


async def void_sms_codes(ctx: Context, *, mobile: str, account_id: int) -> None:
    """Void the live codes of a mobile, and of its account on it; under every key of the ring."""
    for purpose, rule in PURPOSES.items():
        subject = _subject(mobile, account_id if rule.is_for_session else None)
        for key in ctx.services.keys.state_keys(_kind(purpose), subject):
            await ctx.services.state.delete(key)


async def forget_sms_codes(ctx: Context, *, mobile: str, account_id: int) -> None:
    """Void the live codes of a mobile and its account, and forget their guesses."""
    await void_sms_codes(ctx, mobile=mobile, account_id=account_id)
    keys, limits = ctx.services.keys, ctx.services.policy.limits
    for key in (
        limit_key(keys, limits.sms_guess, mobile),
        limit_key(keys, limits.sms_guess_by_account, mobile),
        limit_key(keys, limits.sms_guess_by_account, str(account_id)),
    ):
        await ctx.services.state.delete(key)


def _parse_code(text: str, digits: int) -> str:
    """What a person typed, as ASCII digits: in any script, full width too, with blanks and dashes between them.

    Raises:
        InputError: INVALID_INPUT.
    """
    characters = text if len(text) <= _MAXIMUM_TYPED_CHARACTERS else ""
    typed = [
        one for one in characters if not one.isspace() and unicodedata.category(one) not in _BETWEEN_DIGITS
    ]
    if len(typed) != digits or not all(one.isdecimal() for one in typed):
        raise invalid_input(Reason.SMS_CODE_MALFORMED, "sms_code", digits=digits)
    return "".join(str(unicodedata.decimal(one)) for one in typed)


async def _find_live(ctx: Context, owner: _Owner) -> tuple[str, str]:
    """The key and the text of the live code; one that was sent before the keys were rotated is still good."""
    for key in ctx.services.keys.state_keys(_kind(owner.purpose), owner.subject):
        kept = await ctx.services.state.get(key)
        if kept is not None:
            return key, kept
    raise _expired()


async def _judge(
    ctx: Context,
    guess: Consumption,
    owner: _Owner,
    key: str,
    live: _LiveCode,
    typed: str,
    captcha_text: str | None,
) -> None:
    """Count the guess, then compare; a wrong one stays counted, and the last one spends the code."""
    of_code, remaining = await _count_guess(ctx, guess, owner, live)
    error = _find_fault(ctx, owner, live, typed, captcha_text, remaining)
    if error is not None:
        guess.stand()
        if of_code == 0:
            await ctx.services.state.delete(key)
        raise error


async def _count_guess(ctx: Context, guess: Consumption, owner: _Owner, live: _LiveCode) -> tuple[int, int]:
    """Count one guess; how many remain for this code, and how many for who asks."""
    limits, rule = ctx.services.policy.limits, PURPOSES[owner.purpose]

    async def use(limit: Limit, subject: str) -> int:
        counter = await guess.use(limit, subject, reason=Reason.TOO_MANY_GUESSES, field=("sms_code",))
        return limit.maximum - counter.count

    of_code = min(
        await use(Limit("sms-guess", "code", rule.guesses, rule.ttl_seconds), str(live.message_id)),
        await use(limits.sms_guess, owner.mobile),
    )
    of_account = await use(limits.sms_guess_by_account, owner.guesser)
    of_address = await use(limits.sms_guess_by_address, ctx.address)
    return of_code, min(of_code, of_account, of_address)


def _find_fault(
    ctx: Context, owner: _Owner, live: _LiveCode, typed: str, captcha_text: str | None, remaining: int
) -> CodeError | None:
    keys = ctx.services.keys
    if not keys.matches("sms-code", owner.bind(typed), live.code_digest):
        return CodeError(
            ErrorCode.SMS_CODE_WRONG, Reason.SMS_CODE_WRONG, field="sms_code", attempts_remaining=remaining
        )
    if captcha_text is not None and not keys.matches(
        "sms-captcha", owner.bind(normalize_captcha_text(captcha_text)), live.captcha_digest
    ):
        return CodeError(
            ErrorCode.CAPTCHA_WRONG, Reason.CAPTCHA_WRONG, field="captcha_text", attempts_remaining=remaining
        )
    return None


async def _restore(ctx: Context, key: str, kept: str) -> None:
    """Make a code good again for the rest of its time; a newer one that was sent meanwhile stays."""
    live = msgspec.json.decode(kept, type=_LiveCode)
    ttl_seconds = (live.expires_at - ctx.now).total_seconds()
    if ttl_seconds > 0 and await ctx.services.state.get(key) is None:
        await ctx.services.state.put(key, kept, ttl_seconds)


async def _hand_over(
    ctx: Context, consumption: Consumption, admission: Admission, message: SmsMessage
) -> None:
    try:
        await ctx.services.sms_sender.send(message)
    except SmsSenderError as error:
        await admission.fail(ctx)
        _log.warning("sms.failed", mobile=mask_mobile(message.mobile), cause=type(error).__name__)
        raise RefusedError(ErrorCode.SMS_NOT_SENT, Reason.SMS_NOT_SENT) from error
    except BaseException:
        # Cut off: it may be on its way, so its code is live and what it has used up stays used.
        consumption.stand()
        raise


def _make_live_code(
    ctx: Context, owner: _Owner, code: str, captcha_text: str, expires_at: datetime, message_id: int
) -> str:
    keys = ctx.services.keys
    live = _LiveCode(
        code_digest=keys.digest("sms-code", owner.bind(code)),
        captcha_digest=keys.digest("sms-captcha", owner.bind(captcha_text)),
        expires_at=expires_at,
        message_id=message_id,
    )
    return msgspec.json.encode(live).decode()


def _message(owner: _Owner, code: str) -> SmsMessage:
    """The message: Chinese to a Chinese number, English to the rest of the world."""
    rule = PURPOSES[owner.purpose]
    text = sms_message_of(rule.text, language_of(owner.mobile), code=code, minutes=rule.ttl_seconds // 60)
    return SmsMessage(owner.mobile, owner.purpose, code, text)


def _expired() -> CodeError:
    return CodeError(
        ErrorCode.SMS_CODE_EXPIRED, Reason.SMS_CODE_EXPIRED, field="sms_code", attempts_remaining=0
    )


def _kind(purpose: SmsPurpose) -> str:
    return f"sms-code:{purpose}"


def _subject(mobile: str, account_id: int | None) -> str:
    return f"{mobile} {account_id or ''}"


def _guess_key(ctx: Context, mobile: str) -> str:
    return limit_key(ctx.services.keys, ctx.services.policy.limits.sms_guess, mobile)
