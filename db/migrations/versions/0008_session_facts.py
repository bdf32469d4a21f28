"""What a person is shown of a session, and when its owner last proved to be the owner.

Only columns are added, each empty or with a default, so that the older version goes on beside it. A session of before,
or of the older version, has no `authenticated_at`: it was authenticated when it began. It gets its public id when
somebody first asks for it. Sessions live 30 days at most, so that soon there are none of these left.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from db.tables import UtcDateTime

revision = "0008"
down_revision = "0007"

_COLUMNS = ("address", "user_agent", "method", "authenticated_at", "public_id")


def upgrade() -> None:
    comment = "random; none: nobody has asked for it"
    op.add_column("sessions", sa.Column("public_id", sa.String(32), nullable=True, comment=comment))
    comment = "last proof of who it is; none: when it began"
    op.add_column("sessions", sa.Column("authenticated_at", UtcDateTime, nullable=True, comment=comment))
    op.add_column(
        "sessions",
        sa.Column(
            "method", sa.String(24), nullable=False, server_default="password", comment="of that proof"
        ),
    )
    op.add_column("sessions", sa.Column("user_agent", sa.String(200), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("address", sa.String(64), nullable=False, server_default=""))
    op.create_index("ix_sessions_public_id", "sessions", ["public_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_sessions_public_id", "sessions")
    with op.batch_alter_table("sessions") as table:
        for column in _COLUMNS:
            table.drop_column(column)
