"""The stage of one drill: its folder, its findings, and everything it has started, ended again at the end."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from drills.actors import Maker, making
from drills.findings import DrillError, Findings
from drills.servers import Gateway, Postgresql, Redis
from drills.visitors import Answer, Doors

ServerT = TypeVar("ServerT", Gateway, Postgresql, Redis)

ANSWER_SECONDS = 2.0
RECOVERY_SECONDS = 5.0


@dataclass(slots=True)
class Stage:
    """What a drill plays on."""

    folder: Path
    findings: Findings
    stack: AsyncExitStack

    async def redis(self) -> Redis:
        """A running Redis."""
        server = Redis(self.folder)
        return await self._start(server)

    async def postgresql(self, *, connections: int = 60) -> Postgresql:
        """A running PostgreSQL with the gateway's database."""
        server = Postgresql(self.folder, connections=connections)
        await self._start(server)
        await server.create_database()
        return server

    async def gateway(self, *, data_dir: Path | None = None, **settings: str) -> Gateway:
        """A running gateway."""
        return await self._start(Gateway(self.folder, data_dir=data_dir, **settings))

    async def doors(self, gateway: Gateway) -> Doors:
        """Its doors."""
        doors = Doors(gateway.url)
        self.stack.push_async_callback(doors.aclose)
        return doors

    async def maker(self, gateway: Gateway) -> Maker:
        """A maker that stays open; not for databases that are to be killed."""
        return await self.stack.enter_async_context(making(gateway))

    async def _start(self, server: ServerT) -> ServerT:
        self.stack.callback(server.kill)
        await server.start()
        return server


Drill = Callable[[Stage], Awaitable[None]]


@asynccontextmanager
async def setting(drill: str) -> AsyncIterator[Stage]:
    """A stage in a temporary folder; when the block ends nothing of it is left."""
    stack = AsyncExitStack()
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="account-gateway-drill-")))
    # PostgreSQL's own user has to get through.
    folder.chmod(0o711)  # noqa: ASYNC240 - nothing else runs yet
    try:
        yield Stage(folder, Findings(drill), stack)
    finally:
        with _undisturbed():
            await stack.aclose()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Who wants to end the drill waits until everything that it started has been ended."""
    held_up = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, held_up)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held_up)


async def wait_for_success(ask: Callable[[], Awaitable[Answer]], seconds: float = 20) -> float:
    """Ask again and again until it is a success; how long that took.

    Raises:
        DrillError: it never was.
    """
    started = time.monotonic()
    while True:
        answer = await ask()
        passed = time.monotonic() - started
        if answer.is_success:
            return passed
        if passed > seconds:
            raise DrillError(f"no success within {seconds} s, last {answer.outcome}")
        await asyncio.sleep(0.05)
