"""Pictures as files: two levels of folders, and never half a file under its name."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from adapters.avatar_key import check_avatar_key, is_avatar_key
from resolvers.ports import AvatarStoreError

P = ParamSpec("P")
R = TypeVar("R")

_TEMPORARY = ".part"

# A file that is being written is younger than this.
_LEFTOVER_SECONDS = 3600


class FileAvatarStore:
    """Keeps `AvatarStore`'s promises in one folder, `ab/ab….webp`; off the event loop.

    `sync` brings what was written to a descriptor onto the disk.
    """

    def __init__(self, directory: Path, *, sync: Callable[[int], None] = os.fsync) -> None:
        self._directory = directory
        self._sync = sync

    async def put(self, key: str, picture: bytes) -> None:
        """See `AvatarStore.put`."""
        await _in_thread(self._put, self._path(key), picture)

    async def get(self, key: str) -> bytes | None:
        """See `AvatarStore.get`."""
        return await _in_thread(_read, self._path(key))

    async def delete(self, key: str) -> None:
        """See `AvatarStore.delete`."""
        await _in_thread(_unlink, self._path(key))

    async def list_keys(self, *, older_than: datetime | None = None) -> list[str]:
        """See `AvatarStore.list_keys`; files left over from a crash are deleted on the way."""
        return await _in_thread(self._list_keys, older_than)

    def _path(self, key: str) -> Path:
        check_avatar_key(key)
        return self._directory / key[:2] / f"{key}.webp"

    def _put(self, path: Path, picture: bytes) -> None:
        if path.exists():
            return
        self._make_folder(path.parent)
        temporary = path.with_name(f"{secrets.token_hex(8)}{_TEMPORARY}")
        try:
            self._write(temporary, picture)
            temporary.replace(path)
        except OSError:
            _unlink(temporary)
            raise
        self._sync_directory(path.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        # Not by `parents` alone, which gives all but the last the mode that the umask leaves.
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._sync_directory(self._directory)

    def _write(self, path: Path, picture: bytes) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(picture)
            file.flush()
            self._sync(file.fileno())

    def _sync_directory(self, directory: Path) -> None:
        """A name is on the disk only when its folder is."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _list_keys(self, older_than: datetime | None) -> list[str]:
        oldest_in_use = time.time() - _LEFTOVER_SECONDS
        for leftover in self._directory.glob(f"*/*{_TEMPORARY}"):
            with suppress(FileNotFoundError):  # another sweep may be at it
                if leftover.stat().st_mtime < oldest_in_use:
                    leftover.unlink()
        paths = self._directory.glob("*/*.webp")
        return sorted(path.stem for path in paths if is_avatar_key(path.stem) and _is_older(path, older_than))


async def _in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except OSError as error:
        raise AvatarStoreError(error.strerror or type(error).__name__) from error


def _is_older(path: Path, than: datetime | None) -> bool:
    if than is None:
        return True
    try:
        return path.stat().st_mtime < than.timestamp()
    except FileNotFoundError:
        # Somebody has deleted it meanwhile.
        return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
