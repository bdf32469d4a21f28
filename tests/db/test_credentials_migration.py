"""Accounts that were there before credentials had a table keep all they have, and an older version goes on working."""

import re
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Connection, text

from db import migrations
from db.accounts import find_account_and_password
from db.engine import Database
from db.migrations import migrate

pytestmark = pytest.mark.anyio

BEFORE = "0008"
AT = "2026-01-02 03:04:05.000006"
# As the version before wrote it.
OLD_ACCOUNT = text(
    "INSERT INTO accounts (mobile, name, name_key, password_hash, created_at) "
    f"VALUES (:mobile, :mobile, :mobile, :hash, '{AT}')"
)
OLD_SESSION = text(
    "INSERT INTO sessions (token_hash, account_id, created_at, last_used_at, expires_at) "
    f"SELECT mobile, id, '{AT}', '{AT}', '{AT}' FROM accounts"
)
OLD_REHASH = text(
    "UPDATE accounts SET password_hash = 'fresh' WHERE mobile = :mobile AND password_hash = :hash"
)


async def move(database: Database, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = migrations._config()
        config.attributes["connection"] = connection
        if revision == BEFORE:
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)

    async with database.migrating() as connection:
        await connection.run_sync(run)


@pytest.fixture
async def old_database(empty_database: Database) -> Database:
    """At the revision before, with three accounts of five that were made, each with a session."""
    await migrate(empty_database)
    await move(empty_database, BEFORE)
    async with empty_database.writing() as connection:
        for number in range(1, 6):
            await connection.execute(OLD_ACCOUNT, {"mobile": f"+861390000000{number}", "hash": f"h{number}"})
        await connection.execute(text("DELETE FROM accounts WHERE id > 3"))
        await connection.execute(OLD_SESSION)
    return empty_database


async def test_accounts_keep_sessions_and_passwords_and_get_ids(old_database: Database) -> None:
    await migrate(old_database)

    async with old_database.reading() as connection:
        found = [
            await find_account_and_password(connection, f"+861390000000{number}") for number in (1, 2, 3)
        ]
        secrets = (await connection.execute(text("SELECT account_id, kind, secret FROM credentials"))).all()
        assert await connection.scalar(text("SELECT count(*) FROM sessions")) == 3
        assert await connection.scalar(text("SELECT count(mobile_verified_at) FROM accounts")) == 3
    assert [(row.id, password) for row, password in filter(None, found)] == [
        (1, ("h1", 0)),
        (2, ("h2", 0)),
        (3, ("h3", 0)),
    ]
    assert sorted(tuple(row) for row in secrets) == [(n, "password", f"h{n}") for n in (1, 2, 3)]
    ids = {row.public_id for row, _ in filter(None, found)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)
    assert {row.created_at for row, _ in filter(None, found)} == {
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    }


async def test_an_older_version_registers_and_rehashes_afterwards(old_database: Database) -> None:
    await migrate(old_database)

    async with old_database.writing() as connection:
        await connection.execute(OLD_ACCOUNT, {"mobile": "+8613900000009", "hash": "h9"})
        await connection.execute(OLD_REHASH, {"mobile": "+8613900000001", "hash": "h1"})
        new = await find_account_and_password(connection, "+8613900000009")
        rehashed = await find_account_and_password(connection, "+8613900000001")

    assert new is not None
    assert new[1].hash == "h9"
    assert re.fullmatch(r"[0-9a-f]{32}", new[0].public_id)
    # Another hash of one password: the one that this version wrote goes on fitting.
    assert rehashed is not None
    assert rehashed[1].hash == "h1"


async def test_the_number_of_an_erased_account_is_never_given_again(old_database: Database) -> None:
    await migrate(old_database)

    async with old_database.writing() as connection:
        await connection.execute(OLD_ACCOUNT, {"mobile": "+8613900000009", "hash": "h9"})
        found = await find_account_and_password(connection, "+8613900000009")

    assert found is not None
    assert found[0].id > 5


async def test_migration_can_be_undone_and_done_again(old_database: Database) -> None:
    await migrate(old_database)
    async with old_database.writing() as connection:
        await connection.execute(text("UPDATE accounts SET password_hash = NULL WHERE id = 1"))

    await move(old_database, BEFORE)
    await migrate(old_database)

    async with old_database.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM sessions")) == 3
        assert await connection.scalar(text("SELECT count(*) FROM credentials")) == 3
