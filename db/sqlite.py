"""What only SQLite needs: files that nobody else can read, a write-ahead log, and writers that take turns."""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

# The files that SQLite makes beside the database have the mode that the database has when they are made.
_BESIDE = ("", "-wal", "-shm", "-journal")


def prepare_sqlite(engine: AsyncEngine, *, durable: bool) -> None:
    """Private files, a write-ahead log, foreign keys, deleted rows overwritten, and `BEGIN IMMEDIATE` for writers.

    A deferred transaction that reads and then writes fails with "database is locked" when another wrote between.
    """
    path = path_of(engine)

    @event.listens_for(engine.sync_engine, "do_connect")
    def make_private(*_: object) -> None:
        if path is not None:
            _make_private(path)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: SyncConnection) -> None:
        if connection.get_execution_options().get("writing"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")


async def empty_log(connection: AsyncConnection) -> None:
    """Carry the write-ahead log over into the database and empty it; wait for readers as long as it takes."""
    is_busy = True
    while is_busy:
        found = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy = bool(found.one()[0])


class NotAloneError(Exception):
    """Another process has the database open."""


def delete_sqlite_files(path: Path) -> None:
    """Delete a database and what SQLite keeps beside it; nothing happens where there is none.

    Raises:
        NotAloneError: and nothing is deleted.
    """
    require_to_be_alone(path)
    for suffix in _BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def require_to_be_alone(path: Path) -> None:
    """Leaving the write-ahead log is refused to who is not alone. Nothing happens where there is no database.

    Raises:
        NotAloneError: another process has it open.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise NotAloneError from error
        except sqlite3.DatabaseError:
            # What is no database any more is in nobody's use.
            return


def path_of(engine: AsyncEngine) -> Path | None:
    """The file of the database; None where there is none, or where a URI names it."""
    name = engine.url.database
    return Path(name) if name and name != ":memory:" and not name.startswith("file:") else None


def _make_private(path: Path) -> None:
    """Let nobody but its owner read the database, whatever the umask, from the moment that it is made.

    An existing file is never opened here: to close it would end SQLite's own locks on it in this process.
    """
    with suppress(FileExistsError, FileNotFoundError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in _BESIDE:
        file = path.with_name(path.name + suffix)
        # Who may write it need not own it.
        with suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(file.stat().st_mode) != 0o600:
                file.chmod(0o600)
