"""A PostgreSQL server of the test's own, to be paused, killed and restarted."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

START_SECONDS = 30
USER = "postgres"


@cache
def find_binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: on the path, or where Debian keeps the newest."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "pg_ctl").exists() else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class OwnPostgresql:
    """A cluster in a folder; it trusts whoever comes from this machine."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "log"
        self.port = free_port()
        self._run("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8")

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def start(self, *settings: str) -> None:
        options = [
            f"-p {self.port}",
            "-c listen_addresses=127.0.0.1",
            "-c unix_socket_directories=",
            "-c fsync=off",
        ]
        options += [f"-c {setting}" for setting in settings]
        self._pg_ctl("start", "-l", str(self._log), "-o", " ".join(options))

    def stop(self, mode: str = "immediate") -> None:
        self._pg_ctl("stop", "-m", mode)

    def write(self, name: str, content: bytes) -> Path:
        """A file in the folder of the data, for the server's eyes only."""
        path = self._data / name
        path.write_bytes(content)
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, USER)
        return path

    def become_standby(self) -> None:
        """From its next start on it follows a primary that never says anything, and refuses to write."""
        self.write("standby.signal", b"")

    def pause(self) -> None:
        """No process of the server does anything any more; its sockets stay open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a crash does: no goodbye, and the restart has to recover."""
        pids = self._pids()
        self._signal(signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while any(map(_is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)
        # Where nobody buries the dead at once, the next server would take this one for alive.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists() and _is_alive(self._pids()[0])

    def _signal(self, number: int) -> None:
        for pid in self._pids():
            # The server's process of a connection that was closed may end meanwhile.
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pids(self) -> list[int]:
        """The postmaster first, then its children."""
        postmaster = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        return [postmaster, *map(int, children.read_text().split())] if children.exists() else [postmaster]

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        self._run("pg_ctl", action, "-D", str(self._data), "-w", "-t", str(START_SECONDS), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            user=USER if os.geteuid() == 0 else None,
            cwd="/",
        )
        if done.returncode:
            log = self._log.read_text() if self._log.exists() else ""
            raise RuntimeError(f"{program}: {done.stdout!r} {log}")


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    """A running server; skips where PostgreSQL is not installed."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    # In the system's own folder for such things: pytest's is closed to other users.
    with TemporaryDirectory(prefix="ag-postgresql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            try:
                os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        server = OwnPostgresql(binaries, folder)
        server.start()
        try:
            yield server
        finally:
            if server.is_running():
                server.resume()
                server.stop()


def _is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be buried does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
