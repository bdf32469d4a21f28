"""What must be true of the tables whatever has happened, looked up in the tables themselves."""

from sqlalchemy import text

from db.engine import Connection
from db.identities import find_identity
from drills.actors import Maker
from resolvers.identities import open_identity

# Each gives a number that must be 0.
_NONE_OF_THESE = {
    "mobiles with two accounts": (
        "SELECT count(*) FROM (SELECT mobile FROM accounts GROUP BY mobile HAVING count(*) > 1) d"
    ),
    "names with two accounts": (
        "SELECT count(*) FROM (SELECT name_key FROM accounts GROUP BY name_key HAVING count(*) > 1) d"
    ),
    "ID numbers with two accounts": (
        "SELECT count(*) FROM (SELECT id_number_digest FROM identities GROUP BY id_number_digest"
        " HAVING count(*) > 1) d"
    ),
    "accounts with two real-name records": (
        "SELECT count(*) FROM (SELECT account_id FROM identities GROUP BY account_id HAVING count(*) > 1) d"
    ),
    "sessions without an account": (
        "SELECT count(*) FROM sessions WHERE account_id NOT IN (SELECT id FROM accounts)"
    ),
    "real-name records without an account": (
        "SELECT count(*) FROM identities WHERE account_id NOT IN (SELECT id FROM accounts)"
    ),
    "credentials without an account": (
        "SELECT count(*) FROM credentials WHERE account_id NOT IN (SELECT id FROM accounts)"
    ),
    "passwords that are no argon2id hash": (
        "SELECT count(*) FROM credentials WHERE kind = 'password' AND secret NOT LIKE '$argon2id$%'"
    ),
    "passwords of which an older version knows another": (
        "SELECT count(*) FROM credentials c JOIN accounts a ON a.id = c.account_id"
        " WHERE c.kind = 'password' AND a.password_hash <> c.secret"
    ),
}


async def find_broken_invariants(maker: Maker) -> list[str]:
    """Every sentence that should not be true, with how often it is."""
    broken = []
    async with maker.services.database.reading() as connection:
        for sentence, statement in _NONE_OF_THESE.items():
            if count := await connection.scalar(text(statement)):
                broken.append(f"{count} {sentence}")
        broken += await _find_unreadable_records(connection, maker)
        if maker.services.database.is_sqlite:
            verdict = await connection.scalar(text("PRAGMA integrity_check"))
            if verdict != "ok":
                broken.append(f"the file is damaged: {verdict}")
    return broken


async def _find_unreadable_records(connection: Connection, maker: Maker) -> list[str]:
    """Records of which a field cannot be opened."""
    unreadable = []
    for account_id in list(await connection.scalars(text("SELECT account_id FROM identities"))):
        row = await find_identity(connection, account_id)
        if row is None or not all(open_identity(maker.services.keys, row)):
            unreadable.append(f"the real-name record of {account_id} is not whole")
    return unreadable
