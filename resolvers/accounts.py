"""An account as the product shows it."""

from datetime import datetime
from typing import NamedTuple

from db.accounts import AccountRow, find_account_and_password
from db.engine import Connection
from resolvers.auth_methods import AuthMethod


class Account(NamedTuple):
    """One person's account. `mobile` is E.164; `avatar_key` the picture's, or None."""

    id: int
    mobile: str
    name: str
    avatar_key: str | None
    created_at: datetime


async def list_auth_methods(connection: Connection, account: Account) -> tuple[AuthMethod, ...]:
    """How the account's owner can prove to be it, besides being signed in."""
    found = await find_account_and_password(connection, account.mobile)
    return (AuthMethod.PASSWORD, AuthMethod.SMS_CODE) if found and found[1] else (AuthMethod.SMS_CODE,)


def account_of(row: AccountRow) -> Account:
    """What of a row may leave the resolvers."""
    return Account(row.id, row.mobile, row.name, row.avatar_key, row.created_at)
