"""Nobody is exempt from the guard on SMS spending: the column may be left out of a new row.

It stays for one release more, since an older version that still runs writes it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NO_DEFAULT = None


def upgrade() -> None:
    _set_default(sa.false())


def downgrade() -> None:
    _set_default(_NO_DEFAULT)


def _set_default(default: sa.ColumnElement[bool] | None) -> None:
    with op.batch_alter_table("sms_messages", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column(
            "is_exempt", existing_type=sa.Boolean(), existing_nullable=False, server_default=default
        )
