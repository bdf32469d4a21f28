"""The gateway with a heart: a task that wants to run every 2 ms, and notes how late it was.

Started by `benchmarks.smoke` as `python -m benchmarks.stalls PORT`. On SIGUSR1 it prints one line of JSON about the
time since the last one, and begins anew. `longest_ms` is by the wall clock, so that a busy machine shows in it;
`longest_cpu_ms` is what the event loop's own thread was busy between two beats: code that holds the loop up.
"""

import asyncio
import json
import signal
import sys
import time

import uvicorn

from gateway.app import create_app_from_environment

BEAT_SECONDS = 0.002


class Heart:
    """Notes how late each beat was."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._busy_ms: list[float] = []

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            started, busy = time.monotonic(), time.thread_time()
            await asyncio.sleep(BEAT_SECONDS)
            self._late_ms.append((time.monotonic() - started - BEAT_SECONDS) * 1000)
            self._busy_ms.append((time.thread_time() - busy) * 1000)

    def report(self) -> None:
        """Print what was noted, and forget it."""
        late = sorted(self._late_ms) or [0.0]
        line = {
            "beats": len(late),
            "p99_ms": late[int(len(late) * 0.99)],
            "longest_ms": late[-1],
            "longest_cpu_ms": max(self._busy_ms, default=0.0),
        }
        self._late_ms, self._busy_ms = [], []
        print(json.dumps(line), flush=True)


async def serve(port: int) -> None:
    """Serve until SIGTERM."""
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heart.report)
    options = {"lifespan": "on", "log_config": None, "access_log": False, "http": "httptools", "ws": "none"}
    config = uvicorn.Config(create_app_from_environment(), host="127.0.0.1", port=port, **options)  # type: ignore[arg-type]
    try:
        await uvicorn.Server(config).serve()
    finally:
        beating.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(int(sys.argv[1])))
