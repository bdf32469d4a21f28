"""Schemathesis in an environment of its own, made from a lock: it is no part of the project's dependencies."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.fixture import describe

_HERE = Path(__file__).parent
_LOCK = _HERE / "requirements.lock"
_ENVIRONMENT = _HERE / ".venv"
_CHECKS = {
    "/api/openapi.json": (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
        "response_schema_conformance,unsupported_method,allow_header_conformance,answers_well"
    ),
    # Its `not_a_server_error` takes "Sign in first" for one; ours knows the codes.
    "/graphql": "response_schema_conformance,answers_well",
}
# About one in three succeeds, so that this many failures are no chance.
_OFTEN = 25
_ALWAYS = (
    "--workers=1",
    "--continue-on-failure",
    "--generation-database=none",
    "--suppress-health-check=all",
    "--max-response-time=5",
    "--request-timeout=10",
    "--no-color",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Schemathesis printed, how many cases it ran, and what came of them, by operation and errno or code."""

    is_green: bool
    output: str
    cases: int
    outcomes: dict[str, int]


def prepare_environment() -> Path:
    """Schemathesis' command, installed unless it is there already for this lock."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    stamp = _ENVIRONMENT / f"installed-{digest[:16]}"
    if not stamp.exists():
        pip = [str(_ENVIRONMENT / "bin" / "python"), "-m", "pip"]
        quietly = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_ENVIRONMENT)], check=True)
        subprocess.run([*pip, *quietly, "-r", str(_LOCK)], check=True)
        stamp.touch()
    return _ENVIRONMENT / "bin" / "schemathesis"


def run(
    command: Path, path: str, fixture: dict[str, Any], folder: Path, *, seed: int, seconds: int
) -> Verdict:
    """Test what the schema at `path` describes."""
    arguments = [str(command), "run", fixture["base"] + path, f"--seed={seed}", f"--max-time={seconds}"]
    finished = subprocess.run(
        [*arguments, f"--checks={_CHECKS[path]}", *_ALWAYS],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "PYTHONPATH": str(_HERE.parents[1]),
            "FUZZ_FIXTURE": describe(fixture),
        },
        timeout=seconds + 120,
    )
    output = finished.stdout + finished.stderr
    report = Path(fixture["report"])
    outcomes = json.loads(report.read_text("utf-8")) if report.exists() else {}
    cases = re.search(r"(\d+) generated", output)
    return Verdict(finished.returncode == 0, output, int(cases.group(1)) if cases else 0, outcomes)


def find_unreached(outcomes: dict[str, int], operations: Sequence[str]) -> list[str]:
    """The operations that were tried often and never done with success: there the fuzzing has hardly begun."""
    tried = Counter[str]()
    for outcome, count in outcomes.items():
        tried[outcome.rpartition(": ")[0]] += count
    return [name for name in operations if tried[name] >= _OFTEN and f"{name}: 0" not in outcomes]
