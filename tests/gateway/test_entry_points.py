"""`python -m gateway`, started as people start it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.gateway.processes import START_SECONDS, STOP_SECONDS, environment, free_port


def test_serve_answers_at_its_address_and_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--host", "127.0.0.1", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment({"DATA_DIR": str(tmp_path / "data")}) | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        answered = is_answering(f"http://127.0.0.1:{port}/readyz", process)
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=STOP_SECONDS)
    finally:
        process.kill()
        process.communicate()

    assert answered, printed.decode()
    assert process.returncode == 0, printed.decode()
    assert f"http://localhost:{port}/graphql" in printed.decode()


def is_answering(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(url, trust_env=False).status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
    return False


def test_version_and_a_worker_that_starts_import_no_command() -> None:
    listing = "import sys; import gateway.cli; gateway.cli.make_app('--version'); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)

    assert "typer" in printed.stdout.split()
    assert {"sqlalchemy", "graphql", "pydantic", "uvicorn"}.isdisjoint(printed.stdout.split())
