"""Threads for work that would hold up the event loop: hashing, pictures, drawing."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from resolvers.errors import RateLimitedError
from resolvers.messages import Reason

P = ParamSpec("P")
R = TypeVar("R")


class WorkerPool:
    """A few threads and a bounded queue before them.

    Beyond `queue_length` waiting calls a new one is refused at once: an answer that comes too late is worth less
    than an early no. `typical_seconds` is what one call takes, for the countdown in that refusal. A call that is not
    done after `timeout_seconds`, waiting included, is given up; its thread ends it for nobody.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        queue_length: int,
        typical_seconds: float,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._threads = threads
        self._maximum = threads + queue_length
        self._typical_seconds = typical_seconds
        self._timeout_seconds = timeout_seconds
        self._pending = 0

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `function` in a thread.

        Raises:
            RateLimitedError: at once, when the queue is full; or when its time is over.
        """
        if self._pending >= self._maximum:
            raise RateLimitedError(self._seconds_until_free(), Reason.TOO_BUSY)
        self._pending += 1
        future = self._executor.submit(function, *args, **kwargs)
        # A caller that goes away does not free the thread: the place is given back when the work has ended.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._release))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout_seconds)
        except TimeoutError:
            raise RateLimitedError(self._seconds_until_free(), Reason.TOO_BUSY) from None

    def close(self) -> None:
        """Let the running calls end and forget the waiting ones."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _release(self) -> None:
        self._pending -= 1

    def _seconds_until_free(self) -> int:
        return math.ceil(self._pending * self._typical_seconds / self._threads)
