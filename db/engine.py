"""The database engine: transactions, time limits, and the differences between three databases."""

import asyncio
import sqlite3
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from db.database_url import DatabaseTarget, parse_database_url
from db.failures import explain
from db.postgresql import PostgresqlConnector
from db.sqlite import empty_log, path_of, prepare_sqlite

# Connections of one process, unless it asks for another number.
POOL_SIZE = 10

# What ends a block without its connection being of any more use: our time limit, a driver's, or a caller gone away.
_GIVEN_UP = (TimeoutError, asyncio.CancelledError)

# What drivers raise, besides their own errors, where a connection is closed under their calls: the event loop's
# RuntimeError, an attribute of a transport that is gone, a reply cut off.
_STUMBLES = (RuntimeError, AttributeError, LookupError, EOFError, asyncio.InvalidStateError, struct.error)

# What a resolver is lent; it hands it on to the queries and does nothing else with it.
Connection = AsyncConnection

R = TypeVar("R")

# Keeps a time limit of so many seconds on its block, and raises TimeoutError when they are over.
TimeLimit = Callable[[float], AbstractAsyncContextManager[object]]

_NO_OPTIONS: Mapping[str, str] = {}

_CONNECT_ARGUMENTS: dict[str, dict[str, Any]] = {
    # How long SQLite's thread waits for another process that writes, before `Database` asks again: our time limit
    # can end a caller's wait only between two such turns.
    "sqlite": {"timeout": 0.2},
    # Through `PostgresqlConnector`.
    "postgresql": {},
    # Without a limit of its own: it would be kept by `asyncio.wait_for`, which in Python 3.11 loses a cancellation that
    # comes just as the socket is open, and with it our limit; the handshake then waits for ever.
    "mysql": {},
    "mariadb": {},
}


# How each driver drops a connection without asking the server.
_CLOSE_AT_ONCE = {"postgresql": "terminate", "mysql": "close", "mariadb": "close", "sqlite": "stop"}


class DatabaseUnavailableError(Exception):
    """The database cannot be reached, is full, or did not answer in time.

    The transaction did not commit, unless it was the answer to its commit that got lost.
    """


class ConflictError(Exception):
    """A uniqueness or reference rule of the tables refused a write; the transaction is rolled back."""


class Watcher(Protocol):
    """Is told how each use of the database ends."""

    def failed(self, cause: str) -> None:
        """It does not answer."""

    def worked(self) -> None:
        """It answers."""


class Unwatched:
    """Nobody wants to know."""

    def failed(self, cause: str) -> None:
        """Nothing."""

    def worked(self) -> None:
        """Nothing."""


class Database:
    """One engine. `reading()` and `writing()` are the only ways in, and `writing()` the only commit.

    `timeout_seconds` is for each use, all in all; `limit` keeps it, where a use may have to share its time with others.
    `pool_size` bounds the connections of this process. `durable=False` lets SQLite answer a commit before it is on
    the disk (a power cut may then lose the last moments, never consistency): right for short-lived state only.
    `beside` is another `Database` on the same SQLite file, whose writers these must take turns with. `watcher` is told
    whether it answers.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float,
        limit: TimeLimit = asyncio.timeout,
        pool_size: int = POOL_SIZE,
        durable: bool = True,
        beside: "Database | None" = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.watcher = watcher or Unwatched()
        target = parse_database_url(url)
        self.dialect = target.dialect
        self.is_sqlite = self.dialect == "sqlite"
        self.timeout_seconds = timeout_seconds
        # Waiting for one's turn at the file of the embedded database is no sign of a server that fell silent, so that
        # it shares its time with nothing: many who write at once are slow, not refused.
        self._limit: TimeLimit = asyncio.timeout if self.is_sqlite else limit
        self.engine = _create_engine(target, pool_size, timeout_seconds)
        # One writer at a time is SQLite's rule; queueing here is fair and does not poll as its busy timeout does.
        self.write_turn: AbstractAsyncContextManager[None] = _take_turns(self.is_sqlite, beside)
        self._reading_options = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._ending: set[asyncio.Future[None]] = set()
        _close_at_once(self.engine, self._ending)
        _take_stumbles_for_outages(self.engine)
        if self.is_sqlite:
            prepare_sqlite(self.engine, durable=durable)

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that has not been made yet; the first connection would make it."""
        path = path_of(self.engine) if self.is_sqlite else None
        return path is not None and not path.exists()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection for reads: each statement sees what is committed when it starts.

        Raises:
            DatabaseUnavailableError: after at most `timeout_seconds`.
        """
        async with self._limited(), self._connection(self._reading_options) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """One transaction, committed when the block ends and rolled back when it raises.

        On SQLite it begins with the write lock taken, so that what it reads stays true until it commits. Keep slow
        work (hashing, pictures, vendors) and the state store outside.

        Raises:
            DatabaseUnavailableError: after at most `timeout_seconds`.
        """
        async with self._limited(), self.write_turn, self._connection() as connection:
            await connection.execution_options(writing=True)
            transaction = await _begin(connection)
            try:
                yield connection
                await transaction.commit()
            except _GIVEN_UP:
                # A server that fell silent would not answer the rollback either; see `_connection`.
                raise
            except BaseException:
                await transaction.rollback()
                raise

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[Connection]:
        """A connection for the migrations, which commit for themselves and may take as long as they need.

        Raises:
            DatabaseUnavailableError: when the database cannot be reached or goes away.
        """
        with _translated(self.watcher):
            async with self._connection() as connection:
                yield connection

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[Connection]:
        """A connection for an operator's report, which may read for minutes.

        Raises:
            DatabaseUnavailableError: when the database cannot be reached or goes away.
        """
        with _translated(self.watcher):
            async with self._connection(self._reading_options) as connection:
                yield connection

    async def open_reader(self) -> Connection:
        """A connection as `reading()` lends it, for `StandingReader` to keep."""
        connection = await self._connect(self._reading_options)
        if self.dialect == "postgresql":
            # A few rows by their keys, always: with small tables PostgreSQL would read the whole of them instead.
            await connection.exec_driver_sql("SET enable_seqscan = off")
        return connection

    async def scrub(self) -> None:
        """Take what was deleted out of the database's files too.

        SQLite overwrites it there (`secure_delete`), but keeps older pages in its write-ahead log, which is emptied
        here. Database servers see to their own files.

        Raises:
            DatabaseUnavailableError: where others read for longer than `timeout_seconds`.
        """
        if self.is_sqlite:
            async with self._limited(), self.write_turn, self._connection() as connection:
                await empty_log(connection)

    async def ping(self) -> None:
        """Answer, or raise `DatabaseUnavailableError`."""
        async with self.reading() as connection:
            await connection.exec_driver_sql("SELECT 1")

    async def aclose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        if self._ending:
            await asyncio.wait(self._ending, timeout=self.timeout_seconds)

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """The time limit of all that one use needs: waiting, connecting, working, committing."""
        with _translated(self.watcher):
            async with self._limit(self.timeout_seconds):
                yield

    @asynccontextmanager
    async def _connection(self, options: Mapping[str, str] = _NO_OPTIONS) -> AsyncIterator[Connection]:
        connection = await self._connect(options)
        try:
            yield connection
        except _GIVEN_UP:
            _drop(connection)
            raise
        finally:
            await connection.close()

    async def _connect(self, options: Mapping[str, str]) -> AsyncConnection:
        try:
            connection = await self.engine.connect()
        except Exception as error:
            # Drivers raise what they like while connecting; to the caller it is all one.
            raise DatabaseUnavailableError(explain(error)) from error
        if options:
            await self._set_options(connection, options)
        return connection

    async def _set_options(self, connection: AsyncConnection, options: Mapping[str, str]) -> None:
        """MySQL is asked for its isolation level, which is a call like any other."""
        try:
            await connection.execution_options(**options)
        except BaseException as error:
            _drop(connection)
            await connection.close()
            if isinstance(error, Exception):
                raise DatabaseUnavailableError(explain(error)) from error
            raise


def _take_turns(is_sqlite: bool, beside: Database | None) -> AbstractAsyncContextManager[None]:  # noqa: FBT001
    if beside is not None:
        return beside.write_turn
    return asyncio.Lock() if is_sqlite else nullcontext()


class StandingReader:
    """One connection for reads that is kept between them; for one caller at a time.

    Where one read follows another, taking a connection from the pool each time costs more than the read itself.
    After a failure the connection is dropped, and the next read begins with a fresh one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    async def read(self, query: Callable[[Connection], Awaitable[R]]) -> R:
        """Give what `query` reads.

        Raises:
            DatabaseUnavailableError: after at most `timeout_seconds`.
        """
        try:
            with _translated(self._database.watcher):
                async with asyncio.timeout(self._database.timeout_seconds):
                    if self._connection is None:
                        self._connection = await self._database.open_reader()
                    return await query(self._connection)
        except BaseException:
            await self._let_go(is_dropped=True)
            raise

    async def aclose(self) -> None:
        """Let the connection go without asking the server, which may not answer.

        SQLite always does; its connection goes back to the pool, whose end waits for the connection's thread.
        """
        await self._let_go(is_dropped=not self._database.is_sqlite)

    async def _let_go(self, *, is_dropped: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if is_dropped:
            _drop(connection)
        await connection.close()


def _drop(connection: Connection) -> None:
    """Close the socket of a connection whose server may have fallen silent.

    Outside of SQLAlchemy's greenlet this is all that happens; inside of it, the driver would first say goodbye to the
    server and wait for its answer.
    """
    if connection.sync_connection is not None:
        connection.sync_connection.invalidate()


async def _begin(connection: Connection) -> AsyncTransaction:
    """Begin a transaction; while another process holds SQLite's write lock, go on asking for it."""
    while True:
        try:
            return await connection.begin()
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                raise


@contextmanager
def _translated(watcher: Watcher) -> Iterator[None]:
    """Turn "the database does not answer" of every driver into one exception; let our own mistakes through."""
    try:
        yield
        watcher.worked()
    except DatabaseUnavailableError as error:
        watcher.failed(str(error))
        raise
    except IntegrityError as error:
        raise ConflictError from error
    except (DataError, ProgrammingError):
        raise
    except (DBAPIError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        # asyncpg's internal error: asked on a connection whose end the server has announced, but not yet made.
        cause = explain(error)
        watcher.failed(cause)
        raise DatabaseUnavailableError(cause) from error


def _create_engine(target: DatabaseTarget, pool_size: int, timeout_seconds: float) -> AsyncEngine:
    options: dict[str, Any] = {} if target.dialect == "sqlite" else {"isolation_level": "READ COMMITTED"}
    if target.postgresql is not None:
        options["async_creator"] = PostgresqlConnector(target.postgresql, timeout_seconds).connect
    engine = create_async_engine(
        target.url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_seconds,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={**_CONNECT_ARGUMENTS[target.dialect], **target.arguments},
        **options,
    )
    if target.is_tls_demanded:
        _refuse_clear_text(engine)
    return engine


def _refuse_clear_text(engine: AsyncEngine) -> None:
    """Aiomysql goes on in the clear, without a word, where the server offers no TLS."""

    @event.listens_for(engine.sync_engine, "connect")
    def look(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        row = cursor.fetchone()
        cursor.close()
        if row is None or not row[1]:
            raise OSError("the server offers no TLS, which the URL demands")


def _take_stumbles_for_outages(engine: AsyncEngine) -> None:
    """Where a driver stumbles over its closed connection, say so, and let that connection go.

    SQLAlchemy calls this around the driver alone, so that a mistake of our own in a block is still one.
    """

    @event.listens_for(engine.sync_engine, "handle_error")
    def translate(failure: ExceptionContext) -> DatabaseUnavailableError | None:
        error = failure.original_exception
        is_judged = failure.statement is not None and failure.execution_context is None
        if is_judged or not isinstance(error, _STUMBLES):
            return None
        failure.is_disconnect = True
        return DatabaseUnavailableError(f"{type(error).__name__}: {error}"[:200])


def _close_at_once(engine: AsyncEngine, ending: set[asyncio.Future[None]]) -> None:
    """Let a connection that is given up be closed without a word to the server, which may never answer.

    SQLAlchemy tries a graceful close first, for up to 2 s. With SQLite, that close, cut off by a second
    cancellation, leaves a task that waits for ever, and with it the end of the process. `ending` is what SQLite's
    threads still have to finish.
    """
    method = _CLOSE_AT_ONCE[engine.dialect.name]

    def terminate(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's wrapper of any driver's connection
        last = getattr(connection.driver_connection, method)()
        if isinstance(last, asyncio.Future):
            ending.add(last)
            last.add_done_callback(ending.discard)

    engine.dialect.do_terminate = terminate  # type: ignore[assignment, method-assign]
