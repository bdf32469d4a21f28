"""The schema's history, and the commands that move a database along it."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.engine import Database
from db.tables import metadata

__all__ = ["UnknownRevisionError", "current_revision", "head_revision", "list_differences", "migrate"]


class UnknownRevisionError(Exception):
    """The database is at a revision that this code does not know; the message is its name."""


async def migrate(database: Database) -> None:
    """Bring the database to the newest schema. Idempotent; in development `serve` does it by itself.

    Raises:
        DatabaseUnavailableError: when the database cannot be reached or goes away.
        UnknownRevisionError: when a newer version has migrated it.
    """
    await current_revision(database)
    async with database.migrating() as connection:
        await connection.run_sync(_upgrade)


async def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one.

    Raises:
        DatabaseUnavailableError: when the database does not answer.
        UnknownRevisionError: when a newer version has migrated it.
    """
    async with database.reading() as connection:
        revision = await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
    if revision is not None and revision not in _known_revisions():
        raise UnknownRevisionError(revision)
    return revision


def head_revision() -> str:
    """The newest revision that this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the migrations are missing")
    return head


async def list_differences(database: Database) -> list[object]:
    """What the database has otherwise than `db/tables.py` says; empty when the migrations are complete."""
    async with database.reading() as connection:
        return await connection.run_sync(
            lambda sync: list(compare_metadata(MigrationContext.configure(sync), metadata))
        )


def _known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
