"""Another password: for who has forgotten it, by a code, and for who has it and wants another."""

from contextlib import suppress
from functools import partial

from db import accounts, credentials, sessions
from resolvers.accounts import Account, account_of
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.devices import forget_other_devices
from resolvers.errors import ErrorCode, InputError, RefusedError, ServiceUnavailableError, invalid_input
from resolvers.events import EventKind, record_event
from resolvers.messages import Reason, SmsNotice
from resolvers.mobiles import parse_mobile
from resolvers.passwords import require_encodable, require_password
from resolvers.reauthentication import prove_password, require_sudo
from resolvers.sessions import exchange_token, hash_token
from resolvers.sign_in_guard import forget_sign_ins
from resolvers.signing_in import SignedIn, require_admitted
from resolvers.sms_codes import redeemed_code, void_sms_codes
from resolvers.sms_notices import notify
from resolvers.sms_purposes import SmsPurpose
from resolvers.sms_sign_in import account_not_found

_NEW = "new_password"


async def reset_password(ctx: Context, *, mobile: str, sms_code: str, new_password: str) -> Account | None:
    """Give the account of `mobile` another password, whatever it had. All its sessions end, and none begins.

    Gives who is signed in here afterwards: somebody else, or nobody.

    The mobile's pauses at sign-in are forgotten, its live codes are void. Whether it has an account is told only to
    who brings the right code, which stays good then; never whether the password is the one that it had.

    Raises:
        InputError: INVALID_INPUT, WEAK_PASSWORD; they cost no code.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG.
        RefusedError: ACCOUNT_NOT_FOUND, ACCOUNT_LOCKED.
        RateLimitedError: too many wrong codes, or the third reset in a day has been.
    """
    number = parse_mobile(mobile)
    chosen = require_password(new_password, mobile=number, field=_NEW)
    async with redeemed_code(ctx, purpose=SmsPurpose.RESET_PASSWORD, mobile=number, code=sms_code):
        account = await _reset(ctx, number, chosen)
    await ctx.forget(
        account,
        sign_ins=partial(forget_sign_ins, ctx, number),
        sms_codes=partial(void_sms_codes, ctx, mobile=number, account_id=account.id),
    )
    notify(ctx, account, SmsNotice.PASSWORD_CHANGED)
    return await _find_remaining_viewer(ctx)


async def change_password(ctx: Context, *, current_password: str | None, new_password: str) -> SignedIn:
    """Give the viewer's account another password. Its other sessions end, and this one goes on under a fresh token.

    An account without a password needs a fresh proof instead. The account's live codes are void.

    Raises:
        InputError: INVALID_INPUT, WEAK_PASSWORD, SAME_PASSWORD.
        RefusedError: UNAUTHENTICATED, WRONG_CREDENTIALS.
        ReauthenticationRequiredError: the account has no password, and the last proof is too old.
        RateLimitedError: too many wrong passwords in this session.
    """
    account = await ctx.require_viewer()
    chosen = require_password(new_password, mobile=account.mobile, field=_NEW)
    version, is_proved = await _require_right(ctx, account, current_password, chosen)
    authentication = ctx.authentication(AuthMethod.PASSWORD) if is_proved else None
    password_hash = await ctx.services.passwords.hash(chosen)
    async with ctx.writing() as connection:
        await require_admitted(connection, account, password_version=version)
        session = await exchange_token(connection, ctx.token, authentication)
        await sessions.delete_other_sessions(connection, account.id, hash_token(session.token) or "")
        await forget_other_devices(ctx, connection, account.id)
        await credentials.set_password(connection, account.id, password_hash, ctx.now)
        await record_event(
            ctx, connection, EventKind.PASSWORD_CHANGED, account_id=account.id, mobile=account.mobile
        )
    ctx.start_session(session, account)
    void = partial(void_sms_codes, ctx, mobile=account.mobile, account_id=account.id)
    await ctx.forget(account, sms_codes=void)
    notify(ctx, account, SmsNotice.PASSWORD_CHANGED)
    return SignedIn(account, session)


async def _reset(ctx: Context, mobile: str, password: str) -> Account:
    async with ctx.reading() as connection:
        row = await accounts.find_account_by_mobile(connection, mobile)
    if row is None:
        raise account_not_found()
    async with ctx.limited(ctx.services.policy.limits.password_reset, str(row.id)):
        password_hash = await ctx.services.passwords.hash(password)
        async with ctx.writing() as connection:
            held = await accounts.find_account_for_update(connection, row.id)
            if held is None:
                raise account_not_found()
            if held.locked_at:
                raise RefusedError(ErrorCode.ACCOUNT_LOCKED, Reason.ACCOUNT_LOCKED)
            await credentials.set_password(connection, row.id, password_hash, ctx.now)
            await sessions.delete_sessions_of(connection, row.id)
            await forget_other_devices(ctx, connection, row.id)
            await record_event(ctx, connection, EventKind.PASSWORD_RESET, account_id=row.id, mobile=mobile)
    return account_of(held)


async def _find_remaining_viewer(ctx: Context) -> Account | None:
    if ctx.token is None:
        return None
    # The deed is done: that it cannot be told whose session this is must not make it look undone.
    with suppress(ServiceUnavailableError):
        if viewer := await ctx.viewer():
            return viewer
        ctx.end_session()
    return None


async def _require_right(
    ctx: Context, account: Account, password: str | None, chosen: str
) -> tuple[int, bool]:
    """The version of the account's password, and whether it has one, which was proved."""
    async with ctx.reading() as connection:
        kept = await credentials.find_password(connection, account.id)
    if kept is not None and kept.hash is None:
        await require_sudo(ctx)
        return kept.version, False
    if password is None:
        raise invalid_input(Reason.FIELD_MISSING, "current_password", name="current_password")
    proved = await prove_password(ctx, account, password, field="current_password")
    if require_encodable(password) == chosen:
        raise InputError(ErrorCode.SAME_PASSWORD, Reason.SAME_PASSWORD, field=(_NEW,))
    return proved.version, True
