"""What the figures were taken on."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.backing import find_postgres_programs
from benchmarks.processes import BenchmarkError


def describe_machine() -> list[str]:
    """A few lines for the head of every table."""
    return [
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, Linux {platform.release()}",
        f"software: Python {platform.python_version()}{_version('node')}{_version('postgres')}",
        f"load average before: {' '.join(f'{load:.2f}' for load in os.getloadavg())}",
    ]


def choose_cores(server: str, load: str) -> tuple[str, str]:
    """The cores of the server and of everything else.

    Raises:
        BenchmarkError: the machine has not got them.
    """
    allowed = os.sched_getaffinity(0)
    for name, cores in (("server", server), ("load", load)):
        missing = {int(core) for core in cores.split(",")} - allowed
        if missing:
            raise BenchmarkError(
                f"core {sorted(missing)} for the {name} is not there; see --server-cores, --load-cores"
            )
    if set(server.split(",")) & set(load.split(",")):
        print("note: server and load share a core, so they slow each other down", file=sys.stderr)
    return server, load


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _version(program: str) -> str:
    path = str(find_postgres_programs() / "postgres") if program == "postgres" else program
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    words = done.stdout.split()
    return f", PostgreSQL {words[2]}" if program == "postgres" else f", Node {words[0]}"
