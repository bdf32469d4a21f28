"""Fuzz a running gateway through both doors, in both dialects: `python -m tests.fuzz`; about three minutes.

Starts its own servers on free loopback ports: the first on SQLite, and the second on a PostgreSQL database of its own
where TEST_POSTGRES_URL names a server, since the two differ in what they take for text. Exits with 1 when anything
was found: a fault, a traceback, an answer that the OpenAPI document or the schema does not have, a hang, or an
operation that never once succeeded.
"""

import argparse
import asyncio
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.contracts.state_backends import create_database, drop_database
from tests.fuzz import raw, schemathesis_run
from tests.fuzz.fixture import make_fixture, sign_in_again
from tests.gateway.processes import Server, serving

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
# Addresses change with every request, and so that of the proxy has to be believed; no spend guard and no limit on
# what succeeds may interrupt three people who do everything.
_SETTINGS = {"TRUSTED_PROXIES": "127.0.0.1", "SMS_DRY_GUARDS": "ceiling,breaker", "LIMITS_SCALE": "1000"}

# What a log says when something went wrong that nobody foresaw.
_FAULT = re.compile(
    r"rest\.failed|request\.failed|graphql_internal_error|Exception in (ASGI application|callback)"
    r"|never retrieved|was never awaited|Fatal (Python|error)"
)


def main() -> int:
    """The exit code."""
    asked = _arguments()
    command = schemathesis_run.prepare_environment()
    problems = _fuzz_dialect("documented", command, asked, with_graphql=True)
    with _postgresql() as database:
        problems += _fuzz_dialect("ihome", command, asked, with_graphql=False, **database)
    for problem in problems:
        _say(f"PROBLEM {problem}")
    return 1 if problems else 0


@contextmanager
def _postgresql() -> Iterator[dict[str, str]]:
    """The settings for a fresh PostgreSQL database, dropped at the end; none where no server is named."""
    place = os.environ.get("TEST_POSTGRES_URL")
    if not place:
        _say("TEST_POSTGRES_URL names no server: the second dialect runs on SQLite too")
        yield {}
        return
    name = f"ag_fuzz_{secrets.token_hex(6)}"
    url = asyncio.run(create_database(place, name))
    try:
        yield {"DATABASE_URL": url}
    finally:
        asyncio.run(drop_database(place, name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261122, help="the same seed, the same requests")
    parser.add_argument(
        "--rest-seconds", type=int, default=40, help="Schemathesis on the REST shim, each dialect"
    )
    parser.add_argument("--graphql-seconds", type=int, default=40, help="Schemathesis on GraphQL")
    parser.add_argument("--raw-seconds", type=int, default=15, help="bytes over sockets, each dialect")
    return parser.parse_args()


def _fuzz_dialect(
    dialect: str, command: Path, asked: argparse.Namespace, *, with_graphql: bool, **settings: str
) -> list[str]:
    """Everything there is for one server; the problems."""
    budgets = {"/api/openapi.json": asked.rest_seconds}
    if with_graphql:
        budgets["/graphql"] = asked.graphql_seconds
    with TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, REST_DIALECT=dialect, **_SETTINGS, **settings) as server:
            fixture = make_fixture(server, folder / "report.json", asked.seed)
            problems = []
            for path, seconds in budgets.items():
                problems += _fuzz_described(path, command, fixture, folder, seed=asked.seed, seconds=seconds)
            problems += _fuzz_raw(server, fixture, asked) + _find_aftermath(server)
    return [f"{dialect}: {problem}" for problem in problems]


def _fuzz_described(
    path: str, command: Path, fixture: dict[str, Any], folder: Path, *, seed: int, seconds: int
) -> list[str]:
    """What the document at `path` describes; the problems."""
    verdict = schemathesis_run.run(command, path, fixture, folder, seed=seed, seconds=seconds)
    _say(f"{path}: {verdict.cases} cases of Schemathesis")
    _say("  " + ", ".join(f"{name} ({count})" for name, count in verdict.outcomes.items()))
    unreached = schemathesis_run.find_unreached(verdict.outcomes, _OPERATIONS[path])
    problems = [f"{name} never succeeded" for name in unreached]
    return problems if verdict.is_green else [*problems, f"{path}:\n{verdict.output}"]


def _fuzz_raw(server: Server, fixture: dict[str, Any], asked: argparse.Namespace) -> list[str]:
    # Schemathesis has signed people in and out: the first sessions may be gone.
    seconds, tokens = asked.raw_seconds, sign_in_again(fixture)
    findings = asyncio.run(
        raw.fuzz("127.0.0.1", server.port, seed=asked.seed, seconds=seconds, tokens=tokens)
    )
    answers = sorted(findings.statuses.items())
    _say(f"raw: {findings.attempts} connections, {findings.uploads} pictures taken")
    _say("  " + ", ".join(f"{family} {status or '-'} ({n})" for (family, status), n in answers))
    unreached = [] if findings.uploads else ["no picture was taken"]
    return [f"raw: {problem}" for problem in findings.defects + unreached]


def _find_aftermath(server: Server) -> list[str]:
    """What the server has to say afterwards: whether it is ready, and faults in its log."""
    ready = httpx.get(f"{server.url}/readyz", timeout=5)
    problems = [] if ready.status_code == 200 else [f"not ready afterwards: {ready.text}"]
    lines = server.log.splitlines()
    faults = [number for number, line in enumerate(lines) if _FAULT.search(line)]
    return problems + ["in the log:\n" + "\n".join(lines[number : number + 60]) for number in faults[:5]]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
