"""What tells a secret key from another of the same name.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.tables import UtcDateTime

revision = "0005"
down_revision = "0004"

_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "secret_keys",
        sa.Column("key_id", sa.String(32), nullable=False, comment="the key's name"),
        sa.Column(
            "check_value", sa.String(64), nullable=False, comment="a digest that only this key makes, hex"
        ),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_secret_keys"),
        **_MYSQL,
    )


def downgrade() -> None:
    op.drop_table("secret_keys")
