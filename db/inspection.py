"""What a database lacks or does not allow, for `check` and the start of `serve`."""

from collections.abc import Mapping

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database, DatabaseUnavailableError
from db.tables import metadata

DATABASE_ERRORS = (DatabaseUnavailableError, SQLAlchemyError)
"""Everything by which a database says that it does not do what is asked; see `db.failures.explain`."""

# Places that are kept for others, and ceilings below the server's own. Source: PostgreSQL, "Connections and
# Authentication"; MariaDB, "max_user_connections".
_CONNECTION_LIMITS: Mapping[str, str] = {
    "postgresql": """
        SELECT least(
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true), '0')::int,
            (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
            (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
        )""",
    "mysql": "SELECT least(@@max_connections, coalesce(nullif(@@max_user_connections, 0), @@max_connections))",
}


async def list_missing(database: Database) -> list[str]:
    """Tables, and columns of tables that are there, which the code needs and the database lacks.

    Raises:
        DatabaseUnavailableError: when the database does not answer.
    """
    async with database.reading() as connection:
        return await connection.run_sync(_list_missing)


async def find_connection_limit(database: Database) -> int | None:
    """How many connections the database allows this user; None where there is no such limit.

    Raises:
        DatabaseUnavailableError: when the database does not answer.
    """
    question = _CONNECTION_LIMITS.get(database.dialect.replace("mariadb", "mysql"))
    if question is None:
        return None
    async with database.reading() as connection:
        limit = await connection.scalar(text(question))
    return None if limit is None else int(limit)


def _list_missing(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    missing = [f"table {name}" for name in sorted(metadata.tables.keys() - present)]
    names = [name for name in sorted(metadata.tables) if name in present]
    columns = {key[1]: found for key, found in inspector.get_multi_columns(filter_names=names).items()}
    for name in names:
        found = {column["name"] for column in columns.get(name, [])}
        missing += [
            f"column {name}.{column.name}"
            for column in metadata.tables[name].columns
            if column.name not in found
        ]
    return missing
