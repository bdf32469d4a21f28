"""The picture process: what a decoder can do to others (nothing), and whose turn it is."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.picture_process import QUEUE_LENGTH, ProcessPictureMaker
from adapters.picture_turns import FairTurns
from resolvers.errors import AccountError, ErrorCode, InputError, RateLimitedError
from resolvers.ports import PictureTooSlowError
from tests.doors.pictures import picture

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="confined on Linux")]

ROOT = Path(__file__).parents[2]
COMMAND = (
    sys.executable,
    "-c",
    "import sys; sys.path.insert(0, sys.argv[1]); from tests.contracts.misbehaving_decoder import main; main()",
    str(ROOT),
)


@dataclass
class Upload:
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self) -> bytes:
        return self.content


def make_maker(picture_seconds: float) -> ProcessPictureMaker:
    return ProcessPictureMaker(
        picture_seconds=picture_seconds, start_seconds=30, end_seconds=1, command=COMMAND
    )


@pytest.fixture
async def maker() -> AsyncIterator[ProcessPictureMaker]:
    maker = make_maker(1)
    yield maker
    await maker.aclose()


async def ask(maker: ProcessPictureMaker, deed: str, account_id: int = 1) -> bytes | AccountError:
    try:
        return await maker.make_avatar(Upload(deed.encode()), account_id=account_id)
    except AccountError as error:
        return error


def server_of(maker: ProcessPictureMaker) -> int:
    assert maker._process is not None
    return maker._process.pid


async def test_pictures_are_made_one_after_the_other_by_one_process() -> None:
    maker = ProcessPictureMaker(picture_seconds=60, start_seconds=60, end_seconds=60)
    first = await maker.make_avatar(Upload(picture()), account_id=1)
    server = server_of(maker)

    assert await maker.make_avatar(Upload(picture()), account_id=2) == first
    assert first[8:12] == b"WEBP"
    assert server_of(maker) == server
    await maker.aclose()
    assert not is_alive(server)


@pytest.mark.parametrize("deed", ["crash", "leave", "flood"])
async def test_decoder_that_dies_costs_its_own_upload_only(maker: ProcessPictureMaker, deed: str) -> None:
    assert await ask(maker, "echo") == b"still here"
    server = server_of(maker)
    died = await ask(maker, deed)

    assert isinstance(died, InputError)
    assert died.code is ErrorCode.INVALID_IMAGE
    assert await ask(maker, "echo") == b"still here"
    assert server_of(maker) == server


async def test_decoder_that_hangs_is_ended(maker: ProcessPictureMaker) -> None:
    with pytest.raises(PictureTooSlowError):
        await ask(maker, "hang")
    assert await ask(maker, "echo") == b"still here"


@pytest.mark.parametrize("deed", ["call", "read", "write", "fork", "execute", "kill"])
async def test_decoder_may_do_nothing_but_compute(maker: ProcessPictureMaker, deed: str) -> None:
    answer = await ask(maker, deed)

    assert answer in {b"PermissionError", b"OSError", b"BlockingIOError"}
    assert await ask(maker, "echo") == b"still here"


async def test_decoder_has_memory_for_pictures_only(maker: ProcessPictureMaker) -> None:
    assert await ask(maker, "swell") == b"MemoryError"


async def test_environment_is_none_of_the_workers_and_system_calls_are_filtered(
    maker: ProcessPictureMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_KEYS", "secret")
    await ask(maker, "echo")
    process = Path("/proc", str(server_of(maker)))

    assert process.joinpath("environ").read_bytes() == b"GLIBC_TUNABLES=glibc.malloc.hugetlb=1\0"
    assert "Seccomp:\t2" in process.joinpath("status").read_text()
    assert "Max open files            16" in process.joinpath("limits").read_text()


async def test_process_that_was_killed_is_replaced(maker: ProcessPictureMaker) -> None:
    await ask(maker, "echo")
    server = server_of(maker)
    os.kill(server, signal.SIGKILL)

    assert await ask(maker, "echo") == b"still here"
    assert server_of(maker) != server


async def test_upload_that_is_given_up_leaves_no_answer_to_the_next(maker: ProcessPictureMaker) -> None:
    await ask(maker, "echo")
    given_up = asyncio.create_task(ask(maker, "hang"))
    await begun(maker)
    given_up.cancel()

    assert await ask(maker, "echo") == b"still here"
    assert given_up.cancelled()


async def test_nothing_is_left_when_the_worker_is_killed(maker: ProcessPictureMaker) -> None:
    """As its end of the pipe is closed then, whatever the picture process is at."""
    slow = make_maker(60)
    given_up = asyncio.create_task(ask(slow, "hang"))
    await begun(slow)
    server = server_of(slow)
    [child] = children(server)
    process = slow._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()
    given_up.cancel()

    assert not is_alive(child)
    await slow.aclose()


async def test_queue_has_an_end(maker: ProcessPictureMaker) -> None:
    asked = [asyncio.create_task(ask(maker, "echo", n)) for n in range(QUEUE_LENGTH + 5)]
    answers = await asyncio.gather(*asked)

    assert sum(isinstance(answer, RateLimitedError) for answer in answers) == 4
    assert answers.count(b"still here") == QUEUE_LENGTH + 1


async def test_accounts_take_turns() -> None:
    turns, order = FairTurns(), []

    async def take(account: int) -> None:
        async with turns.turn(account):
            order.append(account)
            await asyncio.sleep(0)

    await asyncio.gather(*(take(1) for _ in range(5)), take(2), take(3), take(2))

    assert order == [1, 2, 3, 1, 2, 1, 1, 1]


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    turns, order = FairTurns(), []

    async def take(account: int) -> None:
        async with turns.turn(account):
            order.append(account)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(account)) for account in (1, 2, 3, 4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert order == [1, 3, 4]
    assert turns.waiting == 0


async def begun(maker: ProcessPictureMaker) -> None:
    """Until its decoder is at work."""
    while maker._process is None or not children(maker._process.pid):  # noqa: ASYNC110 - it has no event to tell
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
