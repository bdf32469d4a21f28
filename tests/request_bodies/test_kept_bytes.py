"""What is kept of a form needs room, also where its files are thrown away as they come."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from request_bodies import BodyBudget, NoRoomError, Part, Receive, Share, read_form

pytestmark = pytest.mark.anyio

KIB = 1024
BUDGET_BYTES = 64 * KIB


class Files:
    """Takes what has a file name for a file."""

    def begin(self, part: Part) -> None:
        part.is_file = part.filename is not None

    def grow(self, part: Part) -> None: ...

    def end(self, part: Part) -> None: ...


def form(text_bytes: int, file_bytes: int) -> bytes:
    text = b'--X\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * text_bytes
    head = b'\r\n--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return text + head + b"x" * file_bytes + b"\r\n--X--\r\n"


def arriving(content: bytes) -> Receive:
    chunks = [content[at : at + 8 * KIB] for at in range(0, len(content), 8 * KIB)]

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    return receive


async def taken_for(content: bytes, *, keeps_files: bool) -> int:
    """The room that the form takes when all of it has come."""
    budget = BodyBudget(BUDGET_BYTES)
    with budget.open(arriving(content), Share.WHOLE) as body:
        options: dict[str, Any] = {"maximum_bytes": 1024 * KIB, "keeps_files": keeps_files}
        async with read_form(body, "multipart/form-data; boundary=X", Files(), **options):
            return budget.taken_bytes


@pytest.mark.parametrize("keeps_files", [True, False])
async def test_fields_need_room_whether_or_not_files_are_kept(keeps_files: bool) -> None:
    assert 24 * KIB <= await taken_for(form(40 * KIB, 1), keeps_files=keeps_files) <= 25 * KIB
    with pytest.raises(NoRoomError):
        await taken_for(form(100 * KIB, 1), keeps_files=keeps_files)


async def test_files_need_room_only_where_they_are_kept() -> None:
    assert await taken_for(form(1, 500 * KIB), keeps_files=False) == 0
    with pytest.raises(NoRoomError):
        await taken_for(form(1, 500 * KIB), keeps_files=True)
