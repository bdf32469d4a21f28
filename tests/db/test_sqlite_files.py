"""What is in SQLite's files: nothing that was deleted, and nothing for other people to read."""

import os
import random
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, insert, select

from db.engine import Database, DatabaseUnavailableError
from db.tables import metadata, state_entries

pytestmark = pytest.mark.anyio

SECRET = "a name that is to be gone"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}", timeout_seconds=60)
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.aclose()


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}


def everything_in(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


async def fill(database: Database, keys: Iterable[int], text: str) -> None:
    rows = [{"key": f"key-{key}", "value": f"{text} {key}", "count": 0, "expires_at_ms": 1} for key in keys]
    async with database.writing() as connection:
        await connection.execute(insert(state_entries), rows)


async def delete_keys(database: Database, keys: list[int]) -> None:
    async with database.writing() as connection:
        one = delete(state_entries).where(state_entries.c.key == bindparam("gone"))
        await connection.execute(one, [{"gone": f"key-{key}"} for key in keys])


@pytest.mark.usefixtures("umask")
async def test_database_and_its_log_are_their_owners_only(path: Path) -> None:
    database = Database(f"sqlite:///{path}", timeout_seconds=60)
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)

    assert modes(path) == dict.fromkeys(("gateway.db", "gateway.db-wal", "gateway.db-shm"), 0o600)
    await database.aclose()


async def test_files_of_an_older_version_become_private(path: Path, database: Database) -> None:
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        path.with_name(name).chmod(0o644)
    other = Database(f"sqlite:///{path}", timeout_seconds=60)

    await other.ping()

    assert set(modes(path).values()) == {0o600}
    await other.aclose()


async def test_what_was_deleted_is_in_no_file_after_scrubbing(path: Path, database: Database) -> None:
    await fill(database, range(1), SECRET)
    await delete_keys(database, [0])
    assert SECRET.encode() in everything_in(path)

    await database.scrub()

    assert SECRET.encode() not in everything_in(path)


async def test_pages_that_were_split_and_merged_keep_no_copies(path: Path, database: Database) -> None:
    """Rows among others, in any order: SQLite moves their neighbours about, and what it moved stays nowhere."""
    await fill(database, range(0, 2000, 2), "a neighbour")
    gone = list(range(1, 1000, 2))
    random.Random(1).shuffle(gone)
    for first in range(0, 500, 25):
        await fill(database, gone[first : first + 25], SECRET)
    for first in range(0, 500, 25):
        await delete_keys(database, gone[first : first + 25])

    await database.scrub()

    assert everything_in(path).count(SECRET.encode()) == 0
    async with database.reading() as connection:
        assert len((await connection.execute(select(state_entries.c.key))).all()) == 1000


async def test_reader_that_does_not_end_holds_scrubbing_up_for_the_time_limit_only(
    path: Path, database: Database
) -> None:
    await fill(database, range(1), SECRET)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM state_entries")
        await delete_keys(database, [0])

        with pytest.raises(DatabaseUnavailableError):
            await database.scrub()

    await database.scrub()

    assert SECRET.encode() not in everything_in(path)
