"""The ten endpoints: unpack, call the resolver, pack."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone

from resolvers.accounts import Account
from resolvers.avatars import upload_avatar
from resolvers.captchas import create_captcha
from resolvers.errors import ErrorCode, InputError
from resolvers.identities import AuthInfo, find_auth_info, submit_auth
from resolvers.mobiles import national_form
from resolvers.profiles import update_name
from resolvers.registration import register
from resolvers.sign_in import SignedIn, login
from resolvers.sign_out import logout
from resolvers.sms_codes import send_sms_code
from resolvers.sms_purposes import SmsPurpose
from resolvers.texts import Reason
from rest_shim.requests import RestRequest

# Legacy pages print the time as it comes: the wall clock of where they are read.
_CHINA = timezone(timedelta(hours=8))
_TIME_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Success:
    """What goes into the envelope. `as_object` is `data` for dialects that have objects where the document has none."""

    data: object = None
    as_object: object = None
    beside_data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """The one answer that is no envelope."""

    png: bytes


Endpoint = Callable[[RestRequest], Awaitable[Success | Picture]]


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What the settings say about the endpoints."""

    refuse_common_passwords: bool = False


async def get_imagecode(request: RestRequest) -> Picture:
    """1. A captcha under the page's own id, voiding the previous one."""
    captcha = await create_captcha(
        request.ctx, captcha_id=request.get("codeid"), previous_id=request.find("pcodeid")
    )
    return Picture(captcha.image)


async def post_smscode(request: RestRequest) -> Success:
    """2. An SMS code, after a right captcha."""
    await send_sms_code(
        request.ctx,
        purpose=SmsPurpose.REGISTER,
        mobile=request.get("mobile"),
        captcha_id=request.get("image_code_id"),
        captcha_text=request.get("image_code_text"),
    )
    return Success()


def post_register(options: EndpointOptions) -> Endpoint:
    """3. Registration, which signs in."""

    async def endpoint(request: RestRequest) -> Success:
        is_token_wanted = request.is_token_wanted()
        signed_in = await register(
            request.ctx,
            mobile=request.get("mobile"),
            sms_code=request.get("phonecode"),
            password=request.get("password", is_stored=False),
            captcha_text=request.get_unless_optional("image_code_text"),
            refuse_common_password=options.refuse_common_passwords,
        )
        return _signed_in(request, signed_in, is_token_wanted=is_token_wanted)

    return endpoint


async def post_login(request: RestRequest) -> Success:
    """4. Sign-in."""
    is_token_wanted = request.is_token_wanted()
    signed_in = await login(
        request.ctx, mobile=request.get("mobile"), password=request.get("password", is_stored=False)
    )
    return _signed_in(request, signed_in, is_token_wanted=is_token_wanted)


async def get_check_login(request: RestRequest) -> Success:
    """5. Who is signed in, by name."""
    viewer = await request.ctx.require_viewer()
    return Success(viewer.name, as_object={"name": viewer.name})


async def get_logout(request: RestRequest) -> Success:
    """6. Sign-out, with or without a session."""
    await logout(request.ctx)
    return Success()


async def get_profile(request: RestRequest) -> Success:
    """7. The profile."""
    account = await request.require_account()
    avatar_url = request.ctx.services.links.avatar_url(account.avatar_key)
    return _object(
        {
            **_account(account),
            "avatar": avatar_url,
            "avatar_url": avatar_url,
            "create_time": account.created_at.astimezone(_CHINA).strftime(_TIME_FORM),
        }
    )


async def post_avatar(request: RestRequest) -> Success:
    """8. A new picture, from the multipart part `avatar`."""
    await request.require_account()
    image = request.files.get("avatar")
    if image is None:
        raise InputError(ErrorCode.INVALID_INPUT, Reason.FIELD_MISSING, field=("avatar",), name="avatar")
    account = await upload_avatar(request.ctx, image=image)
    url = request.ctx.services.links.avatar_url(account.avatar_key)
    return Success(url, as_object=url, beside_data={"url": url, "avatar": url})


async def post_name(request: RestRequest) -> Success:
    """9. A new name."""
    await request.require_account()
    account = await update_name(request.ctx, name=request.get("name"))
    return _object({"name": account.name})


async def get_auth(request: RestRequest) -> Success:
    """10. The real-name record, masked."""
    account = await request.require_account()
    return _auth(await find_auth_info(request.ctx, account_id=account.id))


async def post_auth(request: RestRequest) -> Success:
    """10. The real-name record, once."""
    await request.require_account()
    return _auth(
        await submit_auth(request.ctx, real_name=request.get("real_name"), id_number=request.get("id_card"))
    )


def routes(options: EndpointOptions) -> dict[str, dict[str, Endpoint]]:
    """Path, then method, then endpoint."""
    return {
        "/api/imagecode": {"GET": get_imagecode},
        "/api/smscode": {"POST": post_smscode},
        "/api/register": {"POST": post_register(options)},
        "/api/login": {"POST": post_login},
        "/api/check_login": {"GET": get_check_login},
        "/api/logout": {"GET": get_logout},
        "/api/profile": {"GET": get_profile},
        "/api/profile/avatar": {"POST": post_avatar},
        "/api/profile/name": {"POST": post_name},
        "/api/profile/auth": {"GET": get_auth, "POST": post_auth},
    }


def _account(account: Account) -> dict[str, object]:
    return {"user_id": account.id, "name": account.name, "mobile": national_form(account.mobile)}


def _signed_in(request: RestRequest, signed_in: SignedIn, *, is_token_wanted: bool) -> Success:
    """The account, and the token with it for who keeps no cookies: then the gateway must not make one of it."""
    account = _account(signed_in.account)
    if not is_token_wanted:
        return _object(account)
    request.ctx.issued = None
    return _object(account | {"token": signed_in.session.token})


def _auth(info: AuthInfo | None) -> Success:
    return _object(
        {"real_name": info.real_name if info else None, "id_card": info.id_number if info else None}
    )


def _object(data: Mapping[str, object]) -> Success:
    return Success(data, as_object=data)
