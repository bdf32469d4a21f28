"""Leases: what one process at a time may do.

Revision ID: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(40), nullable=False, comment="what one process at a time does"),
        sa.Column("holder", sa.String(100), nullable=False, comment="empty: nobody"),
        sa.Column(
            "turn", sa.BigInteger(), nullable=False, comment="counted up by the holder as long as it lives"
        ),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
        **_MYSQL,
    )


def downgrade() -> None:
    op.drop_table("leases")
