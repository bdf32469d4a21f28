"""Every line of the audit trail says who acted.

Until now an operator's name stood in the place of the client's; a line of anybody else needs no rewriting.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "audit_events",
        sa.Column("actor", sa.String(64), nullable=False, server_default="visitor", comment="who acted"),
    )
    op.execute(
        "UPDATE audit_events SET actor = substr(user_agent, 1, 64), user_agent = '' "
        "WHERE address = 'console' AND user_agent LIKE 'operator %'"
    )


def downgrade() -> None:
    op.execute("UPDATE audit_events SET user_agent = actor WHERE actor LIKE 'operator %'")
    with op.batch_alter_table("audit_events", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("actor")
