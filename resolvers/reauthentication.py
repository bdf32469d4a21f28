"""Proving once more who one is: what opens the deeds that a signed-in session alone does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.credentials import Password, find_password
from db.sessions import find_authenticated_at
from resolvers.accounts import Account, list_auth_methods
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.errors import (
    AccountError,
    ErrorCode,
    RateLimitedError,
    ReauthenticationRequiredError,
    RefusedError,
    invalid_input,
    unauthenticated,
)
from resolvers.events import EventKind, record_event, record_limit, record_refusal
from resolvers.limits import Consumption
from resolvers.messages import Reason
from resolvers.passwords import require_encodable
from resolvers.sessions import IssuedSession, exchange_token, hash_token
from resolvers.signing_in import require_admitted
from resolvers.sms_codes import redeemed_code
from resolvers.sms_purposes import SmsPurpose

_WRONG = frozenset({ErrorCode.WRONG_CREDENTIALS, ErrorCode.SMS_CODE_WRONG})


@dataclass(frozen=True, slots=True)
class Reauthenticated:
    """The same session under a fresh token; until when the proof counts."""

    account: Account
    session: IssuedSession
    authenticated_until: datetime


async def reauthenticate(
    ctx: Context, *, password: str | None = None, sms_code: str | None = None
) -> Reauthenticated:
    """Prove who is signed in, by the password or by a code sent to the account's mobile. The token is exchanged.

    Raises:
        InputError: INVALID_INPUT, where it is not one of the two.
        RefusedError: UNAUTHENTICATED, WRONG_CREDENTIALS.
        CodeError: SMS_CODE_EXPIRED, SMS_CODE_WRONG.
        RateLimitedError: too many wrong proofs in this session, or too many wrong codes.
    """
    account = await ctx.require_viewer()
    if password is not None and sms_code is None:
        proof = await prove_password(ctx, account, password)
        return await _reauthenticate(ctx, account, AuthMethod.PASSWORD, proof.version)
    if sms_code is None or password is not None:
        raise invalid_input(Reason.ONE_PROOF, "password")
    async with (
        session_proof(ctx, account),
        redeemed_code(
            ctx,
            purpose=SmsPurpose.REAUTHENTICATE,
            mobile=account.mobile,
            code=sms_code,
            account_id=account.id,
        ),
    ):
        return await _reauthenticate(ctx, account, AuthMethod.SMS_CODE)


async def require_sudo(ctx: Context) -> Account:
    """The signed-in account, whose owner has proved to be it lately: sudo, for `sudo_seconds` of the policy.

    Raises:
        RefusedError: UNAUTHENTICATED.
        ReauthenticationRequiredError: the last proof in this session is too old.
    """
    account = await ctx.require_viewer()
    token_hash = hash_token(ctx.token) if ctx.token else None
    async with ctx.reading() as connection:
        at = token_hash and await find_authenticated_at(connection, token_hash)
        if not at:
            raise unauthenticated()
        if ctx.now - at < timedelta(seconds=ctx.services.policy.sudo_seconds):
            return account
        raise ReauthenticationRequiredError(await list_auth_methods(connection, account))


async def prove_password(
    ctx: Context, account: Account, password: str, *, field: str = "password"
) -> Password:
    """The password of the viewer, `account`, whose `password` this is, on the session's own budget.

    Raises:
        InputError: INVALID_INPUT, for `field`.
        RefusedError: WRONG_CREDENTIALS; UNAUTHENTICATED, where the account has just gone.
        RateLimitedError: too many wrong proofs in this session, or too many passwords are being judged.
    """
    require_encodable(password, field=field)
    passwords = ctx.services.passwords
    with passwords.place(ctx.address) as place:
        async with session_proof(ctx, account) as proof:
            async with ctx.reading() as connection:
                kept = await find_password(connection, account.id)
            spelling = await passwords.verify(place, password, kept.hash if kept else None)
            if spelling is None or kept is None:
                # Judged, whatever comes of writing that down.
                proof.stand()
                await record_refusal(ctx, EventKind.REAUTHENTICATION_FAILED, mobile=account.mobile)
                raise RefusedError(ErrorCode.WRONG_CREDENTIALS, Reason.WRONG_PASSWORD)
    return kept


@asynccontextmanager
async def session_proof(ctx: Context, account: Account) -> AsyncIterator[Consumption]:
    """Count a proof that is given in the block against the session's budget; it stays counted if it is wrong.

    Raises:
        RateLimitedError: the block is not entered.
    """
    limit = ctx.services.policy.limits.session_proof
    async with ctx.consuming() as consumption:
        try:
            await consumption.use(limit, ctx.token or "", reason=Reason.TOO_MANY_GUESSES)
        except RateLimitedError as error:
            await record_limit(ctx, EventKind.REAUTHENTICATION_LIMITED, mobile=account.mobile, error=error)
            raise
        try:
            yield consumption
        except AccountError as error:
            if error.code in _WRONG:
                consumption.stand()
            raise
        await consumption.give_back()


async def _reauthenticate(
    ctx: Context, account: Account, method: AuthMethod, password_version: int | None = None
) -> Reauthenticated:
    authentication = ctx.authentication(method)
    async with ctx.writing() as connection:
        await require_admitted(connection, account, password_version=password_version)
        session = await exchange_token(connection, ctx.token, authentication)
        await record_event(
            ctx,
            connection,
            EventKind.REAUTHENTICATED,
            account_id=account.id,
            mobile=account.mobile,
            detail=method,
        )
    ctx.start_session(session, account)
    until = authentication.at + timedelta(seconds=ctx.services.policy.sudo_seconds)
    return Reauthenticated(account, session, until)
