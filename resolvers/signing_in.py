"""The one ending of every way to sign in: whoever proved who they are gets a fresh session here, and nowhere else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from db import accounts, sessions
from db.engine import Connection
from resolvers.accounts import Account
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context
from resolvers.devices import remember_device
from resolvers.errors import ErrorCode, RateLimitedError, RefusedError
from resolvers.events import EventKind, record_event, record_limit
from resolvers.messages import Reason, SmsNotice
from resolvers.sessions import IssuedSession, begin_session, hash_token
from resolvers.sms_notices import notify


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, its session under a fresh token, and, where it has just begun, the token of the device it is from."""

    account: Account
    session: IssuedSession
    device_token: str | None = None


async def signing_in(
    ctx: Context,
    mobile: str,
    kind: EventKind,
    method: AuthMethod,
    admit: Callable[[Connection], Awaitable[Account]],
) -> SignedIn:
    """Begin a session for the account that `admit` gives, in place of the one that the client is in.

    `method` is how its owner has proved to be it.

    `admit` runs in the same transaction and leaves the account's row locked, or raises: then nothing has happened and
    nothing is counted. Sessions of an hour are counted by `mobile`, so that an account's first one counts too, which
    has no number yet.

    Raises:
        RateLimitedError: too many sessions in an hour.
    """
    limit = ctx.services.policy.limits.new_session
    try:
        async with ctx.limited(limit, mobile), ctx.writing() as connection:
            account = await admit(connection)
            await _end_previous_session(ctx, connection)
            session = await begin_session(
                connection, account_id=account.id, authentication=ctx.authentication(method)
            )
            await record_event(ctx, connection, kind, account_id=account.id, mobile=mobile)
            device = await remember_device(ctx, connection, account)
    except RateLimitedError as error:
        await record_limit(ctx, EventKind.SIGN_IN_LIMITED, mobile=mobile, error=error)
        raise
    ctx.start_session(session, account)
    ctx.issued_device = device.token
    if device.is_unfamiliar and ctx.services.policy.new_device_notice:
        notify(ctx, account, SmsNotice.NEW_DEVICE)
    return SignedIn(account, session, device.token)


async def require_admitted(
    connection: Connection, account: Account, *, password_version: int | None = None
) -> None:
    """Hold the account's row: it may have been locked or erased since its owner was judged.

    Where a password was judged, `password_version` says which: it may have been changed since.

    Raises:
        RefusedError: WRONG_CREDENTIALS, ACCOUNT_LOCKED.
    """
    row, version = await accounts.find_password_version_for_update(connection, account.id) or (None, 0)
    if row is None or password_version not in {None, version}:
        raise RefusedError(ErrorCode.WRONG_CREDENTIALS, Reason.WRONG_CREDENTIALS)
    if row.locked_at:
        raise RefusedError(ErrorCode.ACCOUNT_LOCKED, Reason.ACCOUNT_LOCKED)


async def _end_previous_session(ctx: Context, connection: Connection) -> None:
    if previous := hash_token(ctx.token) if ctx.token else None:
        await sessions.delete_session(connection, previous)
