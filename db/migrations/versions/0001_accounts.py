"""Accounts, sessions, real-name records, pictures, the audit trail and short-lived state.

Revision ID: 0001
Revises:
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from db.tables import UtcDateTime

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
_PICTURE = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    _create_accounts()
    _create_sessions()
    _create_identities()
    _create_pictures()
    _create_audit_events()
    _create_state_entries()


def downgrade() -> None:
    for table in (
        "state_entries",
        "audit_events",
        "avatar_pictures",
        "avatars",
        "identities",
        "sessions",
        "accounts",
    ):
        op.drop_table(table)


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("mobile", sa.String(16), nullable=False, comment="E.164"),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("name_key", sa.String(128), nullable=False, comment="the name without case"),
        sa.Column("password_hash", sa.String(255), nullable=False, comment="argon2id, PHC string"),
        sa.Column("avatar_key", sa.String(64), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("locked_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("mobile", name="uq_accounts_mobile"),
        sa.UniqueConstraint("name_key", name="uq_accounts_name_key"),
        sqlite_autoincrement=True,
        **_MYSQL,
    )
    op.create_index("ix_accounts_avatar_key", "accounts", ["avatar_key"])


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False, comment="SHA-256 of the token, hex"),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("slid_at", UtcDateTime, nullable=False, comment="last use, to the hour"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="the earlier of idle and absolute"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sessions_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        **_MYSQL,
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _create_identities() -> None:
    op.create_table(
        "identities",
        sa.Column("account_id", _ID, autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False, comment="which key sealed this record"),
        sa.Column("real_name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_digest", sa.String(64), nullable=False, comment="keyed digest, hex"),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_identities_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_identities"),
        sa.UniqueConstraint("id_number_digest", name="uq_identities_id_number_digest"),
        **_MYSQL,
    )
    op.create_index("ix_identities_key_id", "identities", ["key_id"])


def _create_pictures() -> None:
    op.create_table(
        "avatars",
        sa.Column(
            "key",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of the picture, hex; locked while it is put or deleted",
        ),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_avatars"),
        **_MYSQL,
    )
    op.create_table(
        "avatar_pictures",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("picture", _PICTURE, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_avatar_pictures"),
        **_MYSQL,
    )


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(64), nullable=False, comment="masked mobile, or who acted"),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        sqlite_autoincrement=True,
        **_MYSQL,
    )
    op.create_index("ix_audit_events_account_id_at", "audit_events", ["account_id", "at"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])


def _create_state_entries() -> None:
    op.create_table(
        "state_entries",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("value", _TEXT, nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False, comment="Unix time in milliseconds"),
        sa.PrimaryKeyConstraint("key", name="pk_state_entries"),
        **_MYSQL,
    )
    op.create_index("ix_state_entries_expires_at_ms", "state_entries", ["expires_at_ms"])
