"""Where a `me` goes, in µs for each layer: `python -m benchmarks.profile_me`.

Three views. Inside: the whole application is asked in this process, without a network and with a database that answers
at once, and the time of each layer is taken where it is. Database: the read that finds viewers, one at a time and 32 at
once. Outside: the CPU of the real server under 32 connections; what the first two do not explain is the HTTP server,
the sockets and the event loop.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from hashlib import sha256
from statistics import median

import uvloop

from benchmarks.contest import Bench, Contest, open_bench
from benchmarks.gateway_server import production_settings
from benchmarks.in_process import (
    App,
    InstantViewers,
    ask_me,
    check_me,
    load_settings,
    logging_to,
    running_app,
)
from benchmarks.layers import Layers, timed
from benchmarks.machine import choose_cores, describe_machine
from benchmarks.processes import BenchmarkError
from benchmarks.seeding import ACCOUNTS, token
from benchmarks.servers import TARGETS
from benchmarks.table import markdown, spread
from gateway.logs import configure_logs
from gateway.wiring import open_services
from resolvers.viewers import Viewers

AT_ONCE = 32
PLACES = (
    ("edge: everything else", "gateway.edge:Edge.__call__"),
    ("edge: context, token, address", "gateway.edge:Edge._open_context"),
    ("edge: host, encoding, cross-site rule", "gateway.edge:Edge._find_fault"),
    ("edge: answer headers", "gateway.edge:_Answer.__call__"),
    ("edge: access line", "gateway.edge:_access_line"),
    ("edge: access log", "gateway.access_log:JsonAccessLog.add"),
    ("endpoint: everything else", "graphql_http.endpoint:GraphQLEndpoint.__call__"),
    ("endpoint: everything else", "graphql_http.endpoint:GraphQLEndpoint._answer"),
    ("endpoint: reading headers", "graphql_http.endpoint:read_head"),
    ("endpoint: negotiating", "graphql_http.endpoint:negotiate"),
    ("endpoint: reading the body", "graphql_http.endpoint:read_body"),
    ("endpoint: finding the operation", "graphql_http.documents:Documents.find_by_body"),
    ("endpoint: making the context", "gateway.app:_make_graphql_context"),
    ("endpoint: encoding JSON", "graphql_http.endpoint:encode"),
    ("endpoint: the answer's messages", "graphql_http.endpoint:response_messages"),
    ("execution: running the plan", "graphql_http.compiled.executor:CompilingExecutor.__call__"),
    ("execution: running the plan", "graphql_http.compiled.operation:_respond_when"),
    ("resolver: viewer", "resolvers.context:Context.viewer"),
    ("resolver: token hash", "resolvers.context:hash_token"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile_me", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=1000, help="of one round")
    parser.add_argument(
        "--seconds", type=float, default=5, help="of one round over the network; there are three"
    )
    parser.add_argument("--server-cores", default="0")
    parser.add_argument("--load-cores", default="1")
    options = parser.parse_args()
    try:
        server_cores, load_cores = choose_cores(options.server_cores, options.load_cores)
        print("\n".join(f"- {line}" for line in describe_machine()))
        with open_bench(server_cores, load_cores) as bench:
            outside = measure_outside(bench, options.seconds)
            os.sched_setaffinity(0, {int(core) for core in server_cores.split(",")})
            with logging_to(bench.folder / "profile.log"):
                uvloop.run(_print_profile(bench, options, outside))
    except BenchmarkError as error:
        sys.exit(f"cannot measure: {error}")


async def _print_profile(bench: Bench, options: argparse.Namespace, outside: list[float]) -> None:
    configure_logs(is_production=True, level="info")
    profile = Profile(bench, options.rounds, options.requests)
    inside = await profile.measure_inside()
    layers, missing = await profile.measure_layers()
    one, many = await profile.measure_reads()
    lines = [[label, spread(values, ".1f")] for label, values in layers.items()]
    lines.append(["**inside, not timed by layer**", spread(inside, ".1f")])
    lines.append([f"database: one read, {AT_ONCE} callers at once", spread(many, ".1f")])
    lines.append(["database: one read, one caller", spread(one, ".1f")])
    remainder = median(outside) - median(inside) - median(many)
    lines.append(["HTTP server, sockets, event loop (the remainder)", f"{remainder:.1f}"])
    lines.append([f"**CPU of the real server at {AT_ONCE} connections**", spread(outside, ".1f")])
    print()
    print(markdown(["layer", "CPU µs for each request"], lines))
    print(f"\nmedians (least..most) of {options.rounds} rounds of {options.requests:,} requests")
    for place in missing:
        print(f"not there any more: {place}")


class Profile:
    """The views from inside."""

    def __init__(self, bench: Bench, rounds: int, requests: int) -> None:
        self._settings = load_settings(production_settings(bench.backing, bench.folder))
        self._rounds = rounds
        self._requests = requests

    async def measure_inside(self) -> list[float]:
        """The application without network and database, not timed by layer."""
        async with running_app(self._settings, await self._instant()) as app:
            return await self._rounds_of(app)

    async def measure_layers(self) -> tuple[dict[str, list[float]], list[str]]:
        """The same by layer, and the places that are not there any more."""
        found: dict[str, list[float]] = {}
        layers = Layers()
        with timed(layers, PLACES) as missing:
            async with running_app(self._settings, await self._instant()) as app:
                await self._warm_up(app)
                for _ in range(self._rounds):
                    for label, spent in (await self._round_by_layer(app, layers)).items():
                        found.setdefault(label, []).append(spent)
        return {label: values for label, values in found.items() if any(values)}, missing

    async def _round_by_layer(self, app: App, layers: Layers) -> dict[str, float]:
        """The median µs of each layer: a request in whose middle the machine did something else does not count."""
        seen: dict[str, list[int]] = {label: [] for label, _ in PLACES}
        for _ in range(self._requests):
            layers.nanoseconds.clear()
            await ask_me(app)
            for label, spent in seen.items():
                spent.append(layers.nanoseconds.get(label, 0))
        return {label: median(spent) / 1000 for label, spent in seen.items()}

    async def measure_reads(self) -> tuple[list[float], list[float]]:
        """CPU of this process for finding one viewer: with one caller, and with 32 at once."""
        hashes = [sha256(token(number).encode()).hexdigest() for number in range(1, AT_ONCE + 1)]
        async with open_services(self._settings) as services:

            async def find_one() -> None:
                await services.viewers.find(hashes[0])

            async def find_many() -> None:
                await asyncio.gather(*(services.viewers.find(one) for one in hashes))

            one = await self._cpu_of(find_one, 200, 1)
            return one, await self._cpu_of(find_many, 20, AT_ONCE)

    async def _instant(self) -> Viewers:
        async with open_services(self._settings) as services:
            session = await services.viewers.find(sha256(token(1).encode()).hexdigest())
        if session is None:
            raise BenchmarkError("the seeded session is not there")
        return InstantViewers(session)

    async def _rounds_of(self, app: App) -> list[float]:
        await self._warm_up(app)

        async def ask() -> None:
            await ask_me(app)

        return await self._cpu_of(ask, self._requests, 1)

    async def _warm_up(self, app: App) -> None:
        await check_me(app)
        for _ in range(self._requests):
            await ask_me(app)

    async def _cpu_of(self, act: Callable[[], Awaitable[None]], times: int, each: int) -> list[float]:
        """CPU µs of `act` for each of the `each` things that it does: the median of each round."""
        found = []
        await act()
        for _ in range(self._rounds):
            spent = []
            for _ in range(times):
                started = time.process_time_ns()
                await act()
                spent.append(time.process_time_ns() - started)
            found.append(median(spent) / each / 1000)
        return found


def measure_outside(bench: Bench, seconds: float) -> list[float]:
    """CPU µs of the real server for each request, in three rounds."""
    target = next(target for target in TARGETS if target.name == "me")
    with ExitStack() as stack:
        running = Contest(bench, AT_ONCE, ACCOUNTS)
        running.add(target, stack)
        running.run(target, min(seconds, 2))
        for _ in range(3):
            running.measure(target, seconds)
        return [one.cpu_microseconds for one in running.rows[target.name].rounds]


if __name__ == "__main__":
    main()
