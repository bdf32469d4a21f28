"""Picture captchas: four characters, spent by the first check, right or wrong."""

import base64
import re
import secrets
import unicodedata
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hmac import compare_digest

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha

from resolvers.context import Context
from resolvers.errors import CodeError, ErrorCode, RateLimitedError, invalid_input
from resolvers.limits import Consumption, Limit
from resolvers.messages import Reason

TTL_SECONDS = 180
CHARACTERS = 4

# No 0/O/Q/D, 1/I/L/J, 2/Z, 5/S, 8/B, 9/G, 7, U/V: what people confuse in a bent picture.
ALPHABET = "346ACEFHKMNPRTWXY"

_ID_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ID_BYTES = 16
# A sound is more than one value of the state store may hold.
_PIECE_CHARACTERS = 60_000
# One rendering for each captcha.
_SOUND = Limit("captcha-sound", "code", 1, TTL_SECONDS)
# Longer than any text with what a phone puts around it.
_MAXIMUM_TYPED_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Captcha:
    """A fresh captcha; `image` is a PNG."""

    id: str
    image: bytes
    expires_at: datetime


async def create_captcha(
    ctx: Context, *, captcha_id: str | None = None, previous_id: str | None = None
) -> Captcha:
    """Draw a captcha under `captcha_id` (made here when None) and void `previous_id`.

    Raises:
        InputError: INVALID_INPUT for an id that is no id.
        RateLimitedError: over the address's limit, or too many are being drawn.
    """
    new_id = secrets.token_urlsafe(_ID_BYTES) if captcha_id is None else _require_id(captcha_id, "captcha_id")
    if previous_id:
        _require_id(previous_id, "previous_id")
    with ctx.services.drawing.place(ctx.address) as place:
        async with ctx.consuming() as consumption:
            await consumption.use_all(ctx.services.policy.limits.captcha, ctx.address)
            text = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
            image = await place.run(draw_captcha, text)
            await ctx.services.state.put(_key(ctx, new_id), text, TTL_SECONDS)
    if previous_id and previous_id != new_id:
        await ctx.services.state.delete(_key(ctx, previous_id))
    if ctx.services.inbox:
        ctx.services.inbox.record_captcha(new_id, text)
    return Captcha(id=new_id, image=image, expires_at=ctx.now + timedelta(seconds=TTL_SECONDS))


async def find_captcha_audio(ctx: Context, *, captcha_id: str) -> bytes | None:
    """The captcha spoken, as WAV, for people who cannot read the picture; None when it has expired, or sound is off.

    Listening spends nothing, and is always to the same bytes: many renderings of one text could be averaged.

    Raises:
        RateLimitedError: over the address's limit, or the sound is just being made for another request.
    """
    if not (ctx.services.links.is_captcha_spoken and _ID_FORM.fullmatch(captcha_id)):
        return None
    async with ctx.consuming() as consumption:
        await consumption.use_all(ctx.services.policy.limits.captcha, ctx.address)
        text = await ctx.services.state.get(_key(ctx, captcha_id))
        if text is None:
            return None
        # An id may be used again for another text.
        subject = f"{captcha_id} {text}"
        return await _find_sound(ctx, subject) or await _make_sound(ctx, consumption, subject, text)


async def redeem_captcha(ctx: Context, *, captcha_id: str, text: str) -> str:
    """Check `text` without case; whatever comes out, the captcha is gone. Gives the right text.

    Raises:
        InputError: INVALID_INPUT for an id that is no id; nothing is spent.
        CodeError: CAPTCHA_EXPIRED, CAPTCHA_WRONG.
    """
    _require_id(captcha_id, "captcha_id")
    right = await ctx.services.state.take(_key(ctx, captcha_id))
    if right is None:
        raise CodeError(
            ErrorCode.CAPTCHA_EXPIRED, Reason.CAPTCHA_EXPIRED, field="captcha_id", attempts_remaining=0
        )
    if not compare_digest(normalize_captcha_text(text).encode(), right.encode()):
        raise CodeError(
            ErrorCode.CAPTCHA_WRONG, Reason.CAPTCHA_WRONG, field="captcha_text", attempts_remaining=0
        )
    return right


def normalize_captcha_text(text: str) -> str:
    """What a person typed, as it is compared: without case, width and spaces around."""
    return unicodedata.normalize("NFKC", text[:_MAXIMUM_TYPED_CHARACTERS]).strip().upper()


def draw_captcha(text: str) -> bytes:
    """`text` as a PNG picture, 160 by 60 pixels."""
    return _image_captcha().generate(text).getvalue()


def speak_captcha(text: str) -> bytes:
    """`text` as WAV."""
    return bytes(_audio_captcha().generate(text))


async def _find_sound(ctx: Context, subject: str) -> bytes | None:
    first = await ctx.services.state.get(_sound_key(ctx, subject, 0))
    if first is None:
        return None
    count, _, text = first.partition(" ")
    for number in range(1, int(count)):
        text += await ctx.services.state.get(_sound_key(ctx, subject, number)) or ""
    return zlib.decompress(base64.b85decode(text))


async def _make_sound(ctx: Context, consumption: Consumption, subject: str, text: str) -> bytes:
    """Speak the text for whoever is the first to ask, and keep what was said."""
    if (await consumption.count(_SOUND, subject)).count > 1:
        raise RateLimitedError(1, Reason.TOO_BUSY)
    sound = await ctx.services.drawing.run(speak_captcha, text)
    packed = base64.b85encode(zlib.compress(sound)).decode()
    pieces = [packed[start : start + _PIECE_CHARACTERS] for start in range(0, len(packed), _PIECE_CHARACTERS)]
    # The first piece comes last: who finds it finds them all.
    for number in reversed(range(len(pieces))):
        piece = pieces[number] if number else f"{len(pieces)} {pieces[0]}"
        await ctx.services.state.put(_sound_key(ctx, subject, number), piece, TTL_SECONDS)
    return sound


def _sound_key(ctx: Context, subject: str, number: int) -> str:
    return ctx.state_key("captcha-sound", f"{subject} {number}")


def _require_id(captcha_id: str, field: str) -> str:
    if not _ID_FORM.fullmatch(captcha_id):
        raise invalid_input(Reason.CAPTCHA_ID_MALFORMED, field)
    return captcha_id


def _key(ctx: Context, captcha_id: str) -> str:
    return ctx.state_key("captcha", captcha_id)


@cache
def _image_captcha() -> ImageCaptcha:
    return ImageCaptcha(width=160, height=60)


@cache
def _audio_captcha() -> AudioCaptcha:
    speaker = AudioCaptcha()
    speaker.load()
    return speaker
