"""Registration: who proved a mobile with its code gets an account, and is signed in."""

from collections.abc import Collection

from db import accounts
from db.engine import ConflictError, Connection
from resolvers.accounts import Account, account_of
from resolvers.auth_methods import AuthMethod
from resolvers.consents import record_consents, require_consents
from resolvers.context import Context
from resolvers.errors import ErrorCode, InputError
from resolvers.events import EventKind
from resolvers.messages import Reason
from resolvers.mobiles import national_form, parse_mobile
from resolvers.names import draw_name, name_key
from resolvers.passwords import require_password
from resolvers.policy import Document
from resolvers.signing_in import SignedIn, signing_in
from resolvers.sms_codes import redeemed_code
from resolvers.sms_purposes import SmsPurpose

# Of ten thousand million names hardly ever one is taken.
_DRAWS = 5


async def register(
    ctx: Context,
    *,
    mobile: str,
    sms_code: str,
    password: str,
    captcha_text: str | None = None,
    refuse_common_password: bool = True,
    consents: Collection[Document] | None = None,
) -> SignedIn:
    """Make an account for `mobile` and sign it in. The first name is the mobile itself, or one is drawn.

    `consents` are what the person agrees to; None where the door neither asks for them nor keeps them.

    The input is judged before the code is touched, so a refused password costs no code. That a mobile is taken is
    told only to whoever brings its code, and leaves the code good.

    Raises:
        InputError: INVALID_INPUT, WEAK_PASSWORD, CONSENT_REQUIRED, MOBILE_TAKEN.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG, CAPTCHA_WRONG.
        RateLimitedError: too many wrong codes, or too many sessions in an hour.
    """
    number = parse_mobile(mobile)
    chosen = require_password(password, mobile=number, refuse_common=refuse_common_password)
    if consents is not None:
        require_consents(ctx, consents)
    async with redeemed_code(
        ctx, purpose=SmsPurpose.REGISTER, mobile=number, code=sms_code, captcha_text=captcha_text
    ):
        return await _make_account(ctx, number, chosen, has_consented=consents is not None)


async def _make_account(ctx: Context, mobile: str, password: str, *, has_consented: bool) -> SignedIn:
    async with ctx.reading() as connection:
        if await accounts.find_account_by_mobile(connection, mobile):
            raise _mobile_taken()
    password_hash = await ctx.services.passwords.hash(password)
    made = await register_account(
        ctx,
        mobile=mobile,
        name=national_form(mobile),
        password_hash=password_hash,
        method=AuthMethod.REGISTRATION,
        has_consented=has_consented,
    )
    if made is None:
        raise _mobile_taken()
    return made


async def register_account(
    ctx: Context,
    *,
    mobile: str,
    name: str,
    password_hash: str | None,
    method: AuthMethod,
    has_consented: bool,
) -> SignedIn | None:
    """Make an account for whoever has proved `mobile`, and sign it in; None where the mobile has one by now.

    Where `name` is somebody's, one is drawn.

    Raises:
        RateLimitedError: too many sessions in an hour.
    """
    for candidate in (name, *(draw_name() for _ in range(_DRAWS))):

        async def admit(connection: Connection, candidate: str = candidate) -> Account:
            row = await accounts.insert_account(
                connection,
                mobile=mobile,
                name=candidate,
                name_key=name_key(candidate),
                password_hash=password_hash,
                created_at=ctx.now,
            )
            if has_consented:
                await record_consents(ctx, connection, account_id=row.id, mobile=mobile)
            return account_of(row)

        try:
            return await signing_in(ctx, mobile, EventKind.REGISTERED, method, admit)
        except ConflictError:
            async with ctx.reading() as connection:
                if await accounts.find_account_by_mobile(connection, mobile):
                    return None
    raise RuntimeError("no name is free")


def _mobile_taken() -> InputError:
    return InputError(ErrorCode.MOBILE_TAKEN, Reason.MOBILE_TAKEN, field=("mobile",))
