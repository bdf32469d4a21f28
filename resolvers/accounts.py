"""An account as the product shows it."""

from dataclasses import dataclass
from datetime import datetime

from db.accounts import AccountRow


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account. `mobile` is E.164; `avatar_key` the content hash of the picture, or None."""

    id: int
    mobile: str
    name: str
    avatar_key: str | None
    created_at: datetime


def account_of(row: AccountRow) -> Account:
    """What of a row may leave the resolvers."""
    return Account(
        id=row.id, mobile=row.mobile, name=row.name, avatar_key=row.avatar_key, created_at=row.created_at
    )
