"""Queries on what people have agreed to."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import consents


class ConsentRow(NamedTuple):
    """One version of a document that an account's owner has agreed to, when and from where."""

    document: str
    version: str
    given_at: datetime
    address: str


async def list_consents_of(connection: AsyncConnection, account_id: int) -> list[ConsentRow]:
    """What the account's owner has agreed to, oldest first."""
    columns = [consents.c[name] for name in ConsentRow._fields]
    found = await connection.execute(
        select(*columns)
        .where(consents.c.account_id == account_id)
        .order_by(consents.c.given_at, consents.c.document, consents.c.version)
    )
    return [ConsentRow(*row) for row in found]


async def insert_consents(connection: AsyncConnection, account_id: int, rows: Collection[ConsentRow]) -> None:
    """Keep what the account's owner has agreed to."""
    await connection.execute(insert(consents), [row._asdict() | {"account_id": account_id} for row in rows])
