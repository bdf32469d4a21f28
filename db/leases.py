"""Leases: what one process at a time may do."""

from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import leases


class LeaseRow(NamedTuple):
    """Who holds a lease (empty: nobody), and a number that he counts up as long as he does."""

    holder: str
    turn: int


async def find_lease(connection: AsyncConnection, name: str) -> LeaseRow | None:
    """Read the lease `name`."""
    found = await connection.execute(select(leases.c.holder, leases.c.turn).where(leases.c.name == name))
    row = found.one_or_none()
    return row and LeaseRow(*row)


async def insert_lease(connection: AsyncConnection, name: str, holder: str) -> None:
    """Make a lease that nobody has ever held; a `ConflictError` says that somebody has by now."""
    await connection.execute(insert(leases).values(name=name, holder=holder, turn=1))


async def set_lease_holder(connection: AsyncConnection, name: str, holder: str, *, turn: int) -> bool:
    """Give the lease to `holder` if `turn` is still its number, and count that up; whether it was."""
    result = await connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.turn == turn)
        .values(holder=holder, turn=turn + 1)
    )
    return bool(result.rowcount)
