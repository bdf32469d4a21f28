"""Processes that a benchmark starts: pinned to cores, accounted from /proc, and ended with it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 30
STOP_SECONDS = 10
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """The benchmark cannot go on; the message says what to do."""


@dataclass
class Process:
    """A child in a session of its own, so that its whole group can be ended and nothing else is."""

    name: str
    child: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self) -> float:
        """User and system time so far of the process and those below it."""
        return sum(_cpu_ticks(pid) for pid in tree(self.child.pid)) / _TICKS

    def resident_mib(self) -> float:
        """Resident memory of the process and those below it; pages that they share count for each."""
        return sum(_status_kib(pid, "VmRSS") for pid in tree(self.child.pid)) / 1024

    def empty_log(self) -> None:
        """Let go of what it has logged: a benchmark logs a gigabyte in a few minutes."""
        os.truncate(self.log, 0)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process and its group."""
        if self.child.poll() is None:
            self.child.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


def start(
    name: str,
    command: Sequence[str],
    *,
    cores: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start `command` on `cores` (such as `0` or `0,1`) with `folder` as its working directory."""
    _stop_on_sigterm()
    log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"
    pinned = ["taskset", "-c", cores, *command] if shutil.which("taskset") else list(command)
    with log.open("ab") as output:
        child = subprocess.Popen(
            pinned,
            cwd=folder,
            env=clean_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(name, child, log)


def _stop_on_sigterm() -> None:
    """Let SIGTERM end this command as Ctrl-C does, so that nothing that it has started stays."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without anybody's settings of the gateway."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return kept | dict(more)


def wait_for_port(process: Process, port: int, seconds: float = READY_SECONDS) -> None:
    """Wait until something listens at `port`.

    Raises:
        BenchmarkError: the process has ended or took too long; with the end of what it printed.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.005)
    tail = "\n".join(process.log.read_text(errors="replace").splitlines()[-15:])
    raise BenchmarkError(f"{process.name} does not listen at port {port}:\n{tail}")


def core_seconds(cores: str) -> float:
    """CPU time of everybody on `cores` so far, with what the hypervisor gave to others."""
    wanted = {f"cpu{core}" for core in cores.split(",")}
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    # user, nice, system, (idle, iowait,) irq, softirq, steal
    return sum(sum(map(int, (*line[1:4], *line[6:9]))) for line in lines if line[0] in wanted) / _TICKS


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tree(root: int) -> list[int]:
    """The number of `root` and of all processes below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += below.get(pid, [])
    return found


def _cpu_ticks(pid: int) -> int:
    fields = _stat(pid)
    # Its own user and system time, and that of the children it has waited for, such as the ones that make avatars.
    return sum(map(int, fields[11:15]))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; the first of them is the state."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _status_kib(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)
