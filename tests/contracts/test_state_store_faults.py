"""A server that dies, hangs or is full: an error within 2 s, no wrong answer, and work goes on when it is back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select, text

from adapters.redis_state_store import RedisStateStore
from adapters.sql_state_store import SqlStateStore
from db.engine import Database
from db.tables import state_entries
from gateway.timeouts import Timeouts
from resolvers.outages import Outage
from resolvers.ports import StateStore, StateStoreError, not_asked
from tests.contracts.clocks import MovableClock
from tests.contracts.redis_servers import (
    MASTER_NAME,
    RedisServer,
    cluster,
    free_port,
    is_serving,
    sentinel,
    single_server,
    wait_until,
)
from tests.contracts.stalling_proxy import StallingProxy
from tests.contracts.state_backends import StateBackend, open_redis_store

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

LIMIT_SECONDS = 2


async def assert_fails_in_time(*calls: Callable[[], Awaitable[object]]) -> None:
    """Each of the calls, made at once, is refused with `StateStoreError` within 2 s."""

    async def fail(call: Callable[[], Awaitable[object]]) -> float:
        started = time.monotonic()
        with pytest.raises(StateStoreError):
            await call()
        return time.monotonic() - started

    assert max(await asyncio.gather(*(fail(call) for call in calls))) < LIMIT_SECONDS


def every_operation(store: StateStore) -> list[Callable[[], Awaitable[object]]]:
    return [
        lambda: store.put("k", "v", 10),
        lambda: store.get("k"),
        lambda: store.take("k"),
        lambda: store.increment("counter", 10),
        lambda: store.delete("k"),
        store.ping,
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with single_server(tmp_path) as server:
        yield server


@pytest.fixture
async def redis_store(server: RedisServer, clock: MovableClock) -> AsyncIterator[StateStore]:
    async with StateBackend("redis", server.url).open_store(clock, Timeouts()) as store:
        yield store


class StumblingClient:
    """What redis-py raises, besides its own errors, where connections are closed under its commands."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def execute_command(self, *_: str | int, on_sent: Callable[[], None] = not_asked) -> object:
        on_sent()
        raise self._error

    async def aclose(self) -> None: ...


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
        AttributeError("'NoneType' object has no attribute 'write'"),
        IndexError("pop from an empty deque"),
        KeyError("10.0.0.1:6379"),
        ValueError("invalid literal for int()"),
        asyncio.InvalidStateError("the reply is there already"),
        ConnectionResetError(),
        EOFError(),
    ],
    ids=repr,
)
async def test_whatever_the_client_stumbles_over_is_an_outage(
    clock: MovableClock, error: BaseException
) -> None:
    outage = Outage("state store")
    store = RedisStateStore(StumblingClient(error), clock, timeout_seconds=1, watcher=outage)

    await assert_fails_in_time(*every_operation(store))

    assert outage.is_on


class SilentClient:
    """Takes every command and answers none."""

    async def execute_command(self, *_: str | int, on_sent: Callable[[], None] = not_asked) -> object:
        on_sent()
        return await asyncio.Future()

    async def aclose(self) -> None: ...


async def sent_by(store: StateStore, *, before: Callable[[], Awaitable[object]] | None = None) -> int:
    """How many of two increments that are given up at once had been sent."""
    sent: list[None] = []
    calls = [
        asyncio.ensure_future(store.increment("k", 10, on_sent=lambda: sent.append(None))) for _ in range(2)
    ]
    await (before or (lambda: asyncio.sleep(0)))()
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    return len(sent)


async def test_increment_that_waits_for_a_slot_of_redis_has_not_been_sent(clock: MovableClock) -> None:
    assert (
        await sent_by(RedisStateStore(SilentClient(), clock, timeout_seconds=60, maximum_concurrency=1)) == 1
    )
    assert (
        await sent_by(RedisStateStore(SilentClient(), clock, timeout_seconds=60, maximum_concurrency=2)) == 2
    )


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
async def test_increment_that_finds_no_redis_has_not_been_sent(clock: MovableClock, scheme: str) -> None:
    sent: list[None] = []
    async with StateBackend("redis", f"{scheme}://127.0.0.1:{free_port()}").open_store(
        clock, Timeouts()
    ) as store:
        with pytest.raises(StateStoreError):
            await store.increment("k", 10, on_sent=lambda: sent.append(None))

    assert sent == []


async def test_increment_that_finds_no_master_has_not_been_sent(clock: MovableClock) -> None:
    sent: list[None] = []
    url = f"redis+sentinel://127.0.0.1:{free_port()}/{MASTER_NAME}/0"
    async with StateBackend("redis", url).open_store(clock, Timeouts()) as store:
        with pytest.raises(StateStoreError):
            await store.increment("k", 10, on_sent=lambda: sent.append(None))

    assert sent == []


async def test_increment_that_waits_for_its_turn_at_the_file_has_not_been_sent(
    tmp_path: Path, clock: MovableClock
) -> None:
    backend = StateBackend("sql", f"sqlite:///{tmp_path / 'gateway.db'}")
    await backend.prepare()
    database = Database(backend.url, timeout_seconds=60)
    store = SqlStateStore(database, clock, timeout_seconds=60)
    async with database.write_turn:
        assert await sent_by(store) == 0

    assert (await store.increment("k", 10)).count == 1
    await database.aclose()


async def test_caller_who_gives_up_is_no_outage(clock: MovableClock) -> None:
    store = RedisStateStore(StumblingClient(asyncio.CancelledError()), clock, timeout_seconds=1)

    with pytest.raises(asyncio.CancelledError):
        await store.get("k")


async def test_killed_redis_fails_and_serves_when_it_is_back(
    redis_store: StateStore, server: RedisServer
) -> None:
    await redis_store.put("before", "v", 10)
    server.kill()
    await assert_fails_in_time(*every_operation(redis_store))

    server.start()

    assert await redis_store.get("before") is None  # this one keeps nothing on disk
    await redis_store.put("after", "v", 10)
    assert await redis_store.take("after") == "v"


async def test_paused_redis_fails_and_serves_when_it_goes_on(
    redis_store: StateStore, server: RedisServer
) -> None:
    await redis_store.put("mine", "mine", 10)
    await redis_store.put("yours", "yours", 10)
    server.pause()
    await assert_fails_in_time(*every_operation(redis_store), *[lambda: redis_store.get("mine")] * 100)

    server.resume()

    # No late reply to one caller is given to another.
    assert set(await asyncio.gather(*(redis_store.get("yours") for _ in range(100)))) == {"yours"}


async def test_redis_that_was_never_there_is_found_when_it_comes(tmp_path: Path, clock: MovableClock) -> None:
    server = RedisServer(tmp_path, "--save", "", port=free_port())
    async with StateBackend("redis", server.url).open_store(clock, Timeouts()) as store:
        await assert_fails_in_time(*every_operation(store))

        try:
            server.start()
            await store.ping()
        finally:
            server.kill()


async def test_full_redis_refuses_writes_and_still_gives_what_it_has(
    redis_store: StateStore, server: RedisServer
) -> None:
    await redis_store.put("k", "v", 10)
    await redis_store.increment("counter", 10)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    await assert_fails_in_time(
        lambda: redis_store.put("other", "v", 10), lambda: redis_store.increment("counter", 10)
    )
    assert await redis_store.get("counter") == "1"
    assert await redis_store.take("k") == "v"

    server.ask("CONFIG", "SET", "maxmemory", "0")

    assert (await redis_store.increment("counter", 10)).count == 2


async def test_flushed_redis_forgets_and_counts_anew(redis_store: StateStore, server: RedisServer) -> None:
    await redis_store.increment("counter", 10)
    server.ask("FLUSHALL")
    server.ask("SCRIPT", "FLUSH")

    assert (await redis_store.increment("counter", 10)).count == 1


async def test_redis_that_only_reads_fails(redis_store: StateStore, server: RedisServer) -> None:
    server.ask("REPLICAOF", "127.0.0.1", str(free_port()))

    await assert_fails_in_time(lambda: redis_store.put("k", "v", 10), lambda: redis_store.increment("c", 10))


async def test_connection_that_redis_closed_while_idle_is_not_noticed(
    redis_store: StateStore, server: RedisServer
) -> None:
    await redis_store.put("k", "v", 10)
    await asyncio.to_thread(server.ask, "CLIENT", "KILL", "TYPE", "normal")

    assert await redis_store.take("k") == "v"


async def test_wrong_redis_password_fails(server: RedisServer, clock: MovableClock) -> None:
    server.ask("CONFIG", "SET", "requirepass", "right")

    async with StateBackend("redis", f"redis://:wrong@127.0.0.1:{server.port}").open_store(
        clock, Timeouts()
    ) as store:
        await assert_fails_in_time(*every_operation(store))
    async with StateBackend("redis", f"redis://:right@127.0.0.1:{server.port}/3").open_store(
        clock, Timeouts()
    ) as store:
        await store.ping()


async def test_callers_beyond_the_connections_wait_their_turn(
    server: RedisServer, clock: MovableClock
) -> None:
    store = open_redis_store(server.url, clock, prefix="", maximum_connections=2)
    counters = await asyncio.gather(*(store.increment("k", 10) for _ in range(200)))
    await store.aclose()

    assert sorted(counter.count for counter in counters) == list(range(1, 201))


async def test_entry_of_redis_is_garbage_one_minute_after_its_expiry(
    redis_store: StateStore, server: RedisServer
) -> None:
    await redis_store.put("text", "v", 10)
    await redis_store.increment("counter", 10)
    await redis_store.increment("counter", 1000)

    for key in ("text", "counter"):
        assert 68 <= int(server.ask("TTL", key).lstrip(":")) <= 70


async def test_store_follows_the_master_to_the_replica(tmp_path: Path, clock: MovableClock) -> None:
    with sentinel(tmp_path, down_after_ms=500) as (watcher, master, replica):
        wait_until(lambda: watcher.ask("SENTINEL", "REPLICAS", MASTER_NAME) == "*1", "the replica is known")
        url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{watcher.port}/{MASTER_NAME}/0"
        async with StateBackend("redis", url).open_store(clock, Timeouts()) as store:
            await store.put("k", "v", 10)
            wait_until(lambda: replica.ask("GET", "k") == "$-1", "the replica serves")

            master.pause()
            await assert_fails_in_time(*every_operation(store))
            wait_until(lambda: replica.ask("ROLE") == "*3", "the replica has taken over", 30)

            await eventually(lambda: store.put("k", "new", 10))
            assert await store.take("k") == "new"


async def eventually(call: Callable[[], Awaitable[object]]) -> None:
    """Call until it works, for at most 5 s, each time with an answer in time."""
    deadline = time.monotonic() + 5
    while True:
        started = time.monotonic()
        try:
            await call()
        except StateStoreError:
            assert time.monotonic() - started < LIMIT_SECONDS
            assert time.monotonic() < deadline
        else:
            return


async def test_cluster_without_one_node_serves_the_rest_and_heals(
    tmp_path: Path, clock: MovableClock
) -> None:
    with cluster(tmp_path) as nodes:
        for node in nodes:
            node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
        url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        keys = [f"k{n}" for n in range(60)]
        backend = StateBackend("redis", url)
        # Half of what is shipped: what remains to the limit is for a busy machine.
        short = Timeouts(state_store_seconds=0.7, redis_node_seconds=0.3)
        async with backend.open_store(clock) as patient, backend.open_store(clock, short) as store:
            await asyncio.gather(*(patient.put(key, key, 1000) for key in keys))
            await eventually(store.ping)
            nodes[0].pause()

            outcomes = [await answer(store, keys) for _ in range(3)]
            while len(outcomes) < 20 and not any(value == key for key, value in outcomes[-1][0]):
                outcomes.append(await answer(store, keys))
            nodes[0].resume()
            wait_until(lambda: all(is_serving(node) for node in nodes), "the cluster is whole")

            for values, seconds in outcomes:
                assert seconds < LIMIT_SECONDS
                assert all(isinstance(value, StateStoreError) or value == key for key, value in values)
            assert any(value == key for key, value in outcomes[-1][0])
            await eventually(store.ping)
            for key in keys:
                await eventually(lambda key=key: store.get(key))  # type: ignore[misc]
                assert await patient.get(key) == key


async def answer(
    store: StateStore, keys: list[str]
) -> tuple[list[tuple[str, str | BaseException | None]], float]:
    """What reading `keys` at once gives, and how long it takes."""
    started = time.monotonic()
    values = await asyncio.gather(*(store.get(key) for key in keys), return_exceptions=True)
    return list(zip(keys, values, strict=True)), time.monotonic() - started


async def test_cluster_sends_the_first_commands_where_they_belong(
    tmp_path: Path, clock: MovableClock
) -> None:
    with cluster(tmp_path) as nodes:
        for node in nodes:
            node.ask("CONFIG", "RESETSTAT")
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        async with StateBackend("redis", url).open_store(clock) as store:
            counters = await asyncio.gather(*(store.increment(f"k{n}", 10) for n in range(30)))
        errors = [line for node in nodes for line in node.info("errorstats")]

    assert {counter.count for counter in counters} == {1}
    assert not [line for line in errors if "MOVED" in line]


async def test_cluster_closes_idle_connections_unnoticed(tmp_path: Path, clock: MovableClock) -> None:
    with cluster(tmp_path) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[1].port}"
        async with StateBackend("redis", url).open_store(clock) as store:
            keys = [f"k{n}" for n in range(30)]
            await asyncio.gather(*(store.put(key, key, 1000) for key in keys))
            for node in nodes:
                await asyncio.to_thread(node.ask, "CLIENT", "KILL", "TYPE", "normal")

            assert [await store.get(key) for key in keys] == keys


@pytest.fixture(params=["postgresql", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


async def test_silent_database_fails_and_serves_when_it_goes_on(server_url: str, clock: MovableClock) -> None:
    await StateBackend("sql", server_url).prepare()
    target = make_url(server_url)
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(StallingProxy(target.host or "", target.port or 0).running())
        url = target.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        store = await stack.enter_async_context(StateBackend("sql", url).open_store(clock, Timeouts()))
        await store.put("before", "v", 10)

        proxy.stall()
        await assert_fails_in_time(*every_operation(store), *[lambda: store.get("before")] * 30)
        proxy.resume()

        assert await store.take("before") == "v"


async def test_loser_of_a_deadlock_tries_again(server_url: str, clock: MovableClock) -> None:
    await StateBackend("sql", server_url).prepare()
    database, rival = (Database(server_url, timeout_seconds=60) for _ in range(2))
    store = SqlStateStore(database, clock, timeout_seconds=60)
    await sense_deadlocks_soon(rival)
    await store.put("a", "v", 10)
    await store.put("b", "v", 10)
    clock.advance(10)
    async with rival.engine.connect() as connection:
        # The rival has written more, so that it is the store that the database sacrifices.
        await connection.execute(
            insert(state_entries),
            [{"key": f"z{n}", "value": "v", "count": 0, "expires_at_ms": 2**50} for n in range(50)],
        )
        await connection.execute(select(state_entries).where(state_entries.c.key == "b").with_for_update())
        await is_somebody_waiting(rival)  # so that a connection for asking is there
        purging = asyncio.create_task(purge(store, 1000))  # locks a, waits for b
        await until_somebody_waits(rival)
        await connection.execute(select(state_entries).where(state_entries.c.key == "a").with_for_update())
        await connection.commit()

        assert await purging == [2]
    await database.aclose()
    await rival.aclose()


async def sense_deadlocks_soon(database: Database) -> None:
    """PostgreSQL looks for a deadlock after a second, which is most of the store's time; MariaDB looks at once."""
    if database.dialect != "postgresql":
        return
    async with database.writing() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(text(f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'"))


async def until_somebody_waits(database: Database) -> None:
    """Poll the server until a transaction waits for a lock."""
    async with asyncio.timeout(1):
        while not await is_somebody_waiting(database):
            pass


async def is_somebody_waiting(database: Database) -> bool:
    waiting = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
    if database.dialect == "postgresql":
        waiting = "SELECT '', COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        waiting += " AND datname = current_database()"
    async with database.reading() as connection:
        _, count = (await connection.execute(text(waiting))).one()
    return int(count) > 0


async def test_absent_database_fails(clock: MovableClock) -> None:
    for scheme in ("postgresql", "mysql"):
        url = f"{scheme}://root@127.0.0.1:{free_port()}/gateway"
        async with StateBackend("sql", url).open_store(clock, Timeouts()) as store:
            await assert_fails_in_time(*every_operation(store))


async def test_locked_sqlite_file_fails_and_serves_when_it_is_free(
    sqlite_url: str, clock: MovableClock
) -> None:
    backend = StateBackend("sql", sqlite_url)
    await backend.prepare()
    holder = Database(sqlite_url, timeout_seconds=60)
    async with backend.open_store(clock, Timeouts()) as store:
        await store.put("k", "v", 10)
        async with holder.engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await assert_fails_in_time(
                lambda: store.put("k", "new", 10), lambda: store.take("k"), lambda: store.increment("c", 10)
            )
            assert await store.get("k") == "v"
            await connection.exec_driver_sql("ROLLBACK")

        assert await store.take("k") == "v"
    await holder.aclose()


async def test_purge_deletes_what_has_expired_in_bounded_batches(
    sqlite_url: str, clock: MovableClock
) -> None:
    await assert_purges(sqlite_url, clock)


async def test_purge_works_on_servers(server_url: str, clock: MovableClock) -> None:
    await assert_purges(server_url, clock)


async def purge(store: SqlStateStore, batch_rows: int) -> list[int]:
    return [count async for count in store.purge_expired(batch_rows)]


async def assert_purges(url: str, clock: MovableClock) -> None:
    await StateBackend("sql", url).prepare()
    database = Database(url, timeout_seconds=60)
    store = SqlStateStore(database, clock, timeout_seconds=60)
    for n in range(5):
        await store.put(f"old{n}", "v", 10)
    await store.increment("counter", 10)
    await store.put("live", "v", 100)
    clock.advance(10)

    purged = await purge(store, 4)

    async with database.reading() as connection:
        left = (await connection.execute(text("SELECT COUNT(*) FROM state_entries"))).scalar_one()
    assert purged == [4, 2]
    assert await purge(store, 4) == [0]
    await database.aclose()
    assert left == 1
