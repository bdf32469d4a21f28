"""What every avatar store promises, on each of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.avatar_store import FileAvatarStore
from adapters.sql_avatar_store import SqlAvatarStore
from adapters.watched import WatchedAvatarStore
from db.engine import Database
from db.tables import avatar_pictures
from resolvers.outages import Outage
from resolvers.ports import AvatarStore
from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import make_empty

pytestmark = pytest.mark.anyio

PICTURE = b"RIFF\x00\x00 a picture \xff\x00"
KEY = sha256(PICTURE).hexdigest()


@pytest.fixture(params=["file", "watched", "sqlite", "postgresql", "mariadb"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    if request.param in {"file", "watched"}:
        return tmp_path / str(request.param)
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def store(where: str | Path, clock: MovableClock) -> AsyncIterator[AvatarStore]:
    if isinstance(where, Path):
        store = FileAvatarStore(where)
        yield store if where.name == "file" else WatchedAvatarStore(store, Outage("avatars"))
        return
    await make_empty(where, avatar_pictures)
    database = Database(where, timeout_seconds=60)
    yield SqlAvatarStore(database, clock)
    await database.aclose()


async def test_picture_comes_back_exactly(store: AvatarStore) -> None:
    await store.put(KEY, PICTURE)

    assert await store.get(KEY) == PICTURE


async def test_largest_picture_fits(store: AvatarStore) -> None:
    picture = bytes(range(256)) * (4 * 1024)  # 1 MiB; 512 pixels of noise come to a quarter of that

    await store.put(KEY, picture)

    assert await store.get(KEY) == picture


async def test_absent_picture_is_none(store: AvatarStore) -> None:
    assert await store.get(KEY) is None
    assert await store.list_keys() == []


async def test_putting_again_changes_nothing(store: AvatarStore) -> None:
    await store.put(KEY, PICTURE)
    await store.put(KEY, PICTURE)

    assert await store.get(KEY) == PICTURE
    assert await store.list_keys() == [KEY]


async def test_twenty_puts_of_one_picture_at_once_all_succeed(store: AvatarStore) -> None:
    await asyncio.gather(*(store.put(KEY, PICTURE) for _ in range(20)))

    assert await store.get(KEY) == PICTURE
    assert await store.list_keys() == [KEY]


async def test_reader_never_sees_half_a_picture(store: AvatarStore) -> None:
    picture = b"x" * 2_000_000

    async def read() -> list[int]:
        return [len(await store.get(KEY) or b"") for _ in range(10)]

    lengths, _ = await asyncio.gather(read(), store.put(KEY, picture))

    assert set(lengths) <= {0, len(picture)}


async def test_deleted_picture_is_gone_and_can_come_back(store: AvatarStore) -> None:
    await store.put(KEY, PICTURE)
    await store.delete(KEY)
    assert await store.get(KEY) is None

    await store.put(KEY, PICTURE)
    assert await store.get(KEY) == PICTURE


async def test_absent_picture_can_be_deleted(store: AvatarStore) -> None:
    await store.delete(KEY)


async def test_keys_are_listed(store: AvatarStore) -> None:
    keys = sorted(sha256(bytes([n])).hexdigest() for n in range(20))
    for key in keys:
        await store.put(key, PICTURE)

    assert sorted(await store.list_keys()) == keys


async def test_keys_can_be_asked_for_by_age(store: AvatarStore) -> None:
    await store.put(KEY, PICTURE)

    assert await store.list_keys(older_than=datetime(2200, 1, 1, tzinfo=UTC)) == [KEY]
    assert await store.list_keys(older_than=datetime(2000, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        KEY.upper(),
        KEY + "\n",
        KEY[:-1] + "g",
        "../" * 20 + "etc",
        "a/" * 32,
        "\u0660" * 64,
        KEY + "0",
    ],
)
async def test_key_that_is_no_content_hash_is_refused(store: AvatarStore, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await store.put(key, PICTURE)
    with pytest.raises(ValueError, match="key"):
        await store.get(key)
    with pytest.raises(ValueError, match="key"):
        await store.delete(key)

    assert await store.list_keys() == []
