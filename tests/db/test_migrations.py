"""The migrations make the tables that the code expects, and can be undone."""

import pytest
from alembic import command
from sqlalchemy import Connection, insert, inspect, select

from db import migrations
from db.engine import Database
from db.migrations import list_differences, list_revisions, migrate
from db.revisions import REVISIONS, current_revision, head_revision
from db.tables import metadata, state_entries

pytestmark = pytest.mark.anyio


async def downgrade(database: Database) -> None:
    def run(connection: Connection) -> None:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with database.engine.connect() as connection:
        await connection.run_sync(run)


async def list_tables(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_empty_database_has_no_revision(empty_database: Database) -> None:
    assert await current_revision(empty_database) is None


async def test_migrating_reaches_the_newest_revision(empty_database: Database) -> None:
    await migrate(empty_database)

    assert await current_revision(empty_database) == head_revision()


async def test_migrated_database_is_what_the_tables_say(empty_database: Database) -> None:
    await migrate(empty_database)

    assert await list_differences(empty_database) == []


async def test_every_table_of_an_empty_database_is_a_difference(empty_database: Database) -> None:
    differences = await list_differences(empty_database)

    assert len(differences) >= len(metadata.tables)


async def test_migrating_again_changes_nothing_and_keeps_what_is_there(empty_database: Database) -> None:
    await migrate(empty_database)
    async with empty_database.writing() as connection:
        await connection.execute(
            insert(state_entries).values(key="k", value="kept 中文 🀄", count=0, expires_at_ms=1)
        )

    await migrate(empty_database)

    async with empty_database.reading() as connection:
        assert await connection.scalar(select(state_entries.c.value)) == "kept 中文 🀄"


async def test_downgrading_leaves_no_table_of_ours(empty_database: Database) -> None:
    await migrate(empty_database)

    await downgrade(empty_database)

    assert await list_tables(empty_database) <= {"alembic_version"}
    assert await current_revision(empty_database) is None


async def test_downgraded_database_can_be_migrated_again(empty_database: Database) -> None:
    await migrate(empty_database)
    await downgrade(empty_database)

    await migrate(empty_database)

    assert await list_differences(empty_database) == []


def test_every_migration_is_known_to_the_running_service() -> None:
    assert list_revisions() == REVISIONS
