"""What else a deployment does all day: `python -m benchmarks.scenarios [NAME …]`.

captcha, sign-in and avatar on PostgreSQL and Redis; embedded: `me`, captcha and sign-in on the default of `make run`;
workers: `me` with one and two workers; storm: how long `me` takes while 16 connections sign in.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import further_targets
from benchmarks.contest import Bench, Options, contest
from benchmarks.gateway_server import (
    DEVELOPMENT_COOKIE,
    SECURE_COOKIE,
    embedded_settings,
    production_settings,
    start_gateway,
)
from benchmarks.named_runs import Run, print_rows, run_named
from benchmarks.processes import Process
from benchmarks.seeding import ACCOUNTS, PASSWORD, hasher, migrate, seed_embedded
from benchmarks.servers import OURS, Server, Target, our_me
from benchmarks.storm import STORM_CONNECTIONS, run_storm
from benchmarks.table import Row


def run_captcha(bench: Bench, options: Options) -> None:
    """`createCaptcha`, by 8 connections."""
    print_rows(_measure(bench, options, [further_targets.captcha(OURS)], connections=8))


def run_sign_in(bench: Bench, options: Options) -> None:
    """`login`, by 16 connections, and the share of the hash."""
    rows = _measure(bench, options, [further_targets.sign_in(OURS)], connections=STORM_CONNECTIONS)
    print_rows(rows)
    hash_ms = _hash_milliseconds(bench.server_cores)
    request_ms = median(one.cpu_microseconds for one in rows[0].rounds) / 1000
    print(
        f"one argon2id hash takes {hash_ms:.1f} ms of CPU: "
        f"{hash_ms / request_ms:.0%} of a sign-in's {request_ms:.1f} ms"
    )


def run_avatar(bench: Bench, options: Options) -> None:
    """`uploadAvatar` of photographs, by 4 connections."""
    target = further_targets.avatar(OURS, SECURE_COOKIE)
    size = len(further_targets.photograph(0))
    print_rows(_measure(bench, options, [target], connections=4, sessions=4 * further_targets.PICTURES))
    print(f"photographs of 4000×3000 pixels, {size / 2**20:.1f} MiB")


def run_embedded(bench: Bench, options: Options) -> None:
    """What `make run` gives: development, SQLite, no Redis."""
    folder = bench.folder / "embedded"
    folder.mkdir()
    settings = embedded_settings(folder)
    migrate(settings, folder)
    seed_embedded(folder / "data" / "gateway.db", ACCOUNTS)

    def begin(_: object, cores: str, __: Path) -> tuple[Process, int]:
        return start_gateway("embedded", settings, cores=cores, folder=folder)

    server = Server("embedded", begin)
    print_rows(_measure(bench, options, [further_targets.me(server, DEVELOPMENT_COOKIE)], connections=32))
    print_rows(_measure(bench, options, [further_targets.captcha(server)], connections=8))
    print_rows(_measure(bench, options, [further_targets.sign_in(server)], connections=STORM_CONNECTIONS))


def run_workers(bench: Bench, options: Options) -> None:
    """`me` with one and two workers. Everybody shares all cores here, the load too."""
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    targets = []
    for workers in (1, 2):
        settings = production_settings(bench.backing, bench.folder) | {"GATEWAY_WORKERS": str(workers)}
        targets.append(_with_settings(f"{workers} workers", settings, our_me))
    shared = replace(bench, server_cores=cores)
    print(
        f"server on cores {cores}, which it shares with wrk, PostgreSQL and Redis (on core {bench.load.cores})"
    )
    print_rows(_measure(shared, options, targets, connections=64))


SCENARIOS: dict[str, Run] = {
    "captcha": run_captcha,
    "sign-in": run_sign_in,
    "avatar": run_avatar,
    "embedded": run_embedded,
    "workers": run_workers,
    "storm": run_storm,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    run_named(
        SCENARIOS,
        program="python -m benchmarks.scenarios",
        description=__doc__,
        arguments=arguments,
    )


def _measure(
    bench: Bench, options: Options, targets: list[Target], *, connections: int, sessions: int = ACCOUNTS
) -> list[Row]:
    return contest(
        bench,
        targets,
        rounds=options.rounds,
        seconds=options.seconds,
        connections=connections,
        sessions=sessions,
    )


def _with_settings(name: str, settings: dict[str, str], build: Callable[[int], bytes]) -> Target:
    def begin(_: object, cores: str, folder: Path) -> tuple[Process, int]:
        return start_gateway(name, settings, cores=cores, folder=folder)

    return Target(name, f"`me`, {name}", Server(name, begin), build)


def _hash_milliseconds(cores: str) -> float:
    """CPU of one verification, on the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    try:
        return median(_time_hash() for _ in range(15))
    finally:
        os.sched_setaffinity(0, before)


def _time_hash() -> float:
    password_hash = hasher().hash(PASSWORD)
    started = time.thread_time()
    hasher().verify(password_hash, PASSWORD)
    return (time.thread_time() - started) * 1000


if __name__ == "__main__":
    main()
