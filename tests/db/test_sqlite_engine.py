"""The engine on SQLite: nothing is lost between writers, and nobody waits longer than the time limit."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Insert, insert, select, update

from db.engine import ConflictError, Connection, Database, DatabaseUnavailableError
from db.tables import metadata, state_entries
from gateway.timeouts import Timeouts

pytestmark = pytest.mark.anyio

LIMIT_SECONDS = 2
TIMEOUT_SECONDS = Timeouts().database_seconds
WRITERS = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{path}", timeout_seconds=TIMEOUT_SECONDS)
    async with database.writing() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(entry("counter"))
    yield database
    await database.aclose()


@pytest.fixture
async def other(path: Path) -> AsyncIterator[Database]:
    """The engine of another process: it shares nothing with `database` but the file."""
    other = Database(f"sqlite:///{path}", timeout_seconds=TIMEOUT_SECONDS)
    yield other
    await other.aclose()


def entry(key: str) -> Insert:
    return insert(state_entries).values(key=key, value=None, count=0, expires_at_ms=1)


async def read_count(connection: Connection) -> int:
    count = await connection.scalar(select(state_entries.c.count).where(state_entries.c.key == "counter"))
    assert isinstance(count, int)
    return count


async def count_one_more(database: Database) -> None:
    """Read, let the others run, and write what follows from what was read."""
    async with database.writing() as connection:
        count = await read_count(connection)
        await asyncio.sleep(0)
        await connection.execute(
            update(state_entries).where(state_entries.c.key == "counter").values(count=count + 1)
        )


async def count_keys(database: Database) -> int:
    async with database.reading() as connection:
        return len((await connection.scalars(select(state_entries.c.key))).all())


async def assert_unavailable_in_time(act: Callable[[], Awaitable[object]]) -> None:
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailableError):
        await act()
    assert time.monotonic() - started < LIMIT_SECONDS


@contextmanager
def write_lock_held_elsewhere(path: Path) -> Iterator[None]:
    """Another process is writing, and does not come to an end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


async def test_no_read_then_write_update_is_lost_and_none_fails(database: Database) -> None:
    await asyncio.gather(*(count_one_more(database) for _ in range(WRITERS)))

    async with database.reading() as connection:
        assert await read_count(connection) == WRITERS


async def test_no_update_is_lost_between_processes(database: Database, other: Database) -> None:
    await asyncio.gather(*(count_one_more(each) for each in (database, other) for _ in range(WRITERS)))

    async with database.reading() as connection:
        assert await read_count(connection) == 2 * WRITERS


async def test_readers_do_not_wait_for_a_writer(database: Database, path: Path) -> None:
    with write_lock_held_elsewhere(path):
        async with asyncio.timeout(LIMIT_SECONDS), database.reading() as connection:
            assert await read_count(connection) == 0


async def test_writer_gives_up_in_time_and_works_again_by_itself(database: Database, path: Path) -> None:
    with write_lock_held_elsewhere(path):
        await assert_unavailable_in_time(lambda: count_one_more(database))

    await count_one_more(database)

    async with database.reading() as connection:
        assert await read_count(connection) == 1


async def test_every_writer_of_a_queue_gives_up_in_time(database: Database, path: Path) -> None:
    with write_lock_held_elsewhere(path):
        await asyncio.gather(
            *(assert_unavailable_in_time(lambda: count_one_more(database)) for _ in range(WRITERS))
        )

    await count_one_more(database)


async def test_transaction_that_does_not_end_is_given_up_and_undone(database: Database) -> None:
    async def hold() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("half-done"))
            await asyncio.Event().wait()

    await assert_unavailable_in_time(hold)

    assert await count_keys(database) == 1


async def test_cancelled_writer_undoes_its_work_and_lets_the_next_one_in(database: Database) -> None:
    is_inside = asyncio.Event()

    async def hold() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("half-done"))
            is_inside.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await is_inside.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder

    await count_one_more(database)

    assert await count_keys(database) == 1


async def test_transaction_that_raises_is_undone(database: Database) -> None:
    async def refuse() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("half-done"))
            raise LookupError

    with pytest.raises(LookupError):
        await refuse()

    assert await count_keys(database) == 1


async def test_uniqueness_rule_is_a_conflict_and_undoes_the_transaction(database: Database) -> None:
    async def insert_twice() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("first"))
            await connection.execute(entry("counter"))

    with pytest.raises(ConflictError):
        await insert_twice()

    assert await count_keys(database) == 1


async def test_full_disk_is_unavailable_and_corrupts_nothing(database: Database, path: Path) -> None:
    big = "x" * 60_000

    async def fill() -> None:
        async with database.writing() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 40")
            for number in range(10):
                await connection.execute(
                    insert(state_entries).values(key=f"{number}", value=big, count=0, expires_at_ms=1)
                )

    await assert_unavailable_in_time(fill)

    assert await count_keys(database) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_folder_that_is_not_there_is_unavailable_until_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    database = Database(f"sqlite:///{folder / 'gateway.db'}", timeout_seconds=TIMEOUT_SECONDS)
    try:
        await assert_unavailable_in_time(database.ping)
        folder.mkdir()
        await database.ping()
    finally:
        await database.aclose()


async def test_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    path.write_bytes(b"this is something else entirely" * 100)
    database = Database(f"sqlite:///{path}", timeout_seconds=TIMEOUT_SECONDS)
    try:
        await assert_unavailable_in_time(database.ping)
    finally:
        await database.aclose()


async def test_commits_wait_for_the_disk_where_accounts_are_kept(database: Database, path: Path) -> None:
    short_lived = Database(f"sqlite:///{path}", timeout_seconds=TIMEOUT_SECONDS, durable=False)
    try:
        assert await read_pragma(database, "synchronous") == 2
        assert await read_pragma(short_lived, "synchronous") == 1
        assert await read_pragma(database, "journal_mode") == "wal"
        assert await read_pragma(database, "foreign_keys") == 1
        assert await read_pragma(database, "secure_delete") == 1
    finally:
        await short_lived.aclose()


async def read_pragma(database: Database, name: str) -> object:
    async with database.reading() as connection:
        return (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
