"""The schema's history, and the commands that move a database along it."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.engine import Database
from db.revisions import current_revision
from db.tables import metadata


async def migrate(database: Database) -> None:
    """Bring the database to the newest schema. Idempotent; in development `serve` does it by itself.

    Raises:
        DatabaseUnavailableError: when the database cannot be reached or goes away.
        UnknownRevisionError: when a newer version has migrated it.
    """
    await current_revision(database)
    async with database.migrating() as connection:
        await connection.run_sync(_upgrade)


async def list_differences(database: Database) -> list[object]:
    """What the database has otherwise than `db/tables.py` says; empty when the migrations are complete."""
    async with database.reading() as connection:
        return await connection.run_sync(
            lambda sync: list(compare_metadata(MigrationContext.configure(sync), metadata))
        )


def list_revisions() -> tuple[str, ...]:
    """The revisions that have a file, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
