"""How long `me` takes while others sign in."""

import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import further_targets
from benchmarks.contest import Bench, Options, say
from benchmarks.load import Result
from benchmarks.seeding import ACCOUNTS
from benchmarks.servers import OURS, our_me
from benchmarks.table import markdown, spread

STORM_CONNECTIONS = 16


def run_storm(bench: Bench, options: Options) -> None:
    """`me` while 16 connections sign in, by 1 and by 32 connections."""
    sign_in = further_targets.sign_in(OURS)
    numbers = range(1, ACCOUNTS + 1)
    storm = bench.load.prepare("storm", [sign_in.build(number) for number in numbers])
    calm = bench.load.prepare("calm", [our_me(number) for number in numbers])
    lines = []
    with ExitStack() as stack:
        process, port = OURS.start(bench.backing, bench.server_cores, bench.folder)
        stack.callback(process.stop)
        for connections in (1, 32):
            for storming in (0, STORM_CONNECTIONS):
                pairs = [
                    _storm(bench, (calm, storm), port, (connections, storming), options.seconds)
                    for _ in range(options.rounds)
                ]
                process.empty_log()
                lines.append(_storm_line(connections, storming, pairs))
    print(
        markdown(
            [
                "`me` connections",
                "sign-in connections",
                "`me`/s",
                "p50 ms",
                "p99 ms",
                "slowest ms",
                "sign-ins/s",
            ],
            lines,
        )
    )


def _storm(
    bench: Bench, scripts: tuple[Path, Path], port: int, connections: tuple[int, int], seconds: float
) -> tuple[Result, Result | None]:
    """`me` alone, or in the middle of a storm that begins a second earlier and ends a second later."""
    load, (calm, storm), (asking, storming) = bench.load, scripts, connections
    if not storming:
        return load.run(calm, port, connections=asking, seconds=seconds), None
    around = load.start(storm, port, connections=storming, seconds=seconds + 2)
    time.sleep(1)
    seen = load.run(calm, port, connections=asking, seconds=seconds)
    return seen, around.finish()


def _storm_line(connections: int, storming: int, pairs: list[tuple[Result, Result | None]]) -> list[str]:
    calm = [pair[0] for pair in pairs]
    storms = [storm for _, storm in pairs if storm]
    say(f"storm: {connections} and {storming} done")
    return [
        str(connections),
        str(storming),
        spread(one.rate for one in calm),
        spread((one.p50 for one in calm), ".2f"),
        spread((one.p99 for one in calm), ".1f"),
        f"{max(one.slowest for one in calm):.1f}",
        spread((one.rate for one in storms), ".1f") if storms else "",
    ]
