"""The database's URL: which driver it means, and what its parameters ask of the connection."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

_DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mariadb": "mariadb+aiomysql",
    "sqlite": "sqlite+aiosqlite",
}

# As SQLAlchemy reads it, so that a password may have a slash, but with any number of hosts.
_POSTGRESQL_FORM = re.compile(
    r"[\w+]+://(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@)?(?P<hosts>[^/?@]*)(?:/(?P<database>[^?]*))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST_FORM = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\],]*)(?::(?P<port>[0-9]{1,5}))?")
_POSTGRESQL_PORT = 5432

# Source: PostgreSQL, "libpq - Parameter Key Words"; those of them that asyncpg knows.
_DRIVER_PARAMETERS = frozenset(
    {
        "sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation",
        "ssl_min_protocol_version", "ssl_max_protocol_version", "passfile", "service", "krbsrvname", "gsslib",
    }
)  # fmt: skip
_FILE_PARAMETERS = frozenset({"sslcert", "sslkey", "sslrootcert", "sslcrl"})
_SERVER_PARAMETERS = frozenset(
    {
        "application_name", "options", "search_path", "statement_timeout", "lock_timeout",
        "idle_in_transaction_session_timeout",
    }
)  # fmt: skip
_PLACE_PARAMETERS = frozenset({"host", "port", "user", "password", "dbname", "target_session_attrs"})
_POSTGRESQL_PARAMETERS = _DRIVER_PARAMETERS | _SERVER_PARAMETERS | _PLACE_PARAMETERS | {"ssl"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SWITCHES = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
# The service writes, so that a standby is of no use to it.
_SESSION_ATTRIBUTES = ("any", "primary", "read-write")

_MYSQL_PARAMETERS = frozenset({"charset", "unix_socket", "ssl", "sslmode", "ssl_ca", "ssl_cert", "ssl_key"})
_MYSQL_MODES: Final[Mapping[str, str]] = {
    "disabled": "disable",
    "preferred": "prefer",
    "required": "require",
    "verify-ca": "verify-ca",
    "verify-identity": "verify-full",
}


@dataclass(frozen=True, slots=True)
class PostgresqlTarget:
    """Where PostgreSQL is: hosts in the order in which they are tried, and what asyncpg is told for each of them."""

    hosts: tuple[tuple[str, int], ...] = ()
    """None: asyncpg looks where `psql` would."""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """A URL, understood. `url` has the async driver and no parameters; `arguments` go to the driver."""

    url: URL
    arguments: Mapping[str, Any] = field(default_factory=dict)
    postgresql: PostgresqlTarget | None = None
    is_tls_demanded: bool = False
    """Only MySQL's driver has to be watched for it; asyncpg keeps its word."""

    @property
    def dialect(self) -> str:
        """The database's name: `sqlite`, `postgresql`, `mysql` or `mariadb`."""
        return self.url.get_backend_name()


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path}"


def parse_database_url(url: str) -> DatabaseTarget:
    """What `url` means.

    Raises:
        ValueError: for a database that is not supported, and for parameters that are not known. It repeats no password.
    """
    scheme, separator, _ = url.partition("://")
    name = scheme.partition("+")[0]
    if not separator or not name:
        raise ValueError("not a database URL; write postgresql://user:password@host/name")
    if name not in _DRIVERS:
        raise ValueError(f"{name} is not supported; use sqlite, postgresql, mysql or mariadb")
    if _DRIVERS[name].startswith("postgresql"):
        return DatabaseTarget(URL.create(_DRIVERS[name]), postgresql=_parse_postgresql(url))
    try:
        parsed = make_url(url).set(drivername=_DRIVERS[name])
    except (SQLAlchemyError, ValueError):
        # Their messages repeat parts of the URL, which has a password in it.
        raise ValueError(_UNREADABLE) from None
    return _parse_sqlite(parsed) if name == "sqlite" else _parse_mysql(parsed)


_UNREADABLE = "not a database URL; in user and password write @ as %40, : as %3A, / as %2F"


def _parse_postgresql(url: str) -> PostgresqlTarget:
    match = _POSTGRESQL_FORM.fullmatch(url)
    if match is None:
        raise ValueError(_UNREADABLE)
    query = _read_query(match["query"] or "", _POSTGRESQL_PARAMETERS)
    in_query = query.pop("host", "")
    hosts = _parse_hosts(in_query or unquote(match["hosts"]), query.pop("port", ""))
    named = {
        "user": query.pop("user", None) or unquote(match["user"] or ""),
        "password": query.pop("password", None) or unquote(match["password"] or ""),
        "database": query.pop("dbname", None) or unquote(match["database"] or ""),
    }
    arguments: dict[str, Any] = {name: value for name, value in named.items() if value}
    arguments["target_session_attrs"] = query.pop("target_session_attrs", "any")
    _demand(arguments["target_session_attrs"], _SESSION_ATTRIBUTES, "target_session_attrs")
    if "ssl" in query:
        switch = query.pop("ssl")
        query.setdefault("sslmode", _SWITCHES.get(switch.lower(), switch))
    if "sslmode" in query:
        _demand(query["sslmode"], _SSL_MODES, "sslmode")
    if query.get("sslrootcert") == "system":
        # As with libpq, the system's authorities mean full verification.
        arguments["ssl"] = True
        _demand(query.pop("sslmode", "verify-full"), ("verify-full",), "sslmode, with sslrootcert=system,")
        del query["sslrootcert"]
    for name in _FILE_PARAMETERS & query.keys():
        _check_file(name, Path(query[name]))
    server = {name: query.pop(name) for name in _SERVER_PARAMETERS & query.keys()}
    arguments["server_settings"] = {"application_name": "account-gateway"} | server
    # What is left is for asyncpg to read, which does so only in a URL.
    arguments["dsn"] = f"postgresql://?{urlencode(query)}" if query else None
    return PostgresqlTarget(hosts, arguments)


def _read_query(query: str, known: frozenset[str]) -> dict[str, str]:
    """The parameters; one that comes again adds to a list with commas, as `host=a&host=b` does."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise ValueError(f"unknown parameter `{name}`; known are {', '.join(sorted(known))}")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _parse_hosts(text: str, ports: str) -> tuple[tuple[str, int], ...]:
    """Hosts and ports, as `a:1,b:2`, or as hosts and ports apart."""
    if not text:
        return ()
    names = text.split(",")
    apart = ports.split(",") if ports else [""]
    if len(apart) not in {1, len(names)}:
        raise ValueError("as many ports are needed as hosts, or one for all")
    apart = apart * len(names) if len(apart) == 1 else apart
    return tuple(_parse_host(name, port) for name, port in zip(names, apart, strict=True))


def _parse_host(text: str, port: str) -> tuple[str, int]:
    if text.startswith("/"):
        return text, _parse_port(port)
    match = _HOST_FORM.fullmatch(text)
    if match is None or not match["host"]:
        raise ValueError(_UNREADABLE)
    return match["host"].strip("[]"), _parse_port(match["port"] or port)


def _parse_port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0 if text else _POSTGRESQL_PORT
    if not 0 < port < 65_536:
        raise ValueError(_UNREADABLE)
    return port


def _demand(value: str, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise ValueError(f"`{name}` is one of {', '.join(allowed)}")


def _check_file(name: str, path: Path) -> None:
    """The driver would not say which file it misses."""
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise ValueError(f"`{name}`: {path} cannot be read ({error.strerror})") from None


def _parse_sqlite(url: URL) -> DatabaseTarget:
    if url.query:
        raise ValueError("an SQLite URL takes no parameters")
    if url.database in {None, "", ":memory:"}:
        raise ValueError("name a file; write sqlite:////folder/gateway.db")
    return DatabaseTarget(url)


def _parse_mysql(url: URL) -> DatabaseTarget:
    parameters = {name.replace("-", "_"): value for name, value in url.normalized_query.items()}
    if "ssl_mode" in parameters:
        parameters["sslmode"] = parameters.pop("ssl_mode")
    unknown = parameters.keys() - _MYSQL_PARAMETERS
    if unknown:
        raise ValueError(
            f"unknown parameter `{min(unknown)}`; known are {', '.join(sorted(_MYSQL_PARAMETERS))}"
        )
    query = {name: values[-1] for name, values in parameters.items()}
    # Names and texts need all of Unicode.
    _demand(query.get("charset", "utf8mb4").lower(), ("utf8mb4",), "charset")
    mode = _mysql_mode(query)
    arguments: dict[str, Any] = {"charset": "utf8mb4"}
    if "unix_socket" in query:
        arguments["unix_socket"] = query["unix_socket"]
    if mode != "disable":
        arguments["ssl"] = _tls_context(mode, query)
    is_demanded = mode not in {"disable", "prefer"}
    return DatabaseTarget(url.set(query={}), arguments, is_tls_demanded=is_demanded)


def _mysql_mode(query: Mapping[str, str]) -> str:
    if "sslmode" in query:
        mode = query["sslmode"].lower().replace("_", "-")
        mode = _MYSQL_MODES.get(mode, mode)
    elif "ssl" in query:
        mode = _SWITCHES.get(query["ssl"].lower(), query["ssl"])
    else:
        mode = "verify-ca" if "ssl_ca" in query else "require" if "ssl_cert" in query else "disable"
    _demand(mode, _SSL_MODES, "sslmode")
    return mode


def _tls_context(mode: str, query: Mapping[str, str]) -> ssl.SSLContext:
    for name in ("ssl_ca", "ssl_cert", "ssl_key"):
        if name in query:
            _check_file(name, Path(query[name]))
    try:
        context = ssl.create_default_context(cafile=query.get("ssl_ca"))
        context.check_hostname = mode == "verify-full"
        if not mode.startswith("verify"):
            context.verify_mode = ssl.CERT_NONE
        if "ssl_cert" in query:
            context.load_cert_chain(query["ssl_cert"], query.get("ssl_key"))
    except OSError as error:
        raise ValueError(f"ssl_ca, ssl_cert or ssl_key cannot be used: {error.strerror}") from None
    return context
