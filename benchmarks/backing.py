"""A PostgreSQL and a Redis of the benchmark's own, on free ports and on the core of the load."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import BenchmarkError, Process, clean_environment, free_port, start, wait_for_port

USER = "benchmark"
# Beyond the defaults only what many idle peers need. Commits wait for the disk, as they do by default.
_POSTGRES_OPTIONS = ("-c", "max_connections=300", "-c", "listen_addresses=127.0.0.1")


@dataclass(frozen=True)
class Backing:
    """Where the servers find their data, and the processes that hold it."""

    postgres_port: int
    redis_port: int
    postgres: Process
    redis: Process

    @property
    def address(self) -> str:
        """User, host, port and database, as all URLs have them."""
        return f"{USER}@127.0.0.1:{self.postgres_port}/postgres"

    @property
    def database_url(self) -> str:
        """The database, without a driver."""
        return f"postgresql://{self.address}"

    @property
    def redis_url(self) -> str:
        """The Redis."""
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def cpu_seconds(self) -> float:
        """What both have used."""
        return self.postgres.cpu_seconds() + self.redis.cpu_seconds()


@contextmanager
def open_backing(folder: Path, cores: str) -> Iterator[Backing]:
    """Make both in `folder` and end them afterwards.

    Raises:
        BenchmarkError: a program is missing.
    """
    programs = find_postgres_programs()
    redis_program = shutil.which("redis-server")
    if redis_program is None:
        raise BenchmarkError("redis-server is missing: apt-get install redis-server")
    home = folder / "postgres"
    home.mkdir(mode=0o755)
    prefix = _as_other_user(folder, home)
    _init_database(programs, home, prefix)
    postgres_port, redis_port = free_port(), free_port()
    postgres = start(
        "postgres",
        [
            *prefix,
            str(programs / "postgres"),
            "-D",
            str(home / "data"),
            "-p",
            str(postgres_port),
            "-k",
            str(home),
            *_POSTGRES_OPTIONS,
        ],
        cores=cores,
        folder=folder,
    )
    redis = start(
        "redis",
        [redis_program, "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cores=cores,
        folder=folder,
    )
    try:
        wait_for_port(postgres, postgres_port)
        wait_for_port(redis, redis_port)
        yield Backing(postgres_port, redis_port, postgres, redis)
    finally:
        postgres.stop(signal.SIGINT)
        redis.stop()


def find_postgres_programs() -> Path:
    """The folder of `initdb` and `postgres`.

    Raises:
        BenchmarkError: there is none.
    """
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not folders:
        raise BenchmarkError("PostgreSQL is missing: apt-get install postgresql")
    return folders[-1].parent


def _init_database(programs: Path, home: Path, prefix: list[str]) -> None:
    command = [*prefix, str(programs / "initdb"), "-D", str(home / "data"), "-U", USER, "-A", "trust"]
    done = subprocess.run(
        [*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        cwd=home,
        env=clean_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"initdb failed: {done.stderr.strip()}")


def _as_other_user(folder: Path, home: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand its folder to its own user and run as that."""
    if os.geteuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise BenchmarkError("there is no user postgres to run the database as; do not run as root") from None
    folder.chmod(0o755)
    os.chown(home, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
