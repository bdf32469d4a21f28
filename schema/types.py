"""The types of the GraphQL door: what the product shows, and what each mutation takes and answers."""

import base64
import math
from datetime import datetime
from enum import Enum

import strawberry
from strawberry.file_uploads import Upload

from resolvers import accounts, captchas, identities, sms_purposes
from resolvers.context import Context, Links
from resolvers.identities import find_own_auth_info
from resolvers.sessions import IssuedSession
from schema.consents import CONSENTS, Consent, ConsentInput, list_consents
from schema.context import Info
from schema.errors import UserError
from schema.nodes import Node
from schema.sessions import SecurityEvent, SessionInfo, list_security_events, list_session_infos

_ERRORS = "Why it was refused; empty on success."


def errors_field() -> list[UserError]:
    """The field that every payload has."""
    field: list[UserError] = strawberry.field(default_factory=list, description=_ERRORS)
    return field


@strawberry.type(description="An account's real-name record. Both fields are always masked.")
class AuthInfo:
    """See `resolvers.identities.AuthInfo`."""

    real_name: str = strawberry.field(description="The name with all characters but the last as `*`.")
    id_number: str = strawberry.field(
        description="The ID number with its middle as `*`, such as `1101**********002X`."
    )
    submitted_at: datetime = strawberry.field(description="When the record was submitted, UTC.")


@strawberry.type(description="One person's account.")
class Account(Node):
    """See `resolvers.accounts.Account`."""

    id: strawberry.ID = strawberry.field(description="Random; never changes, never reused.")
    mobile: str | None = strawberry.field(
        description="The mobile number as E.164, such as `+8618736008450`; null while the account has none."
    )
    name: str = strawberry.field(description="The name that others see; at first the mobile number.")
    avatar_url: str | None = strawberry.field(description="Where the picture is (WebP, 512 pixels), or null.")
    created_at: datetime = strawberry.field(description="When the account was registered, UTC.")

    @strawberry.field(description="The account's real-name record, or null while none has been submitted.")
    async def auth_info(self, info: Info) -> AuthInfo | None:
        """Read when it is asked for."""
        return auth_info_of(await find_own_auth_info(info.context.ctx))

    @strawberry.field(description="The account's live sessions, the last used first; at most 50.")
    async def sessions(self, info: Info) -> list[SessionInfo]:
        """Read when they are asked for."""
        return await list_session_infos(info)

    @strawberry.field(description="What its owner has agreed to, oldest first.")
    async def consents(self, info: Info) -> list[Consent]:
        """Read when they are asked for."""
        return await list_consents(info)

    @strawberry.field(description="What happened to the account: the newest 50 events, newest first.")
    async def security_events(self, info: Info) -> list[SecurityEvent]:
        """Read when they are asked for."""
        return await list_security_events(info)


@strawberry.type(description="A picture with four characters to type, valid for three minutes and one check.")
class Captcha:
    """See `resolvers.captchas.Captcha`."""

    id: strawberry.ID = strawberry.field(description="Send it back with what was read.")
    image: str = strawberry.field(description="The picture as a `data:` URI (PNG, 160 by 60 pixels).")
    audio_url: str | None = strawberry.field(
        description="The same characters spoken (WAV), for people who cannot read the picture; null while the sound is "
        "off."
    )
    expires_at: datetime = strawberry.field(description="When it stops being valid, UTC.")
    expires_after_seconds: int = strawberry.field(
        description="The same as a countdown, for clients whose clock is not to be trusted."
    )


@strawberry.type(description="A session that has just begun.")
class Session:
    """See `resolvers.sessions.IssuedSession`."""

    expires_at: datetime = strawberry.field(
        description="When it ends unless it is used, UTC: 7 days after the last use, 30 days after sign-in at most."
    )
    token: str | None = strawberry.field(
        description="For `Authorization: Bearer`, only when `tokenDelivery` is `BODY`; null otherwise."
    )
    device_token: str | None = strawberry.field(
        default=None,
        description="For the header `X-Device` at the next sign-in, only when `tokenDelivery` is `BODY`. "
        "It keeps the account's owner from being locked out while others guess.",
    )


@strawberry.enum(description="How the session token reaches the client.")
class TokenDelivery(Enum):
    """A cookie for browsers, the body for native clients."""

    COOKIE = strawberry.enum_value(
        "COOKIE", description="As a cookie that scripts cannot read. For browsers."
    )
    BODY = strawberry.enum_value("BODY", description="As `session.token`, and no cookie. For native clients.")


@strawberry.enum(description="What an SMS code is for. A code of one purpose is worth nothing for another.")
class SmsPurpose(Enum):
    """The purposes that a client may ask for; see `resolvers.sms_purposes`."""

    REGISTER = strawberry.enum_value(
        sms_purposes.SmsPurpose.REGISTER, description="To make an account, with `register`."
    )
    LOGIN = strawberry.enum_value(
        sms_purposes.SmsPurpose.LOGIN, description="To sign in, with `loginWithSmsCode`."
    )
    RESET_PASSWORD = strawberry.enum_value(
        sms_purposes.SmsPurpose.RESET_PASSWORD,
        description="To choose another password, with `resetPassword`.",
    )
    REAUTHENTICATE = strawberry.enum_value(
        sms_purposes.SmsPurpose.REAUTHENTICATE,
        description="To confirm once more who is signed in, with `reauthenticate`. It goes to the account's own "
        "number.",
    )


@strawberry.input(description="What `createCaptcha` takes.")
class CreateCaptchaInput:
    """Input."""

    previous_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A captcha that the new one replaces; it is void from then on."
    )


@strawberry.input(description="What `sendSmsCode` takes.")
class SendSmsCodeInput:
    """Input."""

    mobile: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="A mobile number in any spelling; without a country it is Chinese. Left out for `REAUTHENTICATE`.",
    )
    captcha_id: strawberry.ID = strawberry.field(description="The captcha's id.")
    captcha_text: str = strawberry.field(description="What was read in the picture; case does not matter.")
    purpose: SmsPurpose | None = strawberry.field(
        default=SmsPurpose.REGISTER, description="What the code is for."
    )


@strawberry.input(description="What `register` takes.")
class RegisterInput:
    """Input."""

    mobile: str = strawberry.field(description="The mobile number that the SMS code was sent to.")
    sms_code: str = strawberry.field(
        description="The digits of the SMS; blanks, dashes and full-width digits are read as they are meant."
    )
    password: str = strawberry.field(
        description="8 to 128 characters, any characters, none of the commonest passwords."
    )
    token_delivery: TokenDelivery | None = strawberry.field(
        default=TokenDelivery.COOKIE,
        description="How the session token reaches the client; null is the default.",
    )
    consents: list[ConsentInput] | None = strawberry.field(default=strawberry.UNSET, description=CONSENTS)


@strawberry.input(description="What `login` takes.")
class LoginInput:
    """Input."""

    mobile: str = strawberry.field(description="The account's mobile number in any spelling.")
    password: str = strawberry.field(description="The account's password.")
    token_delivery: TokenDelivery | None = strawberry.field(
        default=TokenDelivery.COOKIE,
        description="How the session token reaches the client; null is the default.",
    )


@strawberry.input(description="What `updateName` takes.")
class UpdateNameInput:
    """Input."""

    name: str = strawberry.field(
        description="1 to 32 characters after NFKC and trimming, none of `< > &`, no control characters; "
        "unique without case."
    )


@strawberry.input(description="What `uploadAvatar` takes.")
class UploadAvatarInput:
    """Input."""

    image: Upload = strawberry.field(
        description="A JPEG, PNG, WebP or GIF file of at most 5 MiB and 25 megapixels, sent by the multipart request "
        "specification."
    )


@strawberry.input(description="What `submitAuth` takes.")
class SubmitAuthInput:
    """Input."""

    real_name: str = strawberry.field(description="2 to 50 characters.")
    id_number: str = strawberry.field(
        description="A Chinese resident identity number (GB 11643, 18 characters)."
    )


@strawberry.type(description="What `createCaptcha` answers.")
class CreateCaptchaPayload:
    """Payload."""

    captcha: Captcha | None = strawberry.field(default=None, description="The fresh captcha.")
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `sendSmsCode` answers.")
class SendSmsCodePayload:
    """Payload."""

    resend_available_at: datetime | None = strawberry.field(
        default=None, description="When another code may be asked for, UTC."
    )
    resend_after_seconds: int | None = strawberry.field(
        default=None, description="The same as a countdown, for clients whose clock is not to be trusted."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When the code stops being valid, UTC."
    )
    expires_after_seconds: int | None = strawberry.field(
        default=None, description="The same as a countdown, for clients whose clock is not to be trusted."
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What every way to sign in answers.")
class SignInPayload:
    """Not in the schema by itself: each mutation's payload has its fields."""

    account: Account | None = strawberry.field(default=None, description="The account that is signed in now.")
    session: Session | None = strawberry.field(default=None, description="The session that has begun for it.")
    me: Account | None = strawberry.field(
        default=None, description="The same account, for caches: what the query `me` gives from now on."
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `register` answers.")
class RegisterPayload(SignInPayload):
    """Payload."""


@strawberry.type(description="What `login` answers.")
class LoginPayload(SignInPayload):
    """Payload."""


@strawberry.type(description="What `logout` answers.")
class LogoutPayload:
    """Payload."""

    me: Account | None = strawberry.field(
        default=None, description="Null, for caches: what the query `me` gives from now on."
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `updateName` answers.")
class UpdateNamePayload:
    """Payload."""

    account: Account | None = strawberry.field(default=None, description="The account with its new name.")
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `uploadAvatar` answers.")
class UploadAvatarPayload:
    """Payload."""

    account: Account | None = strawberry.field(default=None, description="The account with its new picture.")
    errors: list[UserError] = errors_field()


@strawberry.type(description="What `submitAuth` answers.")
class SubmitAuthPayload:
    """Payload."""

    auth_info: AuthInfo | None = strawberry.field(default=None, description="The record, masked.")
    account: Account | None = strawberry.field(default=None, description="The account whose record it is.")
    errors: list[UserError] = errors_field()


def account_of(account: accounts.Account, links: Links) -> Account:
    """An account as this door shows it."""
    return Account(
        id=strawberry.ID(account.public_id),
        mobile=account.mobile,
        name=account.name,
        avatar_url=links.avatar_url(account.avatar_key),
        created_at=account.created_at,
    )


def auth_info_of(info: identities.AuthInfo | None) -> AuthInfo | None:
    """A real-name record as this door shows it."""
    if info is None:
        return None
    return AuthInfo(real_name=info.real_name, id_number=info.id_number, submitted_at=info.submitted_at)


def captcha_of(captcha: captchas.Captcha, ctx: Context) -> Captcha:
    """A captcha as this door shows it."""
    return Captcha(
        id=strawberry.ID(captcha.id),
        image=f"data:image/png;base64,{base64.b64encode(captcha.image).decode()}",
        audio_url=ctx.services.links.captcha_audio_url(captcha.id),
        expires_at=captcha.expires_at,
        expires_after_seconds=seconds_until(captcha.expires_at, ctx.now),
    )


def session_of(
    session: IssuedSession, delivery: TokenDelivery | None, *, device_token: str | None = None
) -> Session:
    """A session as this door shows it; the tokens only where they were asked for."""
    is_asked_for = delivery is TokenDelivery.BODY
    return Session(
        expires_at=session.expires_at,
        token=session.token if is_asked_for else None,
        device_token=device_token if is_asked_for else None,
    )


def seconds_until(at: datetime, now: datetime) -> int:
    """Whole seconds to wait, so that `at` has come when they are over; 0 where it has."""
    return max(0, math.ceil((at - now).total_seconds()))
