"""`python -m drills.soak`: mixed traffic for minutes, then the books are compared with the tables."""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import text

from drills.__main__ import prepare_process, summarise
from drills.actors import Maker, making
from drills.findings import Findings
from drills.invariants import find_broken_invariants
from drills.servers import Gateway, established_connections, resident_mib
from drills.stage import Stage, setting
from drills.vendor import Vendor
from drills.virtual_users import Books, VirtualUser

PAUSE_SECONDS = 2.0
# People do not all register in one second.
ARRIVAL_SECONDS = 0.1
_SAMPLE_SECONDS = 2.0
# What may come on top between the second and the last quarter of the time: caches still fill in a short soak.
_GROWTH_MIB = 15.0
_GROWTH_SHARE = 0.1
_GROWTH_CONNECTIONS = 40
# What no answer may be.
_NOT_OF_THE_CONTRACT = ("4500", "4501", "INTERNAL", "no answer", "status", "without a code", "no JSON")


@dataclass(slots=True)
class Samples:
    """Memory and connections of the workers over time."""

    memory_mib: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    async def collect(self, gateway: Gateway, until: asyncio.Event) -> None:
        """Take a sample every other second."""
        while not until.is_set():
            workers = await asyncio.to_thread(lambda: gateway.workers)
            self.memory_mib.append(resident_mib(workers))
            self.connections.append(established_connections(workers))
            await asyncio.sleep(_SAMPLE_SECONDS)


def main() -> int:
    """Soak for so long; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m drills.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--users", type=int, default=200)
    arguments = parser.parse_args()
    prepare_process()
    return summarise([asyncio.run(_soak(arguments.minutes * 60, arguments.users))])


async def _soak(seconds: float, users: int) -> Findings:
    async with setting("soak") as stage:
        vendor = await stage.stack.enter_async_context(Vendor().running())
        server, redis = await stage.postgresql(connections=100), await stage.redis()
        gateway = await stage.gateway(
            DATABASE_URL=server.url,
            REDIS_URL=redis.url,
            WORKERS="2",
            SMS_SENDER="http",
            SMS_HTTP_URL=vendor.url,
            SMS_HTTP_TOKEN="drill",
            SMS_DAILY_CEILING="10000000",
            LIMITS_SCALE="1000",
        )
        async with making(gateway) as maker:
            books, samples = await _play(stage, gateway, maker, vendor, seconds, users)
            _judge_answers(stage.findings, books, seconds)
            _judge_growth(stage.findings, samples)
            await _judge_tables(stage.findings, maker, books)
        return stage.findings


async def _play(
    stage: Stage, gateway: Gateway, maker: Maker, vendor: Vendor, seconds: float, users: int
) -> tuple[Books, Samples]:
    doors, books, samples, until = await stage.doors(gateway), Books(), Samples(), asyncio.Event()
    tasks = [
        asyncio.create_task(
            VirtualUser(doors, maker, vendor, books).run(until, PAUSE_SECONDS, number * ARRIVAL_SECONDS)
        )
        for number in range(users)
    ]
    tasks.append(asyncio.create_task(samples.collect(gateway, until)))
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 30))
        done = sum(books.outcomes.values())
        print(f"  {seconds - max(left, 0):5.0f} s  {done} answers, {books.accounts} accounts", flush=True)
    until.set()
    await asyncio.gather(*tasks)
    return books, samples


def _judge_answers(findings: Findings, books: Books, seconds: float) -> None:
    total = sum(books.outcomes.values())
    slowest_seconds, deed = books.slowest
    findings.tell(f"{total} answers, {total / seconds:.0f} a second, slowest {slowest_seconds:.2f} s: {deed}")
    for outcome, count in sorted(books.outcomes.items()):
        findings.tell(f"{count:>7}  {outcome}")
    strange = {o: n for o, n in books.outcomes.items() if any(word in o for word in _NOT_OF_THE_CONTRACT)}
    findings.check("every answer is of the contract", holds=not strange, measured=strange or total)
    unavailable = sum(n for o, n in books.outcomes.items() if o.endswith((": 4001", "SERVICE_UNAVAILABLE")))
    findings.check("hardly any answer is unavailable", holds=unavailable <= total / 100, measured=unavailable)
    findings.check("no answer is a lie", holds=not books.lies, measured=books.lies[:5])


def _judge_growth(findings: Findings, samples: Samples) -> None:
    quarter = max(len(samples.memory_mib) // 4, 1)
    early, late = median(samples.memory_mib[quarter : 2 * quarter]), median(samples.memory_mib[-quarter:])
    findings.check(
        "memory is flat",
        holds=late <= early + max(_GROWTH_MIB, early * _GROWTH_SHARE),
        measured=f"{early:.1f} MiB in the second quarter, {late:.1f} MiB in the last",
    )
    early, late = max(samples.connections[quarter : 2 * quarter]), max(samples.connections[-quarter:])
    findings.check(
        "connections are flat",
        holds=late <= early + _GROWTH_CONNECTIONS,
        measured=f"at most {early:.0f} in the second quarter, {late:.0f} in the last",
    )


async def _judge_tables(findings: Findings, maker: Maker, books: Books) -> None:
    broken = await find_broken_invariants(maker)
    findings.check("the tables hold their invariants", holds=not broken, measured=broken)
    async with maker.services.database.reading() as connection:
        accounts = await connection.scalar(text("SELECT count(*) FROM accounts"))
        records = await connection.scalar(text("SELECT count(*) FROM identities"))
        used = await connection.scalar(text("SELECT count(*) FROM sms_messages WHERE used_at IS NOT NULL"))
    findings.check(
        "there are as many accounts, real-name records and used codes as were answered",
        holds=(accounts, records, used) == (books.accounts, books.records, books.accounts),
        measured=f"{accounts} accounts of {books.accounts}, {records} records of {books.records}, {used} codes used",
    )


if __name__ == "__main__":
    sys.exit(main())
