"""What the picture process gives up before hostile bytes come: system calls, memory, time, files, processes.

A seccomp filter names the calls that are left; every other one fails with EPERM, the network's and `open` among them.
It needs no privilege and no namespace, so that it works inside a hardened unit too.
Source: seccomp(2), prctl(2), setrlimit(2).
"""

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Final

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""The largest picture that is let in, as WebP with an alpha channel, takes 410 MiB to decode."""

_OPEN_FILES: Final = 16

# Numbers of system calls: x86_64, aarch64 (which has no `poll` and no `fork`).
_COMPUTING: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
_FORKING: Final = {
    "poll": (7, None),
    "clone": (56, 220),
    "fork": (57, None),
    "wait4": (61, 260),
    "kill": (62, 129),
    "getrlimit": (97, 163),
    "getppid": (110, 173),
    "prctl": (157, 167),
    "setrlimit": (160, 164),
    "set_tid_address": (218, 96),
    "ppoll": (271, 73),
    "pipe2": (293, 59),
    "prlimit64": (302, 261),
    "seccomp": (317, 277),
}
# The machine's name, its place in the pairs above, and what the kernel calls it.
_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_OFFSET, _MACHINE_OFFSET = 0, 4
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9


def confine_server() -> list[str]:
    """Confine the process that forks for each picture; what this system does not offer, for the log."""
    missing = _limit({"AS": MEMORY_BYTES, "CORE": 0, "FSIZE": 0, "NOFILE": _OPEN_FILES})
    if not _filter_calls({**_COMPUTING, **_FORKING}):
        missing.append("system calls")
    return missing


def confine_child(cpu_seconds: int) -> None:
    """Confine the process of one picture: it may compute, and write to what is open. It ends with its parent."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    _limit({"CPU": cpu_seconds, "NOFILE": 0, "NPROC": 0})
    _filter_calls(_COMPUTING)


def _limit(limits: dict[str, int]) -> list[str]:
    """Set limits, and tell those that cannot be."""
    try:
        resource = import_module("resource")
    except ImportError:
        return list(limits)
    missing = []
    for name, value in limits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        except (AttributeError, OSError, ValueError):
            missing.append(name)
    return missing


def _filter_calls(calls: Mapping[str, tuple[int, int | None]]) -> bool:
    """Let only `calls` through from here on; whether this system can."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    place, audit_name = machine
    program = _program(audit_name, sorted(n for pair in calls.values() if (n := pair[place]) is not None))
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions of 8 bytes, and where they are.
    whole = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1) and _prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(whole)
    )


def _program(machine: int, numbers: Iterable[int]) -> bytes:
    """The filter, in the instructions of the classic BPF (struct sock_filter)."""
    numbers = list(numbers)
    lines = [(_LOAD, 0, 0, _MACHINE_OFFSET), (_JUMP_IF_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _FAIL)]
    lines.append((_LOAD, 0, 0, _NUMBER_OFFSET))
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        # Past the others and the refusal.
        lines.append((_JUMP_IF_EQUAL, left, 0, number))
    lines += [(_RETURN, 0, 0, _FAIL), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("@HBBI", *line) for line in lines)


def _prctl(option: int, value: int, pointer: object = 0) -> bool:
    arguments = [ctypes.c_ulong(value), pointer or ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)]
    failed: int = ctypes.CDLL(None).prctl(ctypes.c_int(option), *arguments)
    return failed == 0
