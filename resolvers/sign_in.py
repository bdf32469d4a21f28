"""Sign-in: one answer for an unknown mobile and a wrong password, in the same time."""

from typing import NamedTuple

from db import accounts, credentials
from db.engine import Connection
from resolvers.accounts import Account, account_of
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.errors import ErrorCode, RefusedError
from resolvers.events import EventKind, record_refusal
from resolvers.messages import Reason
from resolvers.metrics import SIGN_INS
from resolvers.mobiles import parse_mobile
from resolvers.passwords import require_encodable
from resolvers.sign_in_guard import sign_in_attempt
from resolvers.signing_in import SignedIn, require_admitted, signing_in
from resolvers.workers import Place


async def login(ctx: Context, *, mobile: str, password: str) -> SignedIn:
    """Begin a session for who knows the password; the session the client was in ends.

    Raises:
        InputError: INVALID_INPUT for what can be neither a mobile nor a password.
        RefusedError: WRONG_CREDENTIALS; ACCOUNT_LOCKED, told only to who knows the password.
        RateLimitedError: too many failures for this mobile or from this address, or too many sessions in an hour.
    """
    proof = await _prove(ctx, mobile=mobile, password=password)
    account = proof.account

    async def admit(connection: Connection) -> Account:
        await require_admitted(connection, account, password_version=proof.password_version)
        if proof.fresh_hash:
            await credentials.rehash_password(
                connection, account.id, old=proof.password_hash, new=proof.fresh_hash
            )
        return account

    return await signing_in(ctx, account.mobile, EventKind.SIGNED_IN, AuthMethod.PASSWORD, admit)


async def authenticate(ctx: Context, *, mobile: str, password: str) -> Account:
    """Serve this one request for who knows the password, by the rules of `login`; no session begins.

    Raises: as `login`.
    """
    account = (await _prove(ctx, mobile=mobile, password=password)).account
    ctx.authenticate_as(account)
    return account


class _Proof(NamedTuple):
    """Whose password it is, which one, and a hash with today's parameters where they have changed."""

    account: Account
    password_hash: str
    password_version: int
    fresh_hash: str | None


async def _prove(ctx: Context, *, mobile: str, password: str) -> _Proof:
    number = parse_mobile(mobile)
    require_encodable(password)
    with ctx.services.passwords.place(ctx.address) as place:
        async with ctx.limited(ctx.services.policy.limits.right_password, number):
            proof, is_locked = await _judge(ctx, place, number, password)
    if is_locked:
        await record_refusal(ctx, EventKind.SIGN_IN_LOCKED, mobile=number)
        raise RefusedError(ErrorCode.ACCOUNT_LOCKED, Reason.ACCOUNT_LOCKED)
    return proof


async def _judge(ctx: Context, place: Place, number: str, password: str) -> tuple[_Proof, bool]:
    """Count the attempt, then verify; a right one gives its proof, and whether the account is locked."""
    async with sign_in_attempt(ctx, number) as attempt:
        async with ctx.reading() as connection:
            found = await accounts.find_account_and_password(connection, number)
        row, (password_hash, version) = found or (None, (None, 0))
        spelling = await ctx.services.passwords.verify(place, password, password_hash)
        if row is None or password_hash is None or spelling is None:
            await attempt.fail()
            SIGN_INS.labels("failure").inc()
            await record_refusal(ctx, EventKind.SIGN_IN_FAILED, mobile=number)
            raise RefusedError(ErrorCode.WRONG_CREDENTIALS, Reason.WRONG_CREDENTIALS)
        await attempt.succeed()
    SIGN_INS.labels("success").inc()
    if ctx.services.passwords.needs_rehash(password_hash, spelling):
        fresh_hash = await ctx.services.passwords.hash(password)
    else:
        fresh_hash = None
    return _Proof(account_of(row), password_hash, version, fresh_hash), bool(row.locked_at)
