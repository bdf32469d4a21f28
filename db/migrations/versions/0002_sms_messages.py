"""The ledger of SMS messages: what was sent, used and refused, for the spend guard and the operators' report.

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.tables import UtcDateTime

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "sms_messages",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column(
            "mobile_digest", sa.String(64), nullable=False, comment="keyed digest, hex; empty once erased"
        ),
        sa.Column("prefix", sa.String(16), nullable=False, comment="country and the first 7 national digits"),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False, comment="sent, failed, or why it was refused"),
        sa.Column("is_exempt", sa.Boolean(), nullable=False, comment="the breaker does not count it"),
        sa.Column("used_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sms_messages"),
        sqlite_autoincrement=True,
        **_MYSQL,
    )
    op.create_index("ix_sms_messages_at", "sms_messages", ["at"])
    op.create_index("ix_sms_messages_mobile_digest", "sms_messages", ["mobile_digest"])
    op.create_index("ix_sms_messages_prefix_at", "sms_messages", ["prefix", "at"])


def downgrade() -> None:
    op.drop_table("sms_messages")
