"""What a worker holds while strangers send bodies and never end: `python -m benchmarks.unfinished_bodies`.

Each connection sends an upload of 6 MiB but for its last byte. Resident memory of the worker before, and the most of it
while the connections are held.
"""

import argparse
import contextlib
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.gateway_server import embedded_settings, start_gateway
from benchmarks.processes import BenchmarkError, Process
from benchmarks.seeding import migrate

_LENGTH = 6 * 1024 * 1024
_PIECE = b"x" * 65_536
_GRAPHQL_PARTS = (
    b'--X\r\nContent-Disposition: form-data; name="operations"\r\n\r\n'
    b'{"query":"mutation($i:Upload!){uploadAvatar(input:{image:$i}){errors{code}}}","variables":{"i":null}}\r\n'
    b'--X\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0":["variables.i"]}\r\n'
    b'--X\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n'
)
_REST_PARTS = b'--X\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\n'
DOORS = {
    "/api/profile/avatar": (b"multipart/form-data; boundary=X", _REST_PARTS),
    "/api/profile/avatar as octets": (b"application/octet-stream", b""),
    "/graphql": (b"multipart/form-data; boundary=X", _GRAPHQL_PARTS),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unfinished_bodies")
    parser.add_argument("--connections", type=int, default=60)
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--door", choices=DOORS, action="append", help="the default is all")
    options = parser.parse_args()
    try:
        for door in options.door or DOORS:
            with tempfile.TemporaryDirectory(prefix="account-gateway-bodies-") as name:
                measure(Path(name), door, options)
    except (BenchmarkError, OSError) as error:
        sys.exit(f"cannot measure: {error}")


def measure(folder: Path, door: str, options: argparse.Namespace) -> None:
    """Serve, open the connections, and print."""
    settings = embedded_settings(folder)
    migrate(settings, folder)
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
    process, port = start_gateway("gateway", settings, cores=cores, folder=folder, tree=options.tree)
    try:
        before = process.resident_mib()
        connections = [_open(port, door) for _ in range(options.connections)]
        most = _send_all(connections, process)
        answers = Counter(_status(connection) for connection in connections)
        print(
            f"{door}: {options.connections} connections, {before:.0f} MiB before, {most:.0f} at most; {dict(answers)}"
        )
        for connection in connections:
            connection.close()
    finally:
        process.stop()


def _open(port: int, door: str) -> socket.socket:
    content_type, parts = DOORS[door]
    path = door.partition(" ")[0].encode()
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
        % (path, content_type, _LENGTH, parts)
    )
    return connection


def _send_all(connections: list[socket.socket], process: Process) -> float:
    """Send to all in turn, all but the last byte, as far as they are read; the most that the worker held."""
    left = dict.fromkeys(connections, _LENGTH - 2000)
    most, deadline = 0.0, time.monotonic() + 20
    for connection in connections:
        connection.settimeout(0)
    while any(left.values()) and time.monotonic() < deadline:
        for connection, rest in left.items():
            with contextlib.suppress(BlockingIOError):
                try:
                    left[connection] = rest - connection.send(_PIECE[:rest]) if rest else 0
                except OSError as error:
                    if isinstance(error, BlockingIOError):
                        raise
                    left[connection] = 0
        most = max(most, process.resident_mib())
    time.sleep(1)
    return max(most, process.resident_mib())


def _status(connection: socket.socket) -> str:
    connection.settimeout(0)
    try:
        answer = connection.recv(65_536)
    except BlockingIOError:
        return "held"
    except OSError as error:
        return type(error).__name__
    return answer[9:12].decode() if answer else "closed"


if __name__ == "__main__":
    main()
