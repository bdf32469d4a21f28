"""Credentials get a table of their own, and accounts an id for clients; the table `avatars`, which nothing reads, goes.

The first half, which expands: `accounts.password_hash` stays, and may be empty. An older version that still runs reads
and writes it alone: it registers accounts that have no row in `credentials`, and re-hashes a password without changing
it. So this version writes every password to both places and reads the column where there is no row
(`db.credentials`). The second half, in a later release, fills `credentials` once more and drops the column.

An account that an older version registers gets its `public_id` from the database, and no `mobile_verified_at`. No
account is without a mobile yet.

Where many accounts are filled in, they are locked for a batch at a time, and no lock holds readers up; so this
migration commits half-way, on MariaDB it cannot do otherwise, and it can be run again after a failure.

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from db.tables import UtcDateTime

revision = "0009"
down_revision = "0008"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BATCH_ROWS = 5000
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
# An id nobody else has; new code draws its own.
_RANDOM_ID = {
    "sqlite": "(lower(hex(randomblob(16))))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
    "mysql": "(md5(concat(uuid(), rand())))",
    "mariadb": "(md5(concat(uuid(), rand())))",
}


def upgrade() -> None:
    op.drop_table("avatars", if_exists=True)
    if _dialect() == "sqlite":
        _rebuild_accounts()
    else:
        _widen_accounts()
    op.create_table(
        "credentials",
        sa.Column("account_id", _ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("secret", sa.String(255), nullable=False, comment="of a password: argon2id, PHC string"),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_credentials_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", name="pk_credentials"),
        if_not_exists=True,
        **_MYSQL,
    )
    op.execute(
        "INSERT INTO credentials (account_id, kind, secret, created_at) "
        "SELECT id, 'password', password_hash, created_at FROM accounts WHERE password_hash IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM credentials c WHERE c.account_id = accounts.id AND c.kind = 'password')"
    )


def downgrade() -> None:
    op.drop_table("credentials")
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
    # Who has no password cannot sign in to the older version.
    op.execute("UPDATE accounts SET password_hash = '' WHERE password_hash IS NULL")
    if _dialect() == "sqlite":
        _rebuild_old_accounts()
        return
    op.drop_constraint("uq_accounts_public_id", "accounts", type_="unique")
    for name in ("public_id", "mobile_verified_at", "password_version"):
        op.drop_column("accounts", name)
    _allow_null(nullable=False)


def _dialect() -> str:
    return op.get_bind().dialect.name


def _new_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("public_id", sa.String(32), nullable=True),
        sa.Column("mobile_verified_at", UtcDateTime, nullable=True, comment="when its owner last proved it"),
        sa.Column(
            "password_version", sa.Integer(), nullable=False, server_default="0", comment="counts its changes"
        ),
    )


def _widen_accounts() -> None:
    """Add what is missing without rewriting the table, then fill it in batch by batch."""
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("accounts")}
    with op.get_context().autocommit_block():
        for column in _new_columns():
            if column.name not in present:
                op.add_column("accounts", column)
        random_id = _RANDOM_ID[_dialect()]
        op.execute(f"ALTER TABLE accounts ALTER COLUMN public_id SET DEFAULT {random_id}")
        _allow_null(nullable=True)
        _fill_in(random_id)
        _require_public_id(random_id)


def _fill_in(random_id: str) -> None:
    fill = sa.text(
        # Two levels: MySQL takes no LIMIT in a subquery of IN.
        f"UPDATE accounts SET public_id = {random_id}, mobile_verified_at = created_at WHERE id IN "  # noqa: S608
        "(SELECT id FROM (SELECT id FROM accounts WHERE public_id IS NULL LIMIT :rows) AS batch)"
    )
    while op.get_bind().execute(fill, {"rows": _BATCH_ROWS}).rowcount:
        pass


def _require_public_id(random_id: str) -> None:
    if _dialect() == "postgresql":
        # What a failure has left of it is not valid.
        op.execute("ALTER TABLE accounts DROP CONSTRAINT IF EXISTS uq_accounts_public_id")
        op.execute("DROP INDEX IF EXISTS uq_accounts_public_id")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY uq_accounts_public_id ON accounts (public_id)")
        op.execute(
            "ALTER TABLE accounts ALTER COLUMN public_id SET NOT NULL, "
            "ADD CONSTRAINT uq_accounts_public_id UNIQUE USING INDEX uq_accounts_public_id"
        )
        return
    indexes = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("accounts")}
    if "uq_accounts_public_id" not in indexes:
        op.create_unique_constraint("uq_accounts_public_id", "accounts", ["public_id"])
    op.execute(f"ALTER TABLE accounts MODIFY public_id VARCHAR(32) NOT NULL DEFAULT {random_id}")


def _allow_null(*, nullable: bool) -> None:
    for name, length, comment in (("mobile", 16, "E.164"), ("password_hash", 255, "argon2id, PHC string")):
        op.alter_column(
            "accounts", name, existing_type=sa.String(length), existing_comment=comment, nullable=nullable
        )


def _rebuild_accounts() -> None:
    """SQLite cannot widen a column: it copies the table, and each copied account draws its id."""
    public_id, *others = _new_columns()
    public_id.nullable = False
    public_id.server_default = sa.DefaultClause(sa.text(_RANDOM_ID["sqlite"]))
    with _copied_accounts() as table:
        for column in (public_id, *others):
            table.add_column(column)
        table.create_unique_constraint("uq_accounts_public_id", ["public_id"])
        table.alter_column("mobile", existing_type=sa.String(16), nullable=True)
        table.alter_column("password_hash", existing_type=sa.String(255), nullable=True)
    op.execute("UPDATE accounts SET mobile_verified_at = created_at")


def _rebuild_old_accounts() -> None:
    with _copied_accounts() as table:
        table.drop_constraint("uq_accounts_public_id", type_="unique")
        for column in _new_columns():
            table.drop_column(column.name)
        table.alter_column("mobile", existing_type=sa.String(16), nullable=False)
        table.alter_column("password_hash", existing_type=sa.String(255), nullable=False)


@contextmanager
def _copied_accounts() -> Iterator[BatchOperations]:
    """One transaction in which the table is replaced by its copy.

    Nothing of an account goes with the old table, so foreign keys are off; and no number is given a second time.
    """
    connection = op.get_bind()
    op.execute("PRAGMA foreign_keys=OFF")
    op.execute("BEGIN IMMEDIATE")
    try:
        last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'accounts'"))
        with op.batch_alter_table("accounts", table_kwargs={"sqlite_autoincrement": True}) as table:
            yield table
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'accounts'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', :last)"), {"last": last or 0}
        )
        op.execute("COMMIT")
    except BaseException:
        op.execute("ROLLBACK")
        raise
    finally:
        op.execute("PRAGMA foreign_keys=ON")
