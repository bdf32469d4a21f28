"""Sign-in by SMS code: who proved a mobile is signed in to its account, which is made where there is none."""

from collections.abc import Collection
from dataclasses import dataclass

from db import accounts
from db.accounts import AccountRow
from db.engine import Connection
from resolvers.accounts import Account, account_of
from resolvers.auth_methods import AuthMethod
from resolvers.consents import record_consents, require_consents
from resolvers.context import Context
from resolvers.errors import ErrorCode, RefusedError
from resolvers.events import EventKind, record_refusal
from resolvers.messages import Reason
from resolvers.metrics import SIGN_INS
from resolvers.mobiles import parse_mobile
from resolvers.names import draw_name
from resolvers.policy import Document
from resolvers.registration import register_account
from resolvers.signing_in import SignedIn, require_admitted, signing_in
from resolvers.sms_codes import redeemed_code, require_sms_sign_in
from resolvers.sms_purposes import SmsPurpose


@dataclass(frozen=True, slots=True)
class SmsSignedIn:
    """What came of it, and whether the account was made for it."""

    signed_in: SignedIn
    is_new_account: bool


async def login_with_sms_code(
    ctx: Context, *, mobile: str, sms_code: str, consents: Collection[Document]
) -> SmsSignedIn:
    """Begin a session for whoever has the code; the session that the client was in ends.

    `consents` are what the person agrees to; what is asked for is asked for whether or not there is an account.

    A mobile without an account gets one, without a password and with a name that tells nothing, where the installation
    registers by SMS code. What an account is or has is told only to whoever brings the right code, which then stays
    good.

    Raises:
        InputError: INVALID_INPUT, also where nobody signs in by SMS code; CONSENT_REQUIRED.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG.
        RefusedError: ACCOUNT_NOT_FOUND, ACCOUNT_LOCKED.
        RateLimitedError: too many wrong codes, or too many sessions in an hour.
    """
    require_sms_sign_in(ctx, "sms_code")
    number = parse_mobile(mobile)
    require_consents(ctx, consents)
    async with redeemed_code(ctx, purpose=SmsPurpose.LOGIN, mobile=number, code=sms_code):
        done = await _sign_in(ctx, number)
    SIGN_INS.labels("success").inc()
    return done


async def _sign_in(ctx: Context, mobile: str) -> SmsSignedIn:
    row = await _find(ctx, mobile)
    if row is None and ctx.services.policy.sms_sign_in == "existing":
        raise account_not_found()
    if row is None:
        made = await register_account(
            ctx,
            mobile=mobile,
            name=draw_name(),
            password_hash=None,
            method=AuthMethod.SMS_CODE,
            has_consented=True,
        )
        if made is not None:
            return SmsSignedIn(made, is_new_account=True)
        # Another request has just made it.
        row = await _find(ctx, mobile)
    if row is None:
        raise account_not_found()
    return SmsSignedIn(await _sign_in_to(ctx, row), is_new_account=False)


async def _sign_in_to(ctx: Context, row: AccountRow) -> SignedIn:
    if row.locked_at:
        await record_refusal(ctx, EventKind.SIGN_IN_LOCKED, mobile=row.mobile)
        raise RefusedError(ErrorCode.ACCOUNT_LOCKED, Reason.ACCOUNT_LOCKED)
    account = account_of(row)

    async def admit(connection: Connection) -> Account:
        await require_admitted(connection, account)
        await record_consents(ctx, connection, account_id=account.id, mobile=row.mobile)
        return account

    return await signing_in(ctx, row.mobile, EventKind.SIGNED_IN, AuthMethod.SMS_CODE, admit)


async def _find(ctx: Context, mobile: str) -> AccountRow | None:
    async with ctx.reading() as connection:
        return await accounts.find_account_by_mobile(connection, mobile)


def account_not_found() -> RefusedError:
    """No account has this mobile; told only to who has proved it."""
    return RefusedError(ErrorCode.ACCOUNT_NOT_FOUND, Reason.ACCOUNT_NOT_FOUND)
