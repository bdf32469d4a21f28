"""An account as the product shows it."""

from datetime import datetime
from typing import NamedTuple

from db.accounts import AccountRow
from db.credentials import find_password
from db.engine import Connection
from resolvers.auth_methods import AuthMethod


class Account(NamedTuple):
    """One person's account. `public_id` is what clients call it, `mobile` E.164, `avatar_key` the picture's or None."""

    id: int
    public_id: str
    mobile: str
    name: str
    avatar_key: str | None
    created_at: datetime


async def list_auth_methods(connection: Connection, account: Account) -> tuple[AuthMethod, ...]:
    """How the account's owner can prove to be it, besides being signed in."""
    password = await find_password(connection, account.id)
    has_one = password is not None and password.hash is not None
    return (AuthMethod.PASSWORD, AuthMethod.SMS_CODE) if has_one else (AuthMethod.SMS_CODE,)


def account_of(row: AccountRow) -> Account:
    """What of a row may leave the resolvers."""
    return Account(row.id, row.public_id, row.mobile, row.name, row.avatar_key, row.created_at)
