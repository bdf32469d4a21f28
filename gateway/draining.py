"""SIGTERM: say first that nothing new is wanted, and serve on for a while; only then the server ends.

A load balancer asks `/readyz` every few seconds, and sends requests until it has heard a 503 a few times. Who closes at
once loses them.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from uvicorn import Server

from gateway.server.listeners import stop_listening

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})


def hold_signals() -> None:
    """From here on SIGINT and SIGTERM wait until `deliver_signals`, also in processes that are started meanwhile.

    Between listening and serving nobody handles them well: what they raise is lost in whatever callback it meets.
    """
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def deliver_signals() -> None:
    """Whoever handles them is there: deliver what has waited."""
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


class Drain:
    """Whether the process is about to end. While it is, each answer closes its connection (RFC 9112, 9.6)."""

    def __init__(self, delay_seconds: float = 0) -> None:
        self._delay_seconds = delay_seconds
        self._ending: asyncio.Task[None] | None = None
        self.is_on = False

    @contextmanager
    def on_sigterm(self) -> Iterator[None]:
        """Hand SIGTERM on to whom it belongs to only when the delay is over, and nobody waits to be accepted.

        Further ones change nothing: systemd sends one to every process, and the parent of the workers sends another.
        SIGINT ends at once, for a person waits. Where nobody handles SIGTERM, as in tests, nothing is done.
        """
        handler, loop = signal.getsignal(signal.SIGTERM), asyncio.get_running_loop()
        if not callable(handler):
            yield
            return
        # uvicorn's server handles it with a method of its own; in a worker nothing else leads to that server.
        server = getattr(handler, "__self__", None)

        def begin(number: int, frame: FrameType | None) -> None:
            if not self.is_on:
                self.is_on = True
                loop.call_soon_threadsafe(self._start, server, partial(handler, number, frame))

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, handler)

    def _start(self, server: object, end: Callable[[], object]) -> None:
        self._ending = asyncio.create_task(self._wait(server, end))

    async def _wait(self, server: object, end: Callable[[], object]) -> None:
        try:
            await asyncio.sleep(self._delay_seconds)
            if isinstance(server, Server):
                await stop_listening(server)
        finally:
            end()
