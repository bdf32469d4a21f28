"""The gateway as a process of its own: what an operator starts, stops and kills.

The processes are forked from a server that has imported the gateway once, since that takes longer than what most of
them do. They differ from `python -m gateway` in nothing else; `test_entry_points.py` starts that itself.
"""

import json
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

COMMAND_SECONDS = 60
START_SECONDS = 60
STOP_SECONDS = 30

# A hash that costs nothing: what these tests wait for is something else.
CHEAP = {"ARGON2_MEMORY_KIB": "8", "ARGON2_PASSES": "1"}

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(
    [
        "gateway.app",
        "gateway.cli.serving",
        "gateway.cli.accounts",
        "gateway.cli.reports",
        "tests.gateway.processes",
    ]
)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's environment with `settings` as the only ones of the gateway."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    named = {f"GATEWAY_{name}": value for name, value in (CHEAP | settings).items()}
    # A terminal's width and colours change help texts.
    return own | named | {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command printed, and how it ended."""

    code: int | None
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        return [
            line.removeprefix("problem: ") for line in self.err.splitlines() if line.startswith("problem: ")
        ]


def run_command(*arguments: str, **settings: str) -> Outcome:
    """`account-gateway ARGUMENTS` with these settings and no others."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = start(arguments, environment(settings), out, err)
        process.join(COMMAND_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        return Outcome(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def start(arguments: tuple[str, ...], environ: dict[str, str], out: Path, err: Path) -> BaseProcess:
    """The command in a process of its own."""
    process = _forking.Process(target=run_cli, args=(arguments, environ, str(out), str(err)))
    process.start()
    return process


def run_cli(arguments: tuple[str, ...], environ: dict[str, str], out: str, err: str) -> None:
    """What `python -m gateway ARGUMENTS` does, in a process that has just been forked."""
    for number, path in ((1, out), (2, err)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    # The server that forks has none; workers are handed this one.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["account-gateway", *arguments]
    from gateway.cli import run  # noqa: PLC0415 - only the forked process imports it

    run()


@dataclass(slots=True)
class Server:
    """A running `serve`. What it prints goes to `log_path`, both streams together."""

    data_dir: Path
    settings: dict[str, str]
    port: int
    log_path: Path
    process: BaseProcess = field(init=False)
    _clients: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        environ = environment({"DATA_DIR": str(self.data_dir)} | self.settings)
        self.process = start(("serve", "--port", str(self.port)), environ, self.log_path, self.log_path)
        self._wait_until_it_answers()

    def send_signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def wait(self) -> int | None:
        """The exit code, once it has ended."""
        self.process.join(STOP_SECONDS)
        return self.process.exitcode

    def terminate(self) -> int | None:
        """SIGTERM; the exit code."""
        self.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        self.process.kill()
        self.wait()

    def client(self) -> httpx.Client:
        """A browser; it is closed with the server."""
        client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self._clients.append(client)
        return client

    def outbox(self, kind: str) -> list[dict[str, Any]]:
        path = self.data_dir / "outbox.jsonl"
        entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
        return [entry for entry in entries if entry["kind"] == kind]

    def close(self) -> None:
        """Nothing of it is left."""
        for client in self._clients:
            client.close()
        if self.process.is_alive():
            self.kill()
        self.process.close()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.process.is_alive():
                raise RuntimeError(f"the server ended with {self.process.exitcode}:\n{self.log}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the server does not answer:\n{self.log}")


@contextmanager
def serving(directory: Path, **settings: str) -> Iterator[Server]:
    """A server on a port of its own, with its data under `directory`; killed at the end."""
    server = Server(directory / "data", settings, free_port(), directory / "server.log")
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
