"""Restart two replicas in turn under load: `python -m drills.rolling_restarts --rounds 10`; nothing may be lost."""

import argparse
import asyncio
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from drills.__main__ import prepare_process, summarise
from drills.findings import DrillError, Findings
from drills.reverse_proxies import Haproxy, Nginx, ReverseProxy
from drills.servers import Gateway
from drills.stage import Stage, setting

CLIENTS = 24
DRAIN_SECONDS = 3
_QUERY = b'{"query":"{__typename}"}'
# What may be asked again without harm, and what a proxy may not send twice.
_REQUESTS = (
    b"GET /api/check_login HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_QUERY), _QUERY),
)


@dataclass(slots=True)
class Load:
    """Clients that ask so many times a second in all, each on a kept connection, reads and writes in turn."""

    port: int
    per_second: float
    outcomes: Counter[str] = field(default_factory=Counter)

    async def run(self, until: asyncio.Event) -> None:
        """Ask until `until` is set."""
        await asyncio.gather(*(self._ask(until, number) for number in range(CLIENTS)))

    async def _ask(self, until: asyncio.Event, number: int) -> None:
        pause = CLIENTS / self.per_second
        due = time.monotonic() + pause * number / CLIENTS
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not until.is_set():
            await asyncio.sleep(max(0, due - time.monotonic()))
            due = max(due + pause, time.monotonic() - 1)
            number += 1
            try:
                connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                outcome, is_kept = await asyncio.wait_for(_exchange(*connection, _REQUESTS[number % 2]), 20)
            except (OSError, EOFError, TimeoutError) as error:
                outcome, is_kept = type(error).__name__, False
            self.outcomes[outcome] += 1
            if connection and not is_kept:
                connection[1].close()
                connection = None
        if connection:
            connection[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[str, bool]:
    """The status, and whether the connection may be used again."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head.split(b" ", 2)[1].decode(), b"connection: close" not in head


async def play(stage: Stage, kind: type[ReverseProxy], rounds: int, per_second: float, workers: int) -> None:
    """Restart both replicas so many times under load from behind one proxy."""
    settings = {"DRAIN_SECONDS": str(DRAIN_SECONDS), "WORKERS": str(workers)}
    replicas = [await stage.gateway(data_dir=stage.folder / f"{kind.name}{n}", **settings) for n in range(2)]
    proxy = kind(stage.folder, [replica.port for replica in replicas])
    stage.stack.callback(proxy.kill)
    await proxy.start()
    load, until = Load(proxy.port, per_second), asyncio.Event()
    asking, started = asyncio.create_task(load.run(until)), time.monotonic()
    codes = Counter[int | None]()
    try:
        for _ in range(rounds):
            for replica in replicas:
                await asyncio.sleep(2)
                codes[await _restart(replica)] += 1
    finally:
        until.set()
        await asking
    seconds = time.monotonic() - started
    count = load.outcomes.total()
    name = f"{kind.name}, {workers} worker{'s' * (workers > 1)}"
    stage.findings.check(
        f"{name}: nothing is lost in {rounds} rolling restarts",
        holds=count == load.outcomes["200"] > 0,
        measured=f"{dict(load.outcomes)}, {count / seconds:.0f} a second",
    )
    stage.findings.check(f"{name}: each exit code is 0", holds=set(codes) == {0}, measured=dict(codes))
    for server in (proxy, *replicas):
        server.kill()


async def _restart(replica: Gateway) -> int | None:
    code = await replica.end(signal.SIGTERM)
    await replica.start()
    return code


async def _run(rounds: int, per_second: float) -> Findings:
    async with setting("rolling-restarts") as stage:
        try:
            for kind in (Haproxy, Nginx):
                for workers in (1, 2):
                    await play(stage, kind, rounds, per_second, workers)
        except DrillError as error:
            stage.findings.check("the drill could be played to its end", holds=False, measured=error)
        return stage.findings


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m drills.rolling_restarts", description=(__doc__ or "").strip()
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--per-second", type=float, default=700)
    asked = parser.parse_args()
    prepare_process()
    return summarise([asyncio.run(_run(asked.rounds, asked.per_second))])


if __name__ == "__main__":
    sys.exit(main())
