"""Sets up what the peers need: a virtual environment and a folder of npm packages, both from locks."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import BenchmarkError

HERE = Path(__file__).parent
VENV = HERE / ".venv"
PYTHON_PEERS = HERE / "peers" / "python"
NODE_PEERS = HERE / "peers" / "node"
NODE_MINIMUM = 20


def prepare_python_peers() -> None:
    """Install the Python peers' packages, unless the lock has not changed since."""
    lock = PYTHON_PEERS / "requirements.lock"
    stamp = VENV / ".installed"
    if _is_current(stamp, lock):
        return
    print("setting up the Python peers …", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    _run([*_python("-m", "pip"), "install", "--quiet", "--require-hashes", "-r", str(lock)])
    stamp.write_text(_digest(lock))


def prepare_node_peers() -> None:
    """Install the Node peers' packages, unless the lock has not changed since."""
    lock = NODE_PEERS / "package-lock.json"
    stamp = NODE_PEERS / "node_modules" / ".installed"
    require_node()
    if _is_current(stamp, lock):
        return
    print("setting up the Node peers …", file=sys.stderr)
    _run([_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], NODE_PEERS)
    stamp.write_text(_digest(lock))


def peer_program(name: str) -> str:
    """A program of the peers' virtual environment."""
    return str(VENV / "bin" / name)


def require_node() -> str:
    """The path of node.

    Raises:
        BenchmarkError: it is missing or too old.
    """
    program = _program("node")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < NODE_MINIMUM:
        raise BenchmarkError(f"Node {NODE_MINIMUM} or newer is needed, this is {version.strip()}")
    return program


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BenchmarkError(
            f"{name} is missing: install Node {NODE_MINIMUM}, or name other servers with --only"
        )
    return found


def _python(*arguments: str) -> list[str]:
    return [peer_program("python"), *arguments]


def _is_current(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.read_text() == _digest(lock)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(command: list[str], folder: Path = HERE) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(
            f"`{' '.join(command[:3])} …` failed: {(done.stderr or done.stdout).strip()[-2000:]}"
        )
