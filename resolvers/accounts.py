"""An account as the product shows it."""

from datetime import datetime
from typing import NamedTuple

from db.accounts import AccountRow


class Account(NamedTuple):
    """One person's account. `mobile` is E.164; `avatar_key` the picture's, or None."""

    id: int
    mobile: str
    name: str
    avatar_key: str | None
    created_at: datetime


def account_of(row: AccountRow) -> Account:
    """What of a row may leave the resolvers."""
    return Account(row.id, row.mobile, row.name, row.avatar_key, row.created_at)
