"""Which revision of the schema a database is at, without Alembic: the running service need not load it."""

from typing import Final

from sqlalchemy import Connection, inspect

from db.engine import Database

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision that this code knows, oldest first: the files of `db/migrations/versions`."""

_TABLE = "alembic_version"


class UnknownRevisionError(Exception):
    """The database is at a revision that this code does not know; the message is its name."""


def head_revision() -> str:
    """The newest revision that this code knows."""
    return REVISIONS[-1]


async def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one, and for a file that is not there, which is not made.

    Raises:
        DatabaseUnavailableError: when the database does not answer.
        UnknownRevisionError: when a newer version has migrated it.
    """
    if database.is_missing:
        return None
    async with database.reading() as connection:
        revision = await connection.run_sync(_read_revision)
    if revision is not None and revision not in REVISIONS:
        raise UnknownRevisionError(revision)
    return revision


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_TABLE):
        return None
    revision = connection.exec_driver_sql(f"SELECT version_num FROM {_TABLE}").scalar_one_or_none()  # noqa: S608
    return None if revision is None else str(revision)
