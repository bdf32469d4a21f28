"""Opening Redis: a single server, the master behind Sentinel, or a Cluster."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from adapters.redis_url import RedisUrl, Topology, parse_redis_url
from resolvers.ports import not_asked

# Python is busy before that many are.
MAXIMUM_CONNECTIONS = 20

# Version 2 of the protocol: plain replies are all that is read here, and a connection needs no greeting.
_PROTOCOL: dict[str, Any] = {"protocol": 2}


_on_sent: ContextVar[Callable[[], None]] = ContextVar("redis_on_sent", default=not_asked)


class RedisClient(Protocol):
    """What the state store asks of redis-py."""

    async def execute_command(self, *command: str | int, on_sent: Callable[[], None] = not_asked) -> Any:  # noqa: ANN401 - replies are what Redis says
        """Run one command; replies are bytes, numbers, lists and None.

        `on_sent` is called when there is a connection for it, over which it is sent at once.
        """

    async def aclose(self) -> None:
        """Close every connection."""


class _PatientSentinel(Sentinel):
    """Asks the sentinels once for all connections that are being made at the same time."""

    _question: asyncio.Task[tuple[str, int]] | None = None

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Give the master's address; a caller who is cancelled leaves the others their answer."""
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(super().discover_master(service_name))
            # When nobody is left to hear of a failure, that is no news.
            self._question.add_done_callback(lambda question: question.cancelled() or question.exception())
        return await asyncio.shield(self._question)

    async def aclose(self) -> None:
        """Close the connections to the sentinels."""
        if self._question is not None:
            self._question.cancel()
            await asyncio.wait({self._question})
        await super().aclose()


class _TellingPool(ConnectionPool):
    """Tells who asks for a connection that it is there."""

    async def get_connection(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - the parent's
        connection = await super().get_connection()  # type: ignore[no-untyped-call]
        _on_sent.get()()
        return connection


class _TellingSentinelPool(_TellingPool, SentinelConnectionPool):
    """The same for the master behind Sentinel."""


class _ServerClient:
    """One server at a time: a single one, or the master behind Sentinel."""

    def __init__(self, server: Redis, sentinel: _PatientSentinel | None = None) -> None:
        self._server = server
        self._sentinel = sentinel

    async def execute_command(self, *command: str | int, on_sent: Callable[[], None] = not_asked) -> Any:  # noqa: ANN401 - the same
        token = _on_sent.set(on_sent)
        try:
            return await self._server.execute_command(*command)  # type: ignore[no-untyped-call]
        finally:
            _on_sent.reset(token)

    async def aclose(self) -> None:
        try:
            await self._server.aclose()
        finally:
            if self._sentinel is not None:
                await self._sentinel.aclose()


class _ClusterClient:
    """A Cluster, with what redis-py lacks when many commands run at once."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster

    async def execute_command(self, *command: str | int, on_sent: Callable[[], None] = not_asked) -> Any:  # noqa: ANN401 - the same
        # Commands that find the client without a map of the Cluster would go to nodes at random.
        await self._cluster.initialize()
        on_sent()
        return await self._cluster.execute_command(*command)

    async def aclose(self) -> None:
        await self._cluster.aclose()
        # The line above closes nothing while the map is to be read again, as after a failure.
        await self._cluster.nodes_manager.aclose()
        await self._cluster.nodes_manager.aclose("startup_nodes")


def open_redis(
    url: str,
    *,
    node_seconds: float,
    sentinel_seconds: float,
    maximum_connections: int = MAXIMUM_CONNECTIONS,
) -> RedisClient:
    """Give a client for `url` (see `parse_redis_url`), not connected yet.

    At most `maximum_connections` are made to each server. Who asks sets the limit for the whole answer; `node_seconds`
    and `sentinel_seconds` only keep one silent server of several from using it up.

    Raises:
        ValueError: when the URL cannot be read.
    """
    parsed = parse_redis_url(url)
    match parsed.topology:
        case Topology.SINGLE | Topology.SOCKET:
            return _open_single(parsed, maximum_connections)
        case Topology.SENTINEL:
            return _open_sentinel(parsed, maximum_connections, node_seconds, sentinel_seconds)
        case Topology.CLUSTER:
            return _open_cluster(parsed, maximum_connections, node_seconds)


def _open_single(url: RedisUrl, maximum_connections: int) -> RedisClient:
    if url.topology is Topology.SOCKET:
        place: dict[str, Any] = {"connection_class": UnixDomainSocketConnection, "path": url.name}
    else:
        [(host, port)] = url.addresses
        connection_class = SSLConnection if url.is_tls else Connection
        place = {"connection_class": connection_class, "host": host, "port": port, **url.tls}
    pool = _TellingPool(
        max_connections=maximum_connections,
        db=url.database,
        retry=_retry(0),
        **place,
        **url.account,
        # There is no other to turn to, and a command without a time limit of its own costs less.
        **_limits(None),
        **_PROTOCOL,
    )
    return _ServerClient(Redis.from_pool(pool))


def _open_sentinel(
    url: RedisUrl, maximum_connections: int, node_seconds: float, sentinel_seconds: float
) -> RedisClient:
    shared: dict[str, Any] = {"ssl": url.is_tls, **url.tls, **_PROTOCOL}
    sentinel = _PatientSentinel(  # type: ignore[no-untyped-call]
        url.addresses,
        sentinel_kwargs={"retry": _retry(0), **url.sentinel_account, **_limits(sentinel_seconds), **shared},
    )
    master = sentinel.master_for(
        url.name,
        db=url.database,
        retry=_retry(0),
        connection_pool_class=_TellingSentinelPool,
        max_connections=maximum_connections,
        **url.account,
        **_limits(node_seconds),
        **shared,
    )
    return _ServerClient(master, sentinel)


def _open_cluster(url: RedisUrl, maximum_connections: int, node_seconds: float) -> RedisClient:
    options: dict[str, Any] = {**url.account, **url.tls, **_limits(node_seconds), **_PROTOCOL}
    cluster = RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in url.addresses],
        ssl=url.is_tls,
        # One retry, for the connection that the server has closed while it was idle. It may repeat what was
        # done already: a counter then counts one too many, a taken entry reads as gone. Both are safe.
        retry=_retry(1),
        # A slot that has moved is noted for itself; reading the whole map anew would close every connection.
        reinitialize_steps=0,
        max_connections=maximum_connections,
        **options,
    )
    return _ClusterClient(cluster)


def _limits(seconds: float | None) -> dict[str, Any]:
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds}


def _retry(retries: int) -> Retry:
    return Retry(NoBackoff(), retries)
