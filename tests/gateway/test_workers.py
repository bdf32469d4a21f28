"""Several workers are one instance: one set of counters, and a word when one of them dies."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.gateway.processes import Server, serving

pytestmark = pytest.mark.timeout(120)

MOBILES = [f"187360084{number:02d}" for number in range(20)]


def count_sign_ins(server: Server) -> float:
    """What `/metrics` says, asked over a connection of its own, so that any worker may answer."""
    text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=30).text
    return sum(map(float, re.findall(r"^gateway_sign_ins_total\{.*\} (\S+)$", text, re.MULTILINE)))


def fail_to_sign_in(server: Server, mobile: str) -> None:
    body = {"mobile": mobile, "password": "a wrong password"}
    answer = httpx.post(f"{server.url}/api/login", json=body, trust_env=False, timeout=30).json()
    assert answer["errno"] == "4106" or answer["errno"] == 4106, answer


def workers_of(server: Server) -> list[int]:
    """The processes below the supervisor that serve."""
    assert server.process.pid is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_counters_of_two_workers_never_run_backwards_though_one_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2", METRICS="true", ACCESS_LOG="false") as server:
        wait_until(lambda: server.log.count("Application startup complete") == 2)
        seen = []
        for mobile in MOBILES[:10]:
            fail_to_sign_in(server, mobile)
            seen += [count_sign_ins(server), count_sign_ins(server)]
        dead = workers_of(server)[0]
        os.kill(dead, signal.SIGKILL)
        wait_until(lambda: "worker.died" in server.log)
        wait_until(lambda: server.log.count("Application startup complete") == 3)
        for mobile in MOBILES[10:]:
            fail_to_sign_in(server, mobile)
            seen += [count_sign_ins(server), count_sign_ins(server)]
        died = next(line for line in server.log.splitlines() if "worker.died" in line)

    assert seen == sorted(seen)
    assert seen[-1] == len(MOBILES)
    assert "error" in died
    assert f"pid={dead}" in died


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_worker_that_cannot_start_ends_the_service_with_one_clear_line(tmp_path: Path) -> None:
    """A manifest that was broken since the start: another worker could not start either."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"format": "apollo-persisted-query-manifest", "version": 1, "operations": []}')
    with serving(tmp_path, WORKERS="2", TRUSTED_DOCUMENTS=str(manifest)) as server:
        wait_until(lambda: server.log.count("Application startup complete") == 2)
        manifest.write_text("{")
        os.kill(workers_of(server)[0], signal.SIGKILL)
        code = server.wait()
        lines = server.log.splitlines()

    assert code == 1
    [problem] = [line for line in lines if line.startswith("problem: ")]
    assert problem.startswith("problem: a worker cannot start (ManifestError: ")
    assert "trusted documents" in problem
    assert len([line for line in lines if "worker.died" in line]) == 1
    assert len([line for line in lines if "worker.cannot_start" in line]) == 1
    assert "Traceback" not in server.log
