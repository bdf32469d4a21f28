"""Fuzz a running gateway through both doors, in both dialects: `python -m tests.fuzz`; about three minutes.

Starts its own servers on free loopback ports. Exits with 1 when anything was found: a fault, a traceback, an answer
that the OpenAPI document or the schema does not have, silence, or an operation that never once succeeded.
"""

import argparse
import asyncio
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.fuzz import raw, schemathesis_run
from tests.fuzz.town import settle
from tests.gateway.processes import Server, serving

_DIALECTS = ("documented", "ihome")
_OPERATIONS = {
    "/api/openapi.json": (
        "GET /api/imagecode",
        "POST /api/smscode",
        "POST /api/register",
        "POST /api/login",
        "GET /api/check_login",
        "GET /api/logout",
        "GET /api/profile",
        "POST /api/profile/avatar",
        "POST /api/profile/name",
        "GET /api/profile/auth",
        "POST /api/profile/auth",
    ),
    "/graphql": (
        "Query.me",
        "Query.authInfo",
        "Mutation.createCaptcha",
        "Mutation.sendSmsCode",
        "Mutation.register",
        "Mutation.login",
        "Mutation.logout",
        "Mutation.updateName",
        "Mutation.submitAuth",
    ),
}
# Addresses change with every request, and so that of the proxy has to be believed; no spend guard may interrupt.
_SETTINGS = {"TRUSTED_PROXIES": "127.0.0.1", "SMS_DRY_GUARDS": "ceiling,breaker"}

# What a log says when something went wrong that nobody foresaw.
_FAULT = re.compile(
    r"rest\.failed|request\.failed|graphql_internal_error|Exception in (ASGI application|callback)"
    r"|never retrieved|was never awaited|Fatal (Python|error)"
)


def main() -> int:
    """The exit code."""
    asked = _arguments()
    command = schemathesis_run.prepare_environment()
    problems: list[str] = []
    for dialect in _DIALECTS:
        with TemporaryDirectory() as name, serving(Path(name), REST_DIALECT=dialect, **_SETTINGS) as server:
            problems += _fuzz(server, Path(name), command, dialect, asked)
    for problem in problems:
        _say(f"PROBLEM {problem}")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261122, help="the same seed, the same requests")
    parser.add_argument(
        "--rest-seconds", type=int, default=40, help="Schemathesis on the REST shim, each dialect"
    )
    parser.add_argument("--graphql-seconds", type=int, default=40, help="Schemathesis on GraphQL")
    parser.add_argument("--raw-seconds", type=int, default=15, help="bytes over sockets, each dialect")
    return parser.parse_args()


def _fuzz(server: Server, folder: Path, command: Path, dialect: str, asked: argparse.Namespace) -> list[str]:
    """Everything there is for one server; the problems."""
    town = settle(server, folder / "report.json", asked.seed)
    budgets = {"/api/openapi.json": asked.rest_seconds}
    if dialect == _DIALECTS[0]:
        budgets["/graphql"] = asked.graphql_seconds
    problems = []
    for path, seconds in budgets.items():
        verdict = schemathesis_run.run(command, path, town, folder, seed=asked.seed, seconds=seconds)
        _say(f"{dialect} {path}: {verdict.cases} cases of Schemathesis")
        _say("  " + ", ".join(f"{name} ({count})" for name, count in verdict.outcomes.items()))
        unreached = schemathesis_run.find_unreached(verdict.outcomes, _OPERATIONS[path])
        problems += [f"{dialect}: {name} never succeeded" for name in unreached]
        if not verdict.is_green:
            problems.append(f"{dialect} {path}:\n{verdict.output}")
    problems += _fuzz_raw(server, town, dialect, asked)
    return problems + _find_aftermath(server, dialect)


def _fuzz_raw(server: Server, town: dict[str, Any], dialect: str, asked: argparse.Namespace) -> list[str]:
    seconds, tokens = asked.raw_seconds, town["tokens"]
    findings = asyncio.run(
        raw.fuzz("127.0.0.1", server.port, seed=asked.seed, seconds=seconds, tokens=tokens)
    )
    _say(f"{dialect} raw: {findings.attempts} connections")
    _say(
        "  "
        + ", ".join(
            f"{family} {status or '-'} ({n})" for (family, status), n in sorted(findings.statuses.items())
        )
    )
    return [f"{dialect} raw: {defect}" for defect in findings.defects]


def _find_aftermath(server: Server, dialect: str) -> list[str]:
    """What the server has to say afterwards: whether it is ready, and faults in its log."""
    ready = httpx.get(f"{server.url}/readyz", timeout=5)
    problems = [] if ready.status_code == 200 else [f"{dialect}: not ready afterwards: {ready.text}"]
    lines = server.log.splitlines()
    faults = [number for number, line in enumerate(lines) if _FAULT.search(line)]
    return problems + [
        f"{dialect}: in the log:\n" + "\n".join(lines[number : number + 60]) for number in faults[:5]
    ]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
