"""Threads for work that would hold up the event loop: hashing, pictures, drawing."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from resolvers.errors import RateLimitedError
from resolvers.messages import Reason

P = ParamSpec("P")
R = TypeVar("R")

# Of all places, one of so many at most is for one sharer, so that who fills the pool leaves room for the others.
_SHARE_DIVISOR = 3


class Place:
    """Room for one call at a time in a pool, held until it is left and the last call has ended."""

    def __init__(self, pool: "WorkerPool") -> None:
        self._pool = pool
        self._work: Future[Any] | None = None

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `function` in a thread.

        Raises:
            RateLimitedError: it took too long, waiting included; its thread ends it for nobody.
        """
        future = self._pool.submit(function, *args, **kwargs)
        self._work = future
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._pool.timeout_seconds)
        except TimeoutError:
            raise self._pool.too_busy() from None

    def leave(self, release: Callable[[], None]) -> None:
        """Call `release` now or, since a caller that goes away does not free the thread, when the work has ended."""
        if self._work is None or self._work.done():
            release()
        else:
            loop = asyncio.get_running_loop()
            self._work.add_done_callback(lambda _: loop.call_soon_threadsafe(release))


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
        timeout_seconds: float,
    ) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._threads = threads
        self._maximum = threads + queue_length
        self._typical_seconds = typical_seconds
        self._pending = 0
        self._held: Counter[str] = Counter()
        self.timeout_seconds = timeout_seconds

    @contextmanager
    def place(self, sharer: str = "") -> Iterator[Place]:
        """Hold room for one call, for a caller that first has to do something which would be in vain without.

        Raises:
            RateLimitedError: at once, when the queue is full, or `sharer` holds its share of it, which is a third.
        """
        share = math.ceil(self._maximum / _SHARE_DIVISOR)
        if self._pending >= self._maximum or (sharer and self._held[sharer] >= share):
            raise self.too_busy()
        self._pending += 1
        self._held[sharer] += 1
        place = Place(self)
        try:
            yield place
        finally:
            place.leave(lambda: self._release(sharer))

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `function` in a thread.

        Raises:
            RateLimitedError: at once, when the queue is full; or when its time is over.
        """
        with self.place() as place:
            return await place.run(function, *args, **kwargs)

    def submit(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have `function` called by the next thread that is free; for `Place`."""
        return self._executor.submit(function, *args, **kwargs)

    def too_busy(self) -> RateLimitedError:
        """The refusal, with the seconds until what waits now is done."""
        seconds = math.ceil(self._pending * self._typical_seconds / self._threads)
        return RateLimitedError(seconds, Reason.TOO_BUSY)

    def close(self) -> None:
        """Let the running calls end and forget the waiting ones."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _release(self, sharer: str) -> None:
        self._pending -= 1
        self._held[sharer] -= 1
        if not self._held[sharer]:
            del self._held[sharer]
