"""The tables. Column types are chosen so that SQLite, PostgreSQL and MariaDB/MySQL keep the same values."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine


class NaiveUtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as naive UTC by databases that know no zones (SQLite and MySQL)."""

    impl = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes; give UTC without its zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware datetime."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


# An aware UTC datetime, to the microsecond, on every database. PostgreSQL keeps the zone by itself, so that there
# no Python runs for each value.
UtcDateTime = DateTime(timezone=True).with_variant(NaiveUtcDateTime(), "sqlite", "mysql", "mariadb")


class MySqlBytes(TypeDecorator[bytes]):
    """Bytes that go to MySQL as hexadecimal text.

    aiomysql 0.3 escapes a parameter of bytes by a function that PyMySQL 1.2 no longer has, and fails.
    """

    impl: type[TypeEngine[bytes]] = mysql.BLOB
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[Any]) -> ColumnElement[Any]:
        """Have the server turn the text into bytes again."""
        return func.unhex(bindparam, type_=mysql.BLOB())

    def bind_processor(self, dialect: Dialect) -> Callable[[bytes | None], str | None]:
        """Send text."""
        del dialect
        return _hex


class MySqlPicture(MySqlBytes):
    """The same for up to 16 MiB."""

    impl = mysql.MEDIUMBLOB
    cache_ok = True


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


Bytes = LargeBinary().with_variant(MySqlBytes(), "mysql", "mariadb")
Picture = LargeBinary().with_variant(MySqlPicture(), "mysql", "mariadb")

# SQLite numbers rows by itself only for a column declared INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Bytewise comparison, so that "unique" means the same on all three databases.
MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}

accounts = Table(
    "accounts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("mobile", String(16), nullable=True, unique=True, comment="E.164"),
    Column("name", String(32), nullable=False),
    Column("name_key", String(128), nullable=False, unique=True, comment="the name without case"),
    # What an older version that still runs reads and writes, until a later release drops it; see `db.credentials`.
    Column("password_hash", String(255), nullable=True, comment="argon2id, PHC string"),
    Column("avatar_key", String(64), nullable=True, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("locked_at", UtcDateTime, nullable=True),
    # Random; what clients call the account. An older version that still runs writes none, and the database makes one.
    Column("public_id", String(32), nullable=False, unique=True, server_default=FetchedValue()),
    Column("mobile_verified_at", UtcDateTime, nullable=True, comment="when its owner last proved it"),
    Column("password_version", Integer, nullable=False, server_default="0", comment="counts its changes"),
    sqlite_autoincrement=True,
    **MYSQL,
)

credentials = Table(
    "credentials",
    metadata,
    Column(
        "account_id",
        _Id,
        ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("kind", String(16), primary_key=True),
    Column("secret", String(255), nullable=False, comment="of a password: argon2id, PHC string"),
    Column("created_at", UtcDateTime, nullable=False),
    **MYSQL,
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True, comment="SHA-256 of the token, hex"),
    Column("account_id", _Id, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False, comment="last use, to the hour"),
    Column("expires_at", UtcDateTime, nullable=False, index=True, comment="the earlier of idle and absolute"),
    # An older version that still runs knows none of these.
    Column(
        "public_id",
        String(32),
        nullable=True,
        unique=True,
        index=True,
        comment="random; none: nobody has asked for it",
    ),
    Column(
        "authenticated_at",
        UtcDateTime,
        nullable=True,
        comment="last proof of who it is; none: when it began",
    ),
    Column("method", String(24), nullable=False, server_default="password", comment="of that proof"),
    Column("user_agent", String(200), nullable=False, server_default=""),
    Column("address", String(64), nullable=False, server_default=""),
    **MYSQL,
)

devices = Table(
    "devices",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account_id", _Id, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, comment="SHA-256 of the token, hex"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False, comment="last sign-in"),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("token_hash", "account_id"),
    sqlite_autoincrement=True,
    **MYSQL,
)

consents = Table(
    "consents",
    metadata,
    Column(
        "account_id",
        _Id,
        ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("document", String(64), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("given_at", UtcDateTime, nullable=False),
    Column("address", String(64), nullable=False),
    **MYSQL,
)

identities = Table(
    "identities",
    metadata,
    Column(
        "account_id",
        _Id,
        ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("key_id", String(32), nullable=False, index=True, comment="which key encrypted this record"),
    Column("real_name_encrypted", Bytes, nullable=False),
    Column("id_number_encrypted", Bytes, nullable=False),
    Column("id_number_digest", String(64), nullable=False, unique=True, comment="keyed digest, hex"),
    Column("submitted_at", UtcDateTime, nullable=False),
    **MYSQL,
)

secret_keys = Table(
    "secret_keys",
    metadata,
    Column("key_id", String(32), primary_key=True, comment="the key's name"),
    Column("check_value", String(64), nullable=False, comment="a digest that only this key makes, hex"),
    Column("first_seen_at", UtcDateTime, nullable=False),
    **MYSQL,
)

avatar_pictures = Table(
    "avatar_pictures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("picture", Picture, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    **MYSQL,
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("action", String(40), nullable=False),
    # No foreign key: the trail outlives the account.
    Column("account_id", BigInteger, nullable=True),
    Column("subject", String(64), nullable=False, comment="masked mobile, or who acted"),
    # An older version that still runs knows no actors; all that it lets in are visitors.
    Column("actor", String(64), nullable=False, server_default="visitor", comment="who acted"),
    Column("address", String(64), nullable=False),
    Column("user_agent", String(200), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("detail", String(500), nullable=False),
    Index("ix_audit_events_account_id_at", "account_id", "at"),
    sqlite_autoincrement=True,
    **MYSQL,
)

state_entries = Table(
    "state_entries",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("value", Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"), nullable=True),
    Column("count", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True, comment="Unix time in milliseconds"),
    **MYSQL,
)

sms_messages = Table(
    "sms_messages",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column(
        "mobile_digest",
        String(64),
        nullable=False,
        index=True,
        comment="keyed digest, hex; empty once erased",
    ),
    Column("prefix", String(16), nullable=False, comment="country and the first 7 national digits"),
    Column("address", String(64), nullable=False),
    Column("outcome", String(24), nullable=False, comment="sent, failed, or why it was refused"),
    # Nothing reads it any more; what an older version still writes finds it until the next release drops it.
    Column(
        "is_exempt",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the breaker does not count it",
    ),
    Column("used_at", UtcDateTime, nullable=True),
    Index("ix_sms_messages_prefix_at", "prefix", "at"),
    sqlite_autoincrement=True,
    **MYSQL,
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True, comment="what one process at a time does"),
    Column("holder", String(100), nullable=False, comment="empty: nobody"),
    Column("turn", BigInteger, nullable=False, comment="counted up by the holder as long as it lives"),
    **MYSQL,
)
