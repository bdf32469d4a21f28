"""The data layer of the stock Python peers: the session from Redis, the account by SQLAlchemy's ORM.

As their documentation shows it: redis-py's asyncio client, and one ORM session for each request.
"""

import os
from datetime import datetime

from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the mapped classes have in common."""


class AccountRow(Base):
    """The five columns that are asked for."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    mobile: Mapped[str]
    name: Mapped[str]
    avatar_key: Mapped[str | None]
    created_at: Mapped[datetime]


engine = create_async_engine(os.environ["PEER_SQLALCHEMY_URL"], pool_size=10, max_overflow=0)
open_session = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ["PEER_REDIS_URL"], decode_responses=True)


async def find_viewer(token: str | None) -> AccountRow | None:
    """Who is calling: the session's account number from Redis, then the account."""
    account_id = await redis.get(f"session:{token}") if token else None
    if account_id is None:
        return None
    async with open_session() as session:
        found = await session.execute(select(AccountRow).where(AccountRow.id == int(account_id)))
        return found.scalar_one_or_none()


def avatar_url(row: AccountRow) -> str | None:
    """Where the picture is."""
    return f"/avatars/{row.avatar_key}.webp" if row.avatar_key else None
