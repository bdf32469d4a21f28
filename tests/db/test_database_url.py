"""Database URLs: drivers, parameters, and what is said of those that cannot be used."""

import ssl
from pathlib import Path
from urllib.parse import quote

import pytest

from db.database_url import DatabaseTarget, PostgresqlTarget, parse_database_url

SECRET = "hunter2"


def postgresql(url: str) -> PostgresqlTarget:
    target = parse_database_url(url).postgresql
    assert target is not None
    return target


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://h/d", "postgresql+asyncpg"),
        ("postgres://h/d", "postgresql+asyncpg"),
        ("postgresql+psycopg://h/d", "postgresql+asyncpg"),
        ("mysql://h/d", "mysql+aiomysql"),
        ("mariadb+pymysql://h/d", "mariadb+aiomysql"),
        ("sqlite:///f.db", "sqlite+aiosqlite"),
    ],
)
def test_async_driver_is_chosen_for_the_user(url: str, driver: str) -> None:
    assert parse_database_url(url).url.drivername == driver


@pytest.mark.parametrize("url", ["", "gateway.db", "oracle://h/d", "https://example.com", "://"])
def test_other_databases_are_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match=r"not a database URL|is not supported"):
        parse_database_url(url)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql:///d", ()),
        ("postgresql://h/d", (("h", 5432),)),
        ("postgresql://u:p@h:6432/d", (("h", 6432),)),
        ("postgresql://[::1]:5433/d", (("::1", 5433),)),
        ("postgresql://a:1,b:2/d", (("a", 1), ("b", 2))),
        ("postgresql://a,b/d", (("a", 5432), ("b", 5432))),
        ("postgresql:///d?host=a&host=b&target_session_attrs=primary", (("a", 5432), ("b", 5432))),
        ("postgresql:///d?host=a:1&host=b:2", (("a", 1), ("b", 2))),
        ("postgresql:///d?host=a,b&port=1,2", (("a", 1), ("b", 2))),
        ("postgresql:///d?host=a,b&port=9", (("a", 9), ("b", 9))),
        ("postgresql:///d?host=/run/postgresql", (("/run/postgresql", 5432),)),
        ("postgresql://%2Frun%2Fpostgresql/d", (("/run/postgresql", 5432),)),
    ],
)
def test_hosts_are_read_as_psql_and_sqlalchemy_write_them(
    url: str, hosts: tuple[tuple[str, int], ...]
) -> None:
    assert postgresql(url).hosts == hosts


def test_user_and_password_are_decoded() -> None:
    arguments = postgresql("postgresql://us%40er:p%40s%2Fs:w@h/my%20db").arguments

    assert (arguments["user"], arguments["password"], arguments["database"]) == ("us@er", "p@s/s:w", "my db")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
def test_modes_of_tls_go_to_the_driver(mode: str, tmp_path: Path) -> None:
    authority = quote(str(tmp_path / "ca.pem"), safe="")
    (tmp_path / "ca.pem").touch()

    arguments = postgresql(f"postgresql://h/d?sslmode={mode}&sslrootcert={authority}").arguments

    assert arguments["dsn"] == f"postgresql://?sslmode={mode}&sslrootcert={authority}"


def test_authorities_of_the_system_mean_full_verification() -> None:
    arguments = postgresql("postgresql://h/d?sslrootcert=system").arguments

    assert (arguments["ssl"], arguments["dsn"]) == (True, None)


@pytest.mark.parametrize(
    ("switch", "mode"), [("true", "require"), ("require", "require"), ("false", "disable")]
)
def test_ssl_is_another_name_of_sslmode(switch: str, mode: str) -> None:
    assert postgresql(f"postgresql://h/d?ssl={switch}").arguments["dsn"] == f"postgresql://?sslmode={mode}"


def test_application_name_goes_to_the_server_and_has_a_default() -> None:
    named = postgresql("postgresql://h/d?application_name=mine&search_path=accounts").arguments

    assert named["server_settings"] == {"application_name": "mine", "search_path": "accounts"}
    default = postgresql("postgresql://h/d").arguments
    assert default["server_settings"] == {"application_name": "account-gateway"}


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://u:hunter2@h/d?sslmod=require", "sslmod"),
        ("postgresql://u:hunter2@h/d?connect_timeout=3", "connect_timeout"),
        ("postgresql://u:hunter2@h/d?channel_binding=require", "channel_binding"),
        ("postgresql://u:hunter2@h/d?prepared_statement_cache_size=0", "prepared_statement_cache_size"),
        ("postgresql://u:hunter2@h/d?sslmode=on", "sslmode"),
        ("postgresql://u:hunter2@h/d?target_session_attrs=standby", "target_session_attrs"),
        ("postgresql://u:hunter2@a,b,c/d?port=1,2", "port"),
        ("postgresql://u:hunter2@h:0/d", "not a database URL"),
        ("postgresql://u:hunter2@h:99999/d", "not a database URL"),
        ("postgresql://u:hunt@er2:hunter2@h/d", "%40"),
        ("mysql://u:hunter2@h/d?charset=latin1", "charset"),
        ("mysql://u:hunter2@h/d?foo=1", "foo"),
        ("mysql://u:hunter2@h/d?sslmode=on", "sslmode"),
        ("mysql://u:hunter2@h/d?ssl_ca=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("postgresql://u:hunter2@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ("postgresql://u:hunter2@h/d?sslcert=/nowhere/me.pem", "sslcert"),
        ("postgresql://u:hunter2@h/d?sslmode=require&sslrootcert=system", "verify-full"),
        ("sqlite:///f.db?mode=ro", "no parameters"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line_without_the_password(url: str, named: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_database_url(url)

    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "verified", "hostname", "demanded"),
    [
        ("ssl=true", False, False, True),
        ("sslmode=require", False, False, True),
        ("ssl-mode=REQUIRED", False, False, True),
        ("ssl_mode=VERIFY_CA", True, False, True),
        ("sslmode=verify-full", True, True, True),
        ("sslmode=prefer", False, False, False),
    ],
)
def test_mysql_speaks_tls_as_its_own_clients_do(
    query: str, *, verified: bool, hostname: bool, demanded: bool
) -> None:
    target: DatabaseTarget = parse_database_url(f"mysql://h/d?{query}&charset=utf8mb4")
    context: ssl.SSLContext = target.arguments["ssl"]

    assert (context.verify_mode is ssl.CERT_REQUIRED, context.check_hostname) == (verified, hostname)
    assert target.is_tls_demanded is demanded
    assert not target.url.query


def test_mysql_without_a_word_on_tls_is_as_it_was() -> None:
    target = parse_database_url("mysql://u:p@h/d")

    assert "ssl" not in target.arguments
    assert not target.is_tls_demanded
