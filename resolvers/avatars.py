"""Avatars: stored under a random key before the account shows them; the previous one goes after the commit."""

import math
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import structlog

from db import accounts
from resolvers.accounts import Account
from resolvers.context import Context, Uploader
from resolvers.errors import (
    AccountError,
    ErrorCode,
    InputError,
    RateLimitedError,
    RefusedError,
    unauthenticated,
)
from resolvers.events import EventKind, record_event
from resolvers.messages import Reason
from resolvers.ports import AvatarStoreError, PictureTooSlowError, UploadedFile

# Refused by its size: nothing was decoded.
_REFUSED_UNSEEN = frozenset({Reason.IMAGE_EMPTY, Reason.IMAGE_TOO_LARGE})

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def admitting_upload(ctx: Context, account: Account | None) -> AsyncIterator[Uploader]:
    """Hold one of the account's places while the body of an upload comes in and the picture is made.

    Where it has none left, the block is entered all the same, and `upload_avatar` will refuse.
    """
    with ExitStack() as stack:
        ctx.uploader = Uploader()
        if account:
            try:
                stack.enter_context(ctx.services.upload_slots.holding(account.id))
                ctx.uploader = Uploader(account.id)
            except RateLimitedError as refusal:
                ctx.uploader = Uploader(account.id, refusal)
        yield ctx.uploader


async def upload_avatar(ctx: Context, *, image: UploadedFile) -> Account:
    """Give the viewer a new picture. Of a refused upload nothing is kept.

    Raises:
        RefusedError: UNAUTHENTICATED, STORAGE_FAILED.
        InputError: INVALID_IMAGE.
        RateLimitedError: too many pictures in an hour, shown or refused, or too many are being worked on.
    """
    viewer = await ctx.require_viewer()
    with _holding_place(ctx, viewer):
        async with ctx.limited(ctx.services.policy.limits.avatar, str(viewer.id)):
            picture = await _make_picture(ctx, viewer, image)
            key = secrets.token_hex(32)
            try:
                await ctx.services.avatars.put(key, picture)
            except AvatarStoreError as error:
                raise RefusedError(ErrorCode.STORAGE_FAILED, Reason.STORAGE_FAILED) from error
            previous = await _show(ctx, viewer, key)
    if previous:
        await _forget(ctx, previous)
    return viewer._replace(avatar_key=key)


async def _make_picture(ctx: Context, viewer: Account, image: UploadedFile) -> bytes:
    """Have the picture made; one that is refused after it cost work stays counted."""
    async with ctx.consuming() as refused:
        await refused.use(ctx.services.policy.limits.refused_picture, str(viewer.id))
        try:
            picture = await ctx.services.pictures.make_avatar(image, account_id=viewer.id)
        except InputError as error:
            if error.reason not in _REFUSED_UNSEEN:
                refused.stand()
            raise
        except PictureTooSlowError as error:
            refused.stand()
            raise RateLimitedError(math.ceil(error.seconds), Reason.TOO_BUSY) from error
        await refused.give_back()
    return picture


@contextmanager
def _holding_place(ctx: Context, viewer: Account) -> Iterator[None]:
    """The place that was given before the body came or, where the account was not known by then, one from now on."""
    uploader = ctx.uploader or Uploader()
    if uploader.refusal:
        raise uploader.refusal
    if uploader.account_id == viewer.id:
        yield
        return
    with ctx.services.upload_slots.holding(viewer.id):
        yield


async def read_avatar(ctx: Context, *, key: str) -> bytes | None:
    """A picture by its key, as long as an account shows it: what a broken upload left behind is nobody's.

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


async def delete_unless_shown(ctx: Context, key: str, *, except_by: int | None = None) -> bool:
    """Delete a picture that no account shows (but `except_by`, which is going); whether it went.

    Keys are random, so who does not show it by now never will.

    Raises:
        AvatarStoreError: it could not be deleted.
        ServiceUnavailableError: the database does not answer.
    """
    async with ctx.reading() as connection:
        if await accounts.is_avatar_in_use(connection, key, except_by=except_by):
            return False
    await ctx.services.avatars.delete(key)
    return True


async def _show(ctx: Context, viewer: Account, key: str) -> str | None:
    """Point the account at a picture that is stored already; the key that the account had before."""
    async with ctx.writing() as connection:
        row = await accounts.find_account_for_update(connection, viewer.id)
        if row is None:
            raise unauthenticated()
        await accounts.set_avatar_key(connection, viewer.id, key)
        await record_event(
            ctx, connection, EventKind.AVATAR_CHANGED, account_id=viewer.id, mobile=viewer.mobile
        )
    return row.avatar_key


async def _forget(ctx: Context, key: str) -> None:
    """Delete the previous picture. The upload has succeeded by now: a failure only leaves an orphan for the sweep."""
    try:
        await delete_unless_shown(ctx, key)
    except (AvatarStoreError, AccountError) as error:
        _log.warning("avatar.orphaned", key=key, cause=type(error).__name__)
