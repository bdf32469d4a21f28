"""Our own server as a benchmark runs it: the real command, with settings fit for production."""

import base64
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from benchmarks.backing import Backing
from benchmarks.processes import Process, free_port, start, wait_for_port

SECURE_COOKIE = "__Host-session"
DEVELOPMENT_COOKIE = "session"
_SECRET = base64.b64encode(sha256(b"benchmark").digest()).decode()
_REPOSITORY = Path(__file__).resolve().parents[1]


def production_settings(backing: Backing, folder: Path) -> dict[str, str]:
    """PostgreSQL and Redis, one worker, every safeguard on, the access log on."""
    return {
        "GATEWAY_ENVIRONMENT": "production",
        "GATEWAY_DATA_DIR": str(folder / "data"),
        "GATEWAY_DATABASE_URL": backing.database_url,
        "GATEWAY_REDIS_URL": backing.redis_url,
        "GATEWAY_SECRET_KEYS": f"benchmark:{_SECRET}",
        "GATEWAY_SMS_SENDER": "http",
        "GATEWAY_SMS_HTTP_URL": "http://127.0.0.1:9/",
        "GATEWAY_SMS_HTTP_TOKEN": "benchmark",
        # The load stands for a proxy: the addresses that limits count come in its header.
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
    }


def embedded_settings(folder: Path) -> dict[str, str]:
    """What `make run` gives: development, SQLite, no Redis."""
    return {"GATEWAY_DATA_DIR": str(folder / "data"), "GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}


def start_gateway(
    name: str,
    settings: Mapping[str, str],
    *,
    cores: str,
    folder: Path,
    port: int | None = None,
    tree: Path = _REPOSITORY,
    python: str = sys.executable,
) -> tuple[Process, int]:
    """Start `serve` of the code in `tree` and wait until it listens; its log lines go to a file."""
    chosen = port or free_port()
    command = [python, "-m", "gateway", "serve", "--host", "127.0.0.1", "--port", str(chosen)]
    process = start(name, command, cores=cores, folder=folder, environment={**import_path(tree), **settings})
    try:
        wait_for_port(process, chosen)
    except BaseException:
        process.stop()
        raise
    return process, chosen


def import_path(tree: Path = _REPOSITORY) -> dict[str, str]:
    """Where the child finds the gateway's modules, whatever its working directory."""
    more = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{tree}{os.pathsep}{more}" if more else str(tree)}
