"""Statements on short-lived state. Each is atomic when it has a writing transaction to itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, bindparam, case, delete, null, select, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.purge import Expiring, list_oldest
from db.tables import state_entries

EXPIRING_STATE = Expiring(state_entries.c.key, state_entries.c.expires_at_ms)
_ENTRY = (state_entries.c.value, state_entries.c.count, state_entries.c.expires_at_ms)

_FIND = select(*_ENTRY).where(state_entries.c.key == bindparam("entry_key"))
_FIND_FOR_UPDATE = _FIND.with_for_update()
_DELETE = delete(state_entries).where(state_entries.c.key == bindparam("entry_key"))
_TAKE = _DELETE.returning(*_ENTRY)
_SET_COUNT = (
    update(state_entries).where(state_entries.c.key == bindparam("entry_key")).values(count=bindparam("new"))
)

# MySQL and MariaDB: a deadlock was broken, or a row changed after it was read; the transaction is undone.
_MYSQL_CONFLICTS = {1213, 1020}
# PostgreSQL: serialization_failure and deadlock_detected.
_POSTGRESQL_CONFLICTS = {"40001", "40P01"}


@dataclass(frozen=True, slots=True)
class StateRow:
    """One entry: a text, or a counter (`value` is None). It may have expired."""

    value: str | None
    count: int
    expires_at_ms: int


async def find_state(connection: AsyncConnection, key: str) -> StateRow | None:
    """Read the entry `key`."""
    return _row((await connection.execute(_FIND, {"entry_key": key})).mappings().one_or_none())


async def set_state(connection: AsyncConnection, key: str, value: str, expires_at_ms: int) -> None:
    """Make or replace the text `key`."""
    entry = {"value": value, "count": 0, "expires_at_ms": expires_at_ms}
    await connection.execute(_upsert(connection, {"key": key, **entry}, entry))


async def take_state(connection: AsyncConnection, key: str) -> StateRow | None:
    """Read and delete the entry: of several transactions at once, one gets it."""
    if _is_mysql(connection):
        row = await _lock(connection, key)
        if row is not None:
            await delete_state(connection, key)
        return row
    return _row((await connection.execute(_TAKE, {"entry_key": key})).mappings().one_or_none())


async def delete_state(connection: AsyncConnection, key: str) -> None:
    """Delete the entry, if it is there."""
    await connection.execute(_DELETE, {"entry_key": key})


async def count_up(
    connection: AsyncConnection, key: str, by: int, *, now_ms: int, expires_at_ms: int
) -> StateRow:
    """Add to a live counter, or start one at `by` until `expires_at_ms`. A live text stays as it is."""
    live = state_entries.c.expires_at_ms > now_ms
    counter = {
        "value": case((live, state_entries.c.value), else_=null()),
        "count": case((live, state_entries.c.count + by), else_=by),
        # MySQL assigns from left to right, and the others look at the old row: the expiry has to come last.
        "expires_at_ms": case((live, state_entries.c.expires_at_ms), else_=expires_at_ms),
    }
    start = {"key": key, "value": None, "count": by, "expires_at_ms": expires_at_ms}
    statement = _upsert(connection, start, counter)
    if _is_mysql(connection):
        await connection.execute(statement)
        statement = _FIND.params(entry_key=key)
    else:
        statement = statement.returning(*_ENTRY)
    return StateRow(**(await connection.execute(statement)).mappings().one())


async def count_down(connection: AsyncConnection, key: str, by: int, *, now_ms: int) -> StateRow | None:
    """Take `by` from a live counter, not below 0; None when there is none."""
    row = await _lock(connection, key)
    if row is None or row.expires_at_ms <= now_ms:
        return None
    count = max(0, row.count - by)
    if row.value is None and count != row.count:
        await connection.execute(_SET_COUNT, {"entry_key": key, "new": count})
    return StateRow(row.value, count, row.expires_at_ms)


async def delete_expired_state(
    connection: AsyncConnection, *, since_ms: int | None, now_ms: int, limit: int
) -> tuple[int, int | None]:
    """Delete the oldest `limit` entries that have expired; how many were found, and when the last one expired.

    What is counted or put anew meanwhile stays.
    """
    found = await list_oldest(connection, EXPIRING_STATE, since=since_ms, before=now_ms + 1, limit=limit)
    if not found:
        return 0, since_ms
    # In one order, lest two deadlock. The sum keeps the database from looking for them by the expiry instead.
    keys = sorted(key for key, _ in found)
    is_expired = state_entries.c.expires_at_ms + 0 <= now_ms
    await connection.execute(delete(state_entries).where(state_entries.c.key.in_(keys), is_expired))
    return len(found), found[-1][1]


def is_conflict(error: BaseException | None) -> bool:
    """Whether the database rolled a transaction back for the sake of another, so that it may be run again."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    if getattr(error.orig, "sqlstate", None) in _POSTGRESQL_CONFLICTS:
        return True
    return bool(error.orig.args) and error.orig.args[0] in _MYSQL_CONFLICTS


async def _lock(connection: AsyncConnection, key: str) -> StateRow | None:
    return _row((await connection.execute(_FIND_FOR_UPDATE, {"entry_key": key})).mappings().one_or_none())


def _is_mysql(connection: AsyncConnection) -> bool:
    """Whether the database lacks `RETURNING`, as MySQL does; MariaDB is treated alike, though it has some of it."""
    return connection.dialect.name in {"mysql", "mariadb"}


def _upsert(connection: AsyncConnection, entry: Mapping[str, Any], update_to: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Give the statement, one of three dialects."""
    key = [state_entries.c.key]
    match connection.dialect.name:
        case "postgresql":
            return (
                postgresql.insert(state_entries)
                .values(entry)
                .on_conflict_do_update(index_elements=key, set_=update_to)
            )
        case "sqlite":
            return (
                sqlite.insert(state_entries)
                .values(entry)
                .on_conflict_do_update(index_elements=key, set_=update_to)
            )
        case _:
            return mysql.insert(state_entries).values(entry).on_duplicate_key_update(list(update_to.items()))


def _row(row: RowMapping | None) -> StateRow | None:
    return None if row is None else StateRow(**row)
