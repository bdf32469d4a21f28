"""Resident memory of a worker over many requests of many different documents: `python -m benchmarks.memory`.

It must stay flat: plans and documents are kept within a budget. On the embedded default, which keeps most in its own
process. The documents ask for the same account under ever other aliases, drawn at random, so that most are prepared
anew and some are found.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gateway_server import DEVELOPMENT_COOKIE, embedded_settings, start_gateway
from benchmarks.load import http_request
from benchmarks.machine import describe_machine
from benchmarks.processes import BenchmarkError, Process
from benchmarks.seeding import migrate, seed_embedded, token
from benchmarks.servers import FIELDS

_ACCOUNTS = 100
_STEPS = 20
_FLAT_MIB = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--documents", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument(
        "--minutes", type=float, default=15, help="at most; what is measured by then is printed"
    )
    options = parser.parse_args()
    print("\n".join(f"- {line}" for line in describe_machine()))
    try:
        with tempfile.TemporaryDirectory(prefix="account-gateway-memory-") as name:
            measure(Path(name), options)
    except (BenchmarkError, OSError) as error:
        sys.exit(f"cannot measure: {error}")


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Serve, ask, and print resident memory at every step."""
    settings = embedded_settings(folder) | {"GATEWAY_ACCESS_LOG": "false"}
    migrate(settings, folder)
    seed_embedded(folder / "data" / "gateway.db", _ACCOUNTS)
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    process, port = start_gateway("gateway", settings, cores=cores, folder=folder)
    ends = time.monotonic() + options.minutes * 60
    sizes = [process.resident_mib()]
    print(f"\n{'requests':>10} {'MiB':>8} {'req/s':>8}\n{0:>10} {sizes[0]:>8.1f}")
    try:
        done = refused = 0
        for step in range(_STEPS):
            count = options.requests * (step + 1) // _STEPS - done
            started = time.monotonic()
            refused += asyncio.run(_ask_all(port, step, count, options))
            done += count
            sizes.append(_note(process, done, count / (time.monotonic() - started)))
            if time.monotonic() > ends:
                print(f"stopped after {options.minutes:g} minutes")
                break
    except BenchmarkError as error:
        raise BenchmarkError(f"{error}\n{process.log.read_text(errors='replace')[-3000:]}") from error
    finally:
        process.stop()
    _judge(sizes)
    if refused:
        print(f"{refused} of {done:,} requests were refused: the machine was too busy")


def _note(process: Process, done: int, rate: float) -> float:
    size = process.resident_mib()
    print(f"{done:>10,} {size:>8.1f} {rate:>8,.0f}", flush=True)
    return size


def _judge(sizes: list[float]) -> None:
    """The caches fill up first; from then on nothing may grow."""
    later = sizes[max(1, len(sizes) // 4) :]
    growth = later[-1] - later[0]
    verdict = "flat" if growth < _FLAT_MIB else "GROWING"
    print(f"\nfrom a quarter of the requests on: {growth:+.1f} MiB, {verdict}; most: {max(sizes):.1f} MiB")


async def _ask_all(port: int, step: int, count: int, options: argparse.Namespace) -> int:
    """Ask `count` times over all connections; how many were refused."""
    share = -(-count // options.connections)
    work = [
        _ask(port, _requests(step * 1000 + lane, share, options.documents))
        for lane in range(options.connections)
    ]
    return sum(await asyncio.gather(*work))


async def _ask(port: int, requests: Iterator[bytes]) -> int:
    """Ask one after the other; how many were refused because the machine was too busy."""
    refusals = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for request in requests:
            writer.write(request)
            body = await _read_answer(reader, writer)
            if b"SERVICE_UNAVAILABLE" in body:
                refusals += 1
            elif b'"errors"' in body or b'"data"' not in body:
                raise BenchmarkError(f"the gateway answered {body[:300]!r}")
    finally:
        writer.close()
    return refusals


async def _read_answer(reader: StreamReader, writer: StreamWriter) -> bytes:
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


def _requests(seed: int, count: int, documents: int) -> Iterator[bytes]:
    draw = random.Random(seed)
    for _ in range(count):
        body = json.dumps({"query": document(draw.randrange(documents))}).encode()
        cookie = f"{DEVELOPMENT_COOKIE}={token(draw.randint(1, _ACCOUNTS))}"
        yield http_request(
            "POST", "/graphql", [("Content-Type", "application/json"), ("Cookie", cookie)], body
        )


def document(number: int) -> str:
    """A document that no other number gives: `me` with some of its fields under other names."""
    fields = " ".join(
        f"a{number}_{place}: {name}" for place, name in enumerate(FIELDS) if number >> place & 1
    )
    return f"query q{number} {{ me {{ {fields} {' '.join(FIELDS)} }} }}"


if __name__ == "__main__":
    main()
