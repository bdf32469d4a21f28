"""Servers of a drill's own, on free loopback ports and in a temporary folder; ended by their process ids."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from drills.findings import DrillError

START_SECONDS = 30
STOP_SECONDS = 30
_POSTGRES_USER = "postgres"

# A hash that costs little: what the drills wait for is something else.
_GATEWAY_DEFAULTS = {
    "ENVIRONMENT": "development",
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_PASSES": "1",
    "ACCESS_LOG": "false",
    "LOG_LEVEL": "warning",
    # So that a drill may come from as many addresses as it likes.
    "TRUSTED_PROXIES": "127.0.0.1",
}


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One child process in a session of its own. What it prints goes to `log`."""

    name = "server"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.log = folder / f"{self.name}-{self.port}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        if self._child is None:
            raise DrillError(f"{self.name} has not been started")
        return self._child.pid

    def pids(self) -> list[int]:
        """The process and its descendants, parents first."""
        return descendants(self.pid)

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        await self.wait_until_ready()

    def launch(self) -> None:
        """Start it without waiting."""
        command, options = self.command(), self.options()
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
                env=self.environment(),
                user=options,
            )

    async def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it answers.

        Raises:
            DrillError: it has ended or takes too long; with the end of what it printed.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.is_running():
            if await self.is_ready():
                return
            await asyncio.sleep(0.02)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise DrillError(f"{self.name} does not answer:\n{tail}")

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._child is not None and self._child.poll() is None

    def pause(self) -> None:
        """Nothing of it moves any more; its sockets stay open."""
        send_all(self.pids(), signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        send_all(self.pids(), signal.SIGCONT)

    def kill(self) -> None:
        """No goodbye."""
        if self._child is None:
            return
        pids = []
        if self.is_running():
            # Paused, it starts no further children while they are counted.
            send_all([self.pid], signal.SIGSTOP)
            pids = self.pids()
            send_all(pids, signal.SIGKILL)
        # What it left behind in its own session, and nothing else.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        # Children that live a moment longer would still write to the folder that is to be removed.
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)

    async def end(self, number: signal.Signals, seconds: float = STOP_SECONDS) -> int | None:
        """Send a signal to the process alone; its exit code, None when it has not ended in time."""
        os.kill(self.pid, number)
        return await self.wait(seconds)

    async def wait(self, seconds: float) -> int | None:
        """The exit code, None when it has not ended in time."""
        deadline = time.monotonic() + seconds
        while self.is_running() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return None if self._child is None else self._child.poll()

    def command(self) -> Sequence[str]:
        """What to run."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The environment without anybody's settings of the gateway."""
        return {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}

    def options(self) -> str | None:
        """The user to run as, None for one's own."""
        return None

    async def is_ready(self) -> bool:
        """Whether it answers."""
        return await asyncio.to_thread(_is_listening, self.port)


class Redis(Server):
    """A Redis that keeps nothing on disk."""

    name = "redis"

    @property
    def url(self) -> str:
        """Where to find it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        program = find_program("redis-server", "redis")
        return [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]

    async def ask(self, *words: str) -> bytes:
        """Run one command; the raw reply."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"*{len(words)}\r\n".encode())
            writer.writelines(f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words)
            return await asyncio.wait_for(reader.read(65536), 5)
        finally:
            writer.close()

    async def is_ready(self) -> bool:
        """See `Server.is_ready`."""
        with suppress(OSError, TimeoutError):
            return (await self.ask("PING")).startswith(b"+PONG")
        return False


class Postgresql(Server):
    """A cluster that trusts whoever comes from this machine; the gateway is no superuser in it."""

    name = "postgresql"

    def __init__(self, folder: Path, *, connections: int = 60) -> None:
        home = folder / "postgresql"
        home.mkdir()
        super().__init__(home)
        self._programs = _find_postgresql()
        self._connections = connections
        if os.geteuid() == 0:
            os.chown(home, pwd.getpwnam(_POSTGRES_USER).pw_uid, -1)
        self._run("initdb", "-D", "data", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")

    @property
    def url(self) -> str:
        """What the gateway is told."""
        return f"postgresql://gateway@127.0.0.1:{self.port}/gateway"

    @property
    def operator_url(self) -> str:
        """What the drill uses."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    async def create_database(self) -> None:
        """Make the gateway's role and database."""
        import asyncpg  # noqa: PLC0415 - only the drills on PostgreSQL need it

        connection = await asyncpg.connect(self.operator_url)
        try:
            await connection.execute("CREATE ROLE gateway LOGIN")
            await connection.execute("CREATE DATABASE gateway OWNER gateway")
        finally:
            await connection.close()

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        # Where nobody buries the dead at once, this server would take its predecessor for alive.
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": str(self._connections),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", "data", "-p", str(self.port), *options]

    def options(self) -> str | None:
        """PostgreSQL refuses to run as root."""
        return _POSTGRES_USER if os.geteuid() == 0 else None

    async def is_ready(self) -> bool:
        """See `Server.is_ready`."""
        import asyncpg  # noqa: PLC0415 - the same

        try:
            connection = await asyncpg.connect(self.operator_url, timeout=2)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            check=False,
            capture_output=True,
            user=self.options(),
            cwd=self.folder,
        )
        if done.returncode:
            raise DrillError(f"{program}: {done.stdout!r} {done.stderr!r}")


class Gateway(Server):
    """The gateway as an operator runs it."""

    name = "gateway"

    def __init__(self, folder: Path, *, data_dir: Path | None = None, **settings: str) -> None:
        super().__init__(folder)
        self.data_dir = data_dir or folder / "data"
        self.settings = {**_GATEWAY_DEFAULTS, "DATA_DIR": str(self.data_dir), **settings}

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The processes that serve: the children of uvicorn's supervisor, or the one process there is."""
        if self.settings.get("WORKERS", "1") == "1":
            return [self.pid]
        found = [pid for pid in descendants(self.pid)[1:] if _command_of(pid).find("spawn_main") >= 0]
        return [pid for pid in found if is_alive(pid)]

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [sys.executable, "-m", "gateway", "serve", "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        """See `Server.environment`."""
        # A gateway that is killed leaves its temporary folders behind: they go with the drill's own.
        return super().environment() | _variables(self.settings) | {"TMPDIR": str(self.folder)}

    async def is_ready(self) -> bool:
        """See `Server.is_ready`."""
        return b" 200 " in await asyncio.to_thread(_ask_health, self.port)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`account-gateway ARGUMENTS` with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(),
            timeout=60,
        )


def descendants(root: int) -> list[int]:
    """The process and all below it that are there now, parents first."""
    found = [root]
    for pid in found:
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def send_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to each process that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def resident_mib(pids: Sequence[int]) -> float:
    """Resident memory of these processes."""
    return sum(_status_kib(pid, "VmRSS") for pid in pids) / 1024


def established_connections(pids: Sequence[int]) -> int:
    """Open sockets of these processes."""
    count = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    count += str(descriptor.readlink()).startswith("socket:")
    return count


def _variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"GATEWAY_{name}": value for name, value in settings.items()}


def _status_kib(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ask_health(port: int) -> bytes:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.settimeout(2)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return connection.recv(1024)
    return b""


def find_program(name: str, package: str) -> str:
    """Where it is.

    Raises:
        DrillError: it is not installed.
    """
    program = shutil.which(name)
    if program is None:
        raise DrillError(f"{name} is missing: apt-get install {package}")
    return program


def _find_postgresql() -> Path:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders or not (folders[-1] / "initdb").exists():
        raise DrillError("PostgreSQL is missing: apt-get install postgresql")
    return folders[-1]
