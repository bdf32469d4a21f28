"""The load: wrk with a list of ready-made requests, and what it saw."""

import json
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import BenchmarkError

_SCRIPT = """
local lengths = {{{lengths}}}
local requests, position = {{}}, 0
local file = assert(io.open("{requests}", "rb"))
for i, length in ipairs(lengths) do requests[i] = file:read(length) end
file:close()
local count = #requests
function request()
  position = position % count + 1
  return requests[position]
end
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    'RESULT {{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,' ..
    '"refused":%d,"broken":%d}}', summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Result:
    """What one run of wrk saw. Latencies are in milliseconds."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p90: float
    p99: float
    slowest: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def bytes_per_answer(self) -> float:
        """The mean size of an answer with its headers."""
        return self.bytes / max(self.requests, 1)


def require_wrk() -> str:
    """The path of wrk.

    Raises:
        BenchmarkError: it is missing.
    """
    found = shutil.which("wrk")
    if found is None:
        raise BenchmarkError("wrk is missing: apt-get install wrk (Debian and Ubuntu have it)")
    return found


def http_request(
    method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes | None = None
) -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers)]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Load:
    """wrk on one set of cores, with its files in one folder."""

    def __init__(self, folder: Path, cores: str) -> None:
        self._folder = folder
        self.cores = cores
        self._wrk = require_wrk()

    def prepare(self, name: str, requests: Sequence[bytes]) -> Path:
        """Write the script that sends `requests` in turn, over and over."""
        script = self.script(name)
        data = script.with_suffix(".requests")
        data.write_bytes(b"".join(requests))
        lengths = ",".join(str(len(request)) for request in requests)
        script.write_text(_SCRIPT.format(lengths=lengths, requests=data))
        return script

    def script(self, name: str) -> Path:
        """Where `prepare` has put the script of that name."""
        return self._folder / f"{name}.lua"

    def start(self, script: Path, port: int, *, connections: int, seconds: float) -> "RunningLoad":
        """Begin to send."""
        command = [self._wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"]
        command += ["-s", str(script), f"http://127.0.0.1:{port}"]
        pinned = ["taskset", "-c", self.cores, *command] if shutil.which("taskset") else command
        return RunningLoad(
            subprocess.Popen(pinned, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )

    def run(self, script: Path, port: int, *, connections: int, seconds: float) -> Result:
        """Send for `seconds`, and say what came back."""
        return self.start(script, port, connections=connections, seconds=seconds).finish()


class RunningLoad:
    """A wrk at work."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    def finish(self) -> Result:
        """Wait for its end.

        Raises:
            BenchmarkError: it failed.
        """
        try:
            output, _ = self._child.communicate()
        except BaseException:
            self._child.kill()
            raise
        line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
        if line is None:
            raise BenchmarkError(f"wrk failed: {output.strip()}")
        seen = json.loads(line.removeprefix("RESULT "))
        return Result(
            requests=seen["requests"],
            seconds=seen["microseconds"] / 1e6,
            bytes=seen["bytes"],
            p50=seen["p50"] / 1000,
            p90=seen["p90"] / 1000,
            p99=seen["p99"] / 1000,
            slowest=seen["max"] / 1000,
            refused=seen["refused"],
            broken=seen["broken"],
        )


@dataclass(frozen=True)
class Answer:
    """One answer, read without any client library."""

    status: int
    body: bytes
    size: int


def ask(port: int, request: bytes, seconds: float = 20) -> Answer:
    """Send one request on a connection of its own and read the whole answer.

    Raises:
        BenchmarkError: the server hung up.
    """
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += _receive(connection)
        head, _, body = received.partition(b"\r\n\r\n")
        while len(body) < _length(head) or (_is_chunked(head) and not body.endswith(b"0\r\n\r\n")):
            body += _receive(connection)
        size = len(head) + 4 + len(body)
        return Answer(int(head.split(b" ", 2)[1]), _unchunk(body) if _is_chunked(head) else body, size)


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise BenchmarkError("the server hung up in the middle of an answer")
    return received


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _is_chunked(head: bytes) -> bool:
    return b"transfer-encoding: chunked" in head.lower()


def _unchunk(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + rest[:length], rest[length + 2 :] if length else b""
    return whole
