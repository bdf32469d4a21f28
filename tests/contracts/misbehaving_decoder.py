"""A picture process whose decoder does what its upload says: run with a time limit as the one argument."""

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from adapters.picture_server import serve


def crash() -> bytes:
    ctypes.string_at(0)
    return b""


def hang() -> bytes:
    while True:
        pass


def swell() -> bytes:
    return bytes(2 << 30)


def flood() -> bytes:
    return bytes(5 << 20)


def leave() -> bytes:
    os._exit(0)


def call() -> bytes:
    socket.socket()
    return b"a socket"


def read() -> bytes:
    return Path("/proc/self/environ").read_bytes()


def write() -> bytes:
    Path("written").write_bytes(b"x")
    return b"a file"


def fork() -> bytes:
    return b"a process" if os.fork() else b""


def execute() -> NoReturn:
    os.execv("/bin/true", ["true"])


def kill() -> bytes:
    os.kill(os.getppid(), 9)
    return b"killed"


def echo() -> bytes:
    return b"still here"


DEEDS: dict[str, Callable[[], bytes]] = {
    deed.__name__: deed
    for deed in (crash, hang, swell, flood, leave, call, read, write, fork, execute, kill, echo)
}


def decode(upload: bytes) -> bytes:
    try:
        return DEEDS[upload.decode()]()
    except (OSError, MemoryError) as error:
        return type(error).__name__.encode()


def main() -> None:
    serve(decode, float(sys.argv[-1]))
