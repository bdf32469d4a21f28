"""Avatars: stored under their content hash; the previous one goes after the commit."""

from hashlib import sha256

import structlog

from db import accounts, avatars
from resolvers.accounts import Account
from resolvers.audit import record_event
from resolvers.context import Context
from resolvers.errors import AccountError, ErrorCode, RefusedError, unauthenticated
from resolvers.ports import AvatarStoreError
from resolvers.texts import Reason

_log = structlog.get_logger(__name__)


async def upload_avatar(ctx: Context, *, image: bytes) -> Account:
    """Give the viewer a new picture. Of a refused upload nothing is kept.

    Raises:
        RefusedError: UNAUTHENTICATED, STORAGE_FAILED.
        InputError: INVALID_IMAGE.
        RateLimitedError: too many pictures in an hour, or too many are being worked on.
    """
    viewer = await ctx.require_viewer()
    async with ctx.limited(ctx.services.policy.limits.avatar, str(viewer.id)):
        picture = await ctx.services.pictures.make_avatar(image)
        key = sha256(picture).hexdigest()
        try:
            previous = await _store(ctx, viewer, key, picture)
        except AvatarStoreError as error:
            raise RefusedError(ErrorCode.STORAGE_FAILED, Reason.STORAGE_FAILED) from error
    if previous and previous != key:
        await _forget(ctx, previous)
    return viewer._replace(avatar_key=key)


async def read_avatar(ctx: Context, *, key: str) -> bytes | None:
    """A picture by its content hash, as long as an account shows it: what a broken upload left behind is nobody's.

    Raises:
        RefusedError: STORAGE_FAILED.
        ServiceUnavailableError: the database does not answer.
    """
    async with ctx.reading() as connection:
        if not await accounts.is_avatar_in_use(connection, key):
            return None
    try:
        return await ctx.services.avatars.get(key)
    except AvatarStoreError as error:
        raise RefusedError(ErrorCode.STORAGE_FAILED, Reason.STORAGE_FAILED) from error


async def _store(ctx: Context, viewer: Account, key: str, picture: bytes) -> str | None:
    """Put the picture and point the account at it; the key that the account had before.

    The slow first `put` is outside the transaction. The second, under the picture's lock, costs nothing unless the
    same picture was deleted in between for another account.
    """
    store = ctx.services.avatars
    await store.put(key, picture)
    async with ctx.writing() as connection:
        await avatars.lock_avatar(connection, key, ctx.now)
        await store.put(key, picture)
        row = await accounts.find_account_for_update(connection, viewer.id)
        if row is None:
            raise unauthenticated()
        await accounts.set_avatar_key(connection, viewer.id, key)
        await record_event(ctx, connection, "avatar", account_id=viewer.id, mobile=viewer.mobile)
    return row.avatar_key


async def _forget(ctx: Context, key: str) -> None:
    """Delete a picture that no account shows any more.

    The upload has succeeded by now: a failure here only leaves an orphan for the sweeping command.
    """
    try:
        async with ctx.writing() as connection:
            await avatars.lock_avatar(connection, key, ctx.now)
            if not await accounts.is_avatar_in_use(connection, key):
                await ctx.services.avatars.delete(key)
                await avatars.delete_avatar(connection, key)
    except (AvatarStoreError, AccountError) as error:
        _log.warning("avatar.orphaned", key=key, cause=type(error).__name__)
