"""Operators find accounts by the beginning of a mobile or a name, or by an id."""

from db.account_search import AccountSearch, list_accounts
from db.accounts import AccountRow
from resolvers.context import Context
from resolvers.names import name_key

_PUBLIC_ID_CHARACTERS = 32
_HOME = "+86"


async def find_accounts(
    ctx: Context,
    *,
    mobile: str | None = None,
    name: str | None = None,
    account_id: str | None = None,
    after_number: int = 0,
    limit: int = 100,
) -> list[AccountRow]:
    """A page of the accounts that match all that is given, by their numbers; the next begins after the last of them.

    `mobile` is the beginning of one, read as a Chinese one unless it begins with `+`; `name` that of a name, without
    case; `account_id` is the number, or the id that clients know.
    """
    ctx.require_operator()
    is_public = account_id is not None and len(account_id) == _PUBLIC_ID_CHARACTERS
    if account_id is not None and not is_public and not (account_id.isascii() and account_id.isdecimal()):
        return []
    search = AccountSearch(
        mobile=None if mobile is None else mobile if mobile.startswith("+") else _HOME + mobile,
        name_key=None if name is None else name_key(name),
        number=int(account_id) if account_id is not None and not is_public else None,
        public_id=account_id if is_public else None,
    )
    async with ctx.reporting() as connection:
        return await list_accounts(connection, search, after_number=after_number, limit=limit)
