"""What the avatar store that keeps files promises besides."""

import errno
import os
import resource
import stat
import time
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.avatar_store import FileAvatarStore
from resolvers.ports import AvatarStoreError

pytestmark = pytest.mark.anyio

PICTURE = b"a picture"
KEY = sha256(PICTURE).hexdigest()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "not" / "there" / "yet"


def files_in(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


async def test_file_is_named_by_the_content_in_a_folder_of_its_first_digits(directory: Path) -> None:
    await FileAvatarStore(directory).put(KEY, PICTURE)

    assert files_in(directory) == [f"{KEY[:2]}/{KEY}.webp"]


async def test_files_are_their_owners_only(directory: Path) -> None:
    before = os.umask(0)
    try:
        await FileAvatarStore(directory).put(KEY, PICTURE)
    finally:
        os.umask(before)

    found = [directory, directory / KEY[:2], directory / KEY[:2] / f"{KEY}.webp"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in found] == [0o700, 0o700, 0o600]


async def test_file_folder_and_root_are_on_the_disk_before_the_answer(directory: Path) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)

    await FileAvatarStore(directory, sync=note).put(KEY, PICTURE)

    root, temporary, folder = synced
    assert (root, folder) == (directory.name, KEY[:2])
    assert temporary.endswith(".part")


async def test_full_disk_is_an_error_and_leaves_nothing(directory: Path) -> None:
    is_full = True

    def sync(_: int) -> None:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")

    store = FileAvatarStore(directory, sync=sync)
    (directory / KEY[:2]).mkdir(parents=True)
    with pytest.raises(AvatarStoreError, match="No space left"):
        await store.put(KEY, PICTURE)

    assert files_in(directory) == []
    assert await store.get(KEY) is None
    is_full = False
    await store.put(KEY, PICTURE)
    assert await store.get(KEY) == PICTURE


async def test_write_that_stops_halfway_is_an_error_and_leaves_nothing(directory: Path) -> None:
    store = FileAvatarStore(directory)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(AvatarStoreError):
            await store.put(KEY, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert files_in(directory) == []


async def test_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / KEY[:2]).write_text("a file where the folder should be")

    with pytest.raises(AvatarStoreError):
        await FileAvatarStore(tmp_path).put(KEY, PICTURE)


async def test_leftover_of_a_crash_is_no_picture_and_is_swept_by_age(directory: Path) -> None:
    store = FileAvatarStore(directory)
    await store.put(KEY, PICTURE)
    old, young = (directory / KEY[:2] / f"{name}.part" for name in ("old", "young"))
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))

    assert await store.list_keys() == [KEY]
    assert files_in(directory / KEY[:2]) == sorted([f"{KEY}.webp", "young.part"])


async def test_foreign_files_are_not_listed(directory: Path) -> None:
    store = FileAvatarStore(directory)
    await store.put(KEY, PICTURE)
    (directory / KEY[:2] / "README.webp").write_bytes(b"")
    (directory / "stray.webp").write_bytes(b"")

    assert await store.list_keys() == [KEY]


async def test_unreadable_picture_is_an_error_not_an_absence(directory: Path) -> None:
    (directory / KEY[:2] / f"{KEY}.webp").mkdir(parents=True)

    with pytest.raises(AvatarStoreError):
        await FileAvatarStore(directory).get(KEY)
