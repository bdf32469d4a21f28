"""Known devices: whoever has signed in from one is not kept out when a stranger's guesses pause the account's sign-in.

A device is known by a random token of its own, of which only the hash is kept, for each account that was signed in to
from it. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from db import devices
from db.engine import Connection
from resolvers.accounts import Account
from resolvers.context import Context
from resolvers.events import EventKind, record_event

KNOWN_DAYS = 400
MAXIMUM_KNOWN = 20
NEW_ACCOUNT_DAYS = 1

_TOKEN_BYTES = 16
_TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Device:
    """What a client signs in from; unfamiliar is one that is new to an account older than a day.

    The token is known to the client, nowhere else.
    """

    token: str
    is_unfamiliar: bool = False


def hash_device_token(token: str) -> str | None:
    """What is kept of `token`; None where it cannot be one of ours, so that nothing is looked up."""
    return sha256(token.encode()).hexdigest() if _TOKEN_FORM.fullmatch(token) else None


def brought_device(ctx: Context) -> str | None:
    """The hash of the device token that the client has brought."""
    token = ctx.find_device_token()
    return hash_device_token(token) if token else None


async def is_known_device(ctx: Context, mobile: str) -> bool:
    """Whether this mobile's account has been signed in to from the client's device.

    The same is asked of the database whether or not the mobile has an account.
    """
    token_hash = brought_device(ctx)
    if token_hash is None:
        return False
    async with ctx.reading() as connection:
        return await devices.is_device_of_mobile(connection, token_hash, mobile, ctx.now)


async def remember_device(ctx: Context, connection: Connection, account: Account) -> Device:
    """Know from now on the device that `account` has just been signed in to from; beyond 20 the oldest is forgotten.

    A token of ours is kept, so that two people can share a browser; one that we never gave is not adopted. An
    unfamiliar device is an event. The caller holds the account's row.
    """
    now = ctx.now
    expires_at = now + timedelta(days=KNOWN_DAYS)
    token, token_hash = ctx.find_device_token(), brought_device(ctx)
    owners = await devices.list_accounts_of_device(connection, token_hash, now) if token_hash else set()
    if token and token_hash and account.id in owners:
        await devices.renew_device(connection, account.id, token_hash, now=now, expires_at=expires_at)
        return Device(token)
    if not (token and token_hash and owners):
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        token_hash = sha256(token.encode()).hexdigest()
    await devices.insert_device(connection, account.id, token_hash, now=now, expires_at=expires_at)
    await devices.delete_oldest_devices(connection, account.id, kept=MAXIMUM_KNOWN)
    if now - account.created_at < timedelta(days=NEW_ACCOUNT_DAYS):
        return Device(token)
    await record_event(ctx, connection, EventKind.NEW_DEVICE, account_id=account.id, mobile=account.mobile)
    return Device(token, is_unfamiliar=True)


async def forget_other_devices(ctx: Context, connection: Connection, account_id: int) -> int:
    """Forget every device of the account but the client's own; how many there were."""
    return await devices.delete_other_devices(connection, account_id, brought_device(ctx))
