"""The endpoints as one table: what each reads and gives, and the handler that calls the resolver.

A handler's docstring is what the OpenAPI document says of it: its first sentence is the summary.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta, timezone
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct
from starlette.datastructures import UploadFile

from resolvers import (
    accounts,
    avatars,
    captchas,
    identities,
    profiles,
    registration,
    sign_in,
    sign_out,
    sms_codes,
)
from resolvers.context import Context
from resolvers.errors import ErrorCode as E
from resolvers.errors import invalid_input
from resolvers.messages import Reason
from resolvers.mobiles import national_form
from resolvers.signing_in import SignedIn
from resolvers.sms_purposes import SmsPurpose
from rest_shim import types as m
from rest_shim.errno import Errno

Fields = TypeVar("Fields", bound=Struct)

MAXIMUM_BODY_BYTES = 100 * 1024
MAXIMUM_UPLOAD_BYTES = 6 * 1024 * 1024

# Legacy pages print the time as it comes: the wall clock of where they are read.
_CHINA = timezone(timedelta(hours=8))
_TIME_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Call(Generic[Fields]):
    """What a handler is given; `file` is the part that the route names."""

    ctx: Context
    fields: Fields
    file: UploadFile | None = None
    refuse_common_passwords: bool = False


async def get_image_code(call: Call[m.ImageCodeFields]) -> bytes:
    """Captcha picture.

    Draws four characters under an id that the page chose. The captcha lives 180 seconds and is spent by the first
    check, right or wrong.
    """
    captcha = await captchas.create_captcha(
        call.ctx, captcha_id=call.fields.codeid, previous_id=call.fields.pcodeid or None
    )
    return captcha.image


async def send_sms_code(call: Call[m.SmsCodeFields]) -> None:
    """Send an SMS code. Sends digits to the mobile, after a right captcha. The code lives 300 seconds."""
    await sms_codes.send_sms_code(
        call.ctx,
        purpose=SmsPurpose.REGISTER,
        mobile=call.fields.mobile,
        captcha_id=call.fields.image_code_id,
        captcha_text=call.fields.image_code_text,
    )


async def register(call: Call[m.RegisterFields]) -> m.SignedIn:
    """Register. Makes an account for the mobile and signs it in. The first name is the mobile itself."""
    is_token_wanted = _is_token_wanted(call.ctx, call.fields)
    signed_in = await registration.register(
        call.ctx,
        mobile=call.fields.mobile,
        sms_code=call.fields.phonecode,
        password=call.fields.password,
        captcha_text=call.fields.image_code_text or None,
        refuse_common_password=call.refuse_common_passwords,
    )
    return _signed_in(call.ctx, signed_in, is_token_wanted=is_token_wanted)


async def login(call: Call[m.LoginFields]) -> m.SignedIn:
    """Sign in. Begins a session: 7 days after its last use it ends, 30 days after sign-in at the latest."""
    is_token_wanted = _is_token_wanted(call.ctx, call.fields)
    signed_in = await sign_in.login(call.ctx, mobile=call.fields.mobile, password=call.fields.password)
    return _signed_in(call.ctx, signed_in, is_token_wanted=is_token_wanted)


async def check_login(call: Call[m.NoFields]) -> m.Name:
    """Who is signed in. The name of the signed-in account."""
    return m.Name((await call.ctx.require_viewer()).name)


async def logout(call: Call[m.NoFields]) -> None:
    """Sign out.

    Ends the session, at the server and at once; it completes although the page is left. Without a session it succeeds
    too.
    """
    await sign_out.logout(call.ctx)


async def get_profile(call: Call[m.Credentials]) -> m.Profile:
    """Profile. The account with its picture."""
    account = await call.ctx.require_viewer()
    url = call.ctx.services.links.avatar_url(account.avatar_key)
    created = account.created_at.astimezone(_CHINA).strftime(_TIME_FORM)
    return m.Profile(*_account(account), avatar=url, avatar_url=url, create_time=created)


async def upload_avatar(call: Call[m.Credentials]) -> m.Avatar:
    """New picture.

    Takes a JPEG, PNG, WebP or GIF of at most 5 MiB and 25 megapixels, judged by its bytes, and keeps a square WebP of
    512 pixels without metadata. The previous picture is deleted.
    """
    if call.file is None:
        raise invalid_input(Reason.FIELD_MISSING, "avatar", name="avatar")
    account = await avatars.upload_avatar(call.ctx, image=call.file)
    url = call.ctx.services.links.avatar_url(account.avatar_key) or ""
    return m.Avatar(url, url)


async def update_name(call: Call[m.NameFields]) -> m.Name:
    """New name. Changes the name that others see."""
    return m.Name((await profiles.update_name(call.ctx, name=call.fields.name)).name)


async def get_auth(call: Call[m.Credentials]) -> m.Auth:
    """Real-name record. The account's real-name record, masked; both null while none has been submitted."""
    info = await identities.find_own_auth_info(call.ctx)
    return m.Auth(info.real_name, info.id_number) if info else m.Auth(None, None)


async def submit_auth(call: Call[m.AuthFields]) -> m.Auth:
    """Submit the real-name record.

    Keeps the record, once. It is encrypted at rest and shown masked. One identity number belongs to one
    account.
    """
    info = await identities.submit_auth(
        call.ctx, real_name=call.fields.real_name, id_number=call.fields.id_card
    )
    return m.Auth(info.real_name, info.id_number)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path: its handler, what that reads and gives, and what its own refusals are.

    `upload` is the multipart part that is a file. `bare` is the field of the answer that alone is `data`, with the
    whole answer beside it. `changes_state` is for a read that does; what posts always does. `session_effect` tells
    what becomes of the cookie.
    """

    method: str
    path: str
    handler: Callable[[Call[Any]], Awaitable[Struct | bytes | None]]
    reads: type[Struct]
    gives: type[Struct] | None = None
    refusals: tuple[E | Errno, ...] = ()
    _: KW_ONLY
    upload: str | None = None
    bare: str | None = None
    changes_state: bool = False
    session_effect: str | None = None

    @property
    def takes_credentials(self) -> bool:
        """Whether mobile and password in the request serve instead of a session."""
        return issubclass(self.reads, m.Credentials)

    @property
    def takes_session(self) -> bool:
        """Whether it matters who is signed in."""
        return self.takes_credentials or self.reads is m.NoFields

    @property
    def is_guarded(self) -> bool:
        """Whether another site's page may not send this."""
        return self.method == "POST" or self.changes_state


_BEGINS = "A fresh session's cookie, unless `token_delivery` is `body`. The one that the client was in ends."
_CAPTCHA = (E.CAPTCHA_EXPIRED, E.CAPTCHA_WRONG, E.RATE_LIMITED, E.SMS_NOT_SENT, Errno.IPERR)
_SMS_CODE = (E.SMS_CODE_EXPIRED, E.SMS_CODE_WRONG, E.CAPTCHA_WRONG, E.RATE_LIMITED)
SIGN_IN_REFUSALS = (E.WRONG_CREDENTIALS, E.ACCOUNT_LOCKED, E.RATE_LIMITED, Errno.IPERR)

ROUTES = (
    Route("GET", "/api/imagecode", get_image_code, m.ImageCodeFields, None, (E.RATE_LIMITED, Errno.IPERR)),
    Route("POST", "/api/smscode", send_sms_code, m.SmsCodeFields, None, _CAPTCHA),
    Route(
        "POST",
        "/api/register",
        register,
        m.RegisterFields,
        m.SignedIn,
        (*_SMS_CODE, E.WEAK_PASSWORD, E.MOBILE_TAKEN),
        session_effect=_BEGINS,
    ),
    Route("POST", "/api/login", login, m.LoginFields, m.SignedIn, SIGN_IN_REFUSALS, session_effect=_BEGINS),
    Route("GET", "/api/check_login", check_login, m.NoFields, m.Name, (E.UNAUTHENTICATED,)),
    Route(
        "GET",
        "/api/logout",
        logout,
        m.NoFields,
        changes_state=True,
        session_effect="Takes the cookie away.",
    ),
    Route("GET", "/api/profile", get_profile, m.Credentials, m.Profile),
    Route(
        "POST",
        "/api/profile/avatar",
        upload_avatar,
        m.Credentials,
        m.Avatar,
        (E.INVALID_IMAGE, E.STORAGE_FAILED),
        upload="avatar",
        bare="url",
    ),
    Route("POST", "/api/profile/name", update_name, m.NameFields, m.Name, (E.NAME_TAKEN,)),
    Route("GET", "/api/profile/auth", get_auth, m.Credentials, m.Auth),
    Route(
        "POST",
        "/api/profile/auth",
        submit_auth,
        m.AuthFields,
        m.Auth,
        (E.AUTH_ALREADY_SUBMITTED, E.ID_NUMBER_REFUSED),
    ),
)


def routes_of(paths: Mapping[str, str]) -> dict[str, dict[str, Route]]:
    """Path, then method, then route; `paths` are further paths, each with the one that it means."""
    table: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        table.setdefault(route.path, {})[route.method] = route
    return table | {alias: table[path] for alias, path in paths.items()}


def _account(account: accounts.Account) -> tuple[int, str, str]:
    return account.id, account.name, national_form(account.mobile)


def _is_token_wanted(ctx: Context, fields: m.LoginFields) -> bool:
    """Whether a sign-in shall tell its token; judged before anything else is.

    Raises:
        InputError: INVALID_INPUT for anything but the two ways there are, or for a cookie that would not arrive.
    """
    delivery = fields.token_delivery.lower()
    if delivery not in {"cookie", "body"}:
        raise invalid_input(Reason.TOKEN_DELIVERY_UNKNOWN, "token_delivery")
    if delivery == "cookie":
        ctx.require_cookies()
    return delivery == "body"


def _signed_in(ctx: Context, signed_in: SignedIn, *, is_token_wanted: bool) -> m.SignedIn:
    """The account, and the tokens with it for clients without cookies."""
    account = _account(signed_in.account)
    if not is_token_wanted:
        return m.SignedIn(*account)
    ctx.deliver_in_body()
    return m.SignedIn(*account, token=signed_in.session.token, device_token=signed_in.device_token or UNSET)
