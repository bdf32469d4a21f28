"""What a Redis URL says."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

from redis.asyncio.connection import parse_url

_TLS_OPTIONS = {"ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
_OPTIONS = _TLS_OPTIONS | {"db", "password", "sentinel_password", "sentinel_username", "username"}


class Topology(StrEnum):
    """How Redis is deployed."""

    SINGLE = "single"
    SOCKET = "socket"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_TOPOLOGIES = {
    "redis": Topology.SINGLE,
    "rediss": Topology.SINGLE,
    "unix": Topology.SOCKET,
    "redis+sentinel": Topology.SENTINEL,
    "rediss+sentinel": Topology.SENTINEL,
    "redis+cluster": Topology.CLUSTER,
    "rediss+cluster": Topology.CLUSTER,
}


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis deployment; the options are spelled as redis-py spells them.

    `name` is the path of the socket or the name of the master, else empty.
    """

    topology: Topology
    is_tls: bool
    addresses: tuple[tuple[str, int], ...]
    name: str
    database: int
    account: dict[str, Any] = field(repr=False)
    sentinel_account: dict[str, Any] = field(repr=False)
    tls: dict[str, Any] = field(repr=False)


def parse_redis_url(url: str) -> RedisUrl:
    """Read a Redis URL.

    - `redis://[user:password@]host[:port][/db]`, `rediss://` (TLS), `unix:///path/to/socket?db=0`
    - `redis+sentinel://[user:password@]host[:26379],host…/master[/db]`, `rediss+sentinel://`
    - `redis+cluster://[user:password@]host[:port],host…`, `rediss+cluster://`

    Options are a query of `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`, `ssl_cert_reqs`, `username`,
    `ssl_check_hostname`, `sentinel_username`, `sentinel_password`, `password` and `db`.

    Raises:
        ValueError: when it is none of these. The message does not repeat the URL: it may contain a password.
    """
    parsed = urlsplit(url)
    if parsed.scheme not in _TOPOLOGIES:
        raise ValueError(f"a Redis URL begins with one of {', '.join(f'{name}://' for name in _TOPOLOGIES)}")
    topology = _TOPOLOGIES[parsed.scheme]
    options = _options(parsed, topology)
    name, path_database = _path(parsed, topology)
    database = options.get("db", path_database)
    if topology is Topology.CLUSTER and database:
        raise ValueError("a Redis Cluster has no database but 0")
    return RedisUrl(
        topology,
        is_tls=parsed.scheme.startswith("rediss"),
        addresses=() if topology is Topology.SOCKET else _addresses(parsed, topology),
        name=name,
        database=database,
        account=_pick(options, {"username": "username", "password": "password"}),
        sentinel_account=_pick(options, {"sentinel_username": "username", "sentinel_password": "password"}),
        tls={name: options[name] for name in _TLS_OPTIONS & set(options)},
    )


def _options(parsed: SplitResult, topology: Topology) -> dict[str, Any]:
    """Read the account and the query with redis-py's own parser, which knows their types and quoting."""
    account = parsed.netloc.rpartition("@")[0]
    host = "" if topology is Topology.SOCKET else "host"
    scheme = "unix" if topology is Topology.SOCKET else "redis"
    plain = parsed._replace(scheme=scheme, netloc=f"{account}@{host}" if account else host, path="")
    options: dict[str, Any] = dict(parse_url(plain.geturl()))
    unknown = set(options) - _OPTIONS - {"host", "connection_class"}
    if unknown:
        raise ValueError(f"unknown option in the Redis URL: {', '.join(sorted(unknown))}")
    return options


def _path(parsed: SplitResult, topology: Topology) -> tuple[str, int]:
    """Give the socket's path or the master's name, and the database."""
    if topology is Topology.SOCKET:
        name, database = parsed.path, ""
    elif topology is Topology.SENTINEL:
        name, _, database = parsed.path.strip("/").partition("/")
    else:
        name, database = "", parsed.path.strip("/")
    if not name and topology in {Topology.SOCKET, Topology.SENTINEL}:
        raise ValueError("the Redis URL lacks the path of the socket or the name of the master")
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError("the database in the Redis URL is not a number")
    return name, int(database or 0)


def _addresses(parsed: SplitResult, topology: Topology) -> tuple[tuple[str, int], ...]:
    hosts = [host for host in parsed.netloc.rpartition("@")[2].split(",") if host]
    if not hosts:
        raise ValueError("the Redis URL names no host")
    if topology is Topology.SINGLE and len(hosts) > 1:
        raise ValueError("several Redis hosts need redis+sentinel:// or redis+cluster://")
    return tuple(_address(host, 26379 if topology is Topology.SENTINEL else 6379) for host in hosts)


def _address(host: str, default_port: int) -> tuple[str, int]:
    one = urlsplit(f"//{host}")
    try:
        port = one.port
    except ValueError as error:
        raise ValueError("a port in the Redis URL is not a number from 0 to 65535") from error
    if not one.hostname:
        raise ValueError("the Redis URL has an empty host")
    return one.hostname, default_port if port is None else port


def _pick(options: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: options[option] for option, name in names.items() if option in options}
