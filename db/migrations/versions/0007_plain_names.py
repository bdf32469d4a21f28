"""A session's last use and a record's encrypted fields get the names that the code calls them by.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_RENAMED = (
    ("sessions", "slid_at", "last_used_at"),
    ("identities", "real_name_sealed", "real_name_encrypted"),
    ("identities", "id_number_sealed", "id_number_encrypted"),
)


def upgrade() -> None:
    for table, old, new in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    _say_of_the_key("which key encrypted this record")


def downgrade() -> None:
    for table, old, new in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    _say_of_the_key("which key sealed this record")


def _say_of_the_key(comment: str) -> None:
    if op.get_bind().dialect.name != "sqlite":  # has no comments
        op.alter_column(
            "identities", "key_id", existing_type=sa.String(32), existing_nullable=False, comment=comment
        )
