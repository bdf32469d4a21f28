"""Redis servers of the test's own, on free loopback ports, so that they can be killed and paused."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

MASTER_NAME = "the-master"


def find_redis_server() -> str:
    """The program, or skip."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on PATH")
    return program


class RedisServer:
    """One process, not started yet."""

    def __init__(self, directory: Path, *arguments: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.directory = directory / str(self.port)
        self.directory.mkdir(parents=True)
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [find_redis_server(), *self._arguments, "--port", str(self.port), "--bind", "127.0.0.1"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.directory, stdout=log, stderr=log)
        wait_until(lambda: self.ask("PING") == "+PONG", "Redis answers")

    def ask(self, *command: str) -> str:
        """The first line of the reply to a simple command, empty when there is none."""
        return self._ask(*command).partition("\r\n")[0]

    def info(self, section: str) -> list[str]:
        return self._ask("INFO", section).split("\r\n")[2:]

    def _ask(self, *command: str) -> str:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)) as connection:
                connection.sendall(" ".join(command).encode() + b"\r\n")
                return connection.recv(65536).decode()
        except OSError:
            return ""

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def single_server(directory: Path) -> Iterator[RedisServer]:
    """A server that keeps nothing on disk."""
    server = RedisServer(directory, "--save", "")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def cluster(directory: Path) -> Iterator[list[RedisServer]]:
    """Three masters without replicas, every slot served."""
    options = ("--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
    with ExitStack() as stack:
        nodes = [RedisServer(directory, *options, port=free_port(with_bus=True)) for _ in range(3)]
        for node in nodes:
            stack.callback(node.kill)
            node.start()
        addresses = [f"127.0.0.1:{node.port}" for node in nodes]
        subprocess.run(
            ["redis-cli", "--cluster", "create", *addresses, "--cluster-replicas", "0", "--cluster-yes"],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )
        wait_until(lambda: all(is_serving(node) for node in nodes), "the cluster serves every slot")
        yield nodes


def is_serving(node: RedisServer) -> bool:
    """Whether this node of a cluster sees every slot served."""
    return node.ask("GET", "a").startswith(("$", "-MOVED"))


@contextmanager
def sentinel(
    directory: Path, *, down_after_ms: int = 30_000
) -> Iterator[tuple[RedisServer, RedisServer, RedisServer]]:
    """A sentinel, the master that it watches, and a replica that takes over from one that is silent so long."""
    master = RedisServer(directory, "--save", "")
    replica = RedisServer(directory, "--save", "", "--replicaof", "127.0.0.1", str(master.port))
    watcher = RedisServer(directory, "sentinel.conf", "--sentinel")
    settings = [
        f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} 1",
        f"sentinel down-after-milliseconds {MASTER_NAME} {down_after_ms}",
        f"sentinel failover-timeout {MASTER_NAME} 2000",
    ]
    (watcher.directory / "sentinel.conf").write_text("\n".join(settings))
    with ExitStack() as stack:
        for server in (master, replica, watcher):
            stack.callback(server.kill)
            server.start()
        yield watcher, master, replica


def wait_until(is_true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Poll a process of our own until it is ready."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def free_port(*, with_bus: bool = False) -> int:
    """A port that is free now; for a node of a cluster, so is the one 10000 above, which the nodes use."""
    while True:
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            if not with_bus:
                return port
            try:
                second.bind(("127.0.0.1", port + 10000))
            except (OSError, OverflowError):
                continue
            return port
