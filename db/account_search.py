"""Finding accounts by a part of what is known of them, for operators."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.accounts import ACCOUNT_COLUMNS, AccountRow
from db.tables import accounts


@dataclass(frozen=True, slots=True)
class AccountSearch:
    """What an account has to match; what is None matches all. `mobile` and `name_key` are beginnings."""

    mobile: str | None = None
    name_key: str | None = None
    number: int | None = None
    public_id: str | None = None


async def list_accounts(
    connection: AsyncConnection, search: AccountSearch, *, after_number: int, limit: int
) -> list[AccountRow]:
    """The first `limit` accounts that match and are numbered above `after_number`, by their numbers."""
    query = select(*ACCOUNT_COLUMNS).where(accounts.c.id > after_number).order_by(accounts.c.id).limit(limit)
    if search.mobile is not None:
        query = query.where(accounts.c.mobile.startswith(search.mobile, autoescape=True))
    if search.name_key is not None:
        query = query.where(accounts.c.name_key.startswith(search.name_key, autoescape=True))
    if search.number is not None:
        query = query.where(accounts.c.id == search.number)
    if search.public_id is not None:
        query = query.where(accounts.c.public_id == search.public_id)
    return [AccountRow(**row) for row in (await connection.execute(query)).mappings()]
