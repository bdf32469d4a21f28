"""The servers of the table: how each is started, what it is asked, and what it must answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import installing
from benchmarks.backing import Backing
from benchmarks.gateway_server import SECURE_COOKIE, production_settings, start_gateway
from benchmarks.load import Answer, http_request
from benchmarks.processes import BenchmarkError, Process, free_port, start, wait_for_port
from benchmarks.seeding import CREATED_AT, mobile, token, viewer

QUESTION = "{ me { id mobile name avatarUrl createdAt } }"
FIELDS = ("id", "mobile", "name", "avatarUrl", "createdAt")
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))

Build = Callable[[int], bytes]
Read = Callable[[Any], Mapping[str, object]]
Start = Callable[[Backing, str, Path], tuple[Process, int]]


@dataclass(frozen=True)
class Server:
    """A program that is started once and serves one or more targets."""

    name: str
    start: Start
    needs: tuple[Callable[[], None], ...] = ()


@dataclass(frozen=True)
class Target:
    """One row of the table. `build` gives the request of account N, `read` the account out of the JSON answer.

    `expected` says what account N's answer must be; None: the answer is a constant and is not looked at.
    """

    name: str
    title: str
    server: Server
    build: Build
    read: Read = field(default=lambda answer: answer["data"]["me"])
    expected: Callable[[int], Mapping[str, object]] | None = field(default=viewer)
    answer_size_tolerance: float = 0.02
    """An error is much shorter than an answer, so a mean size that is off by more tells of errors."""

    def check(self, number: int, answer: Answer) -> None:
        """Hold `answer` against what account `number` must get.

        Raises:
            BenchmarkError: it is another answer.
        """
        if self.expected is None:
            return
        try:
            got = {name: _normal(name, value) for name, value in self.read(json.loads(answer.body)).items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BenchmarkError(f"{self.name} answered {answer.status} {answer.body[:300]!r}") from error
        if answer.status != 200 or got != self.expected(number):
            raise BenchmarkError(f"{self.name} answered {answer.status} {got}, not {self.expected(number)}")


def _normal(name: str, value: object) -> object:
    return datetime.fromisoformat(str(value)) if name == "createdAt" else value


def me_request(number: int, cookie: str = "session", *more: tuple[str, str]) -> bytes:
    """The question every page asks, as account `number`."""
    body = json.dumps({"query": QUESTION}).encode()
    return http_request("POST", "/graphql", [*_JSON, ("Cookie", f"{cookie}={token(number)}"), *more], body)


def our_me(number: int) -> bytes:
    """The same, for a gateway that serves over https."""
    return me_request(number, SECURE_COOKIE)


def get_request(path: str, cookie: str = "session") -> Build:
    """GET `path` with the session of an account."""
    return lambda number: http_request("GET", path, [("Cookie", f"{cookie}={token(number)}")])


def _gateway(name: str, more: Mapping[str, str] | None = None) -> Server:
    def begin(backing: Backing, cores: str, folder: Path) -> tuple[Process, int]:
        settings = production_settings(backing, folder) | dict(more or {})
        return start_gateway(name, settings, cores=cores, folder=folder)

    return Server(name, begin)


def _peer(
    name: str, command: Callable[[int], Sequence[str]], need: Callable[[], None], source: Path
) -> Server:
    def begin(backing: Backing, cores: str, folder: Path) -> tuple[Process, int]:
        port = free_port()
        environment = {
            "PEER_DATABASE_URL": backing.database_url,
            "PEER_SQLALCHEMY_URL": f"postgresql+asyncpg://{backing.address}",
            "PEER_SQLALCHEMY_SYNC_URL": f"postgresql+psycopg2://{backing.address}",
            "PEER_REDIS_URL": backing.redis_url,
            "PORT": str(port),
            "NODE_ENV": "production",
            "PYTHONPATH": str(source),
        }
        process = start(name, command(port), cores=cores, folder=folder, environment=environment)
        try:
            wait_for_port(process, port)
        except BaseException:
            process.stop()
            raise
        return process, port

    return Server(name, begin, (need,))


def _uvicorn(module: str) -> Server:
    """One worker with uvloop and httptools, and no access log: ours is the only one that writes one."""

    def command(port: int) -> list[str]:
        program = installing.peer_program("uvicorn")
        options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        return [program, f"{module}:app", *options, "--log-level", "warning"]

    return _peer(module, command, installing.prepare_python_peers, installing.PYTHON_PEERS)


def _gunicorn(module: str) -> Server:
    def command(port: int) -> list[str]:
        options = ["--workers", "1", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "30"]
        return [installing.peer_program("gunicorn"), "--bind", f"127.0.0.1:{port}", *options, f"{module}:app"]

    return _peer(module, command, installing.prepare_python_peers, installing.PYTHON_PEERS)


def _node(module: str) -> Server:
    def command(_: int) -> list[str]:
        return [installing.require_node(), str(installing.NODE_PEERS / f"{module}.js")]

    return _peer(module, command, installing.prepare_node_peers, installing.NODE_PEERS)


def _flat(answer: Any) -> Mapping[str, object]:
    return {name: answer[name] for name in FIELDS}


def _profile(answer: Any) -> Mapping[str, object]:
    data = answer["data"]
    created = datetime.strptime(f"{data['create_time']} +0800", "%Y-%m-%d %H:%M:%S %z")
    return {
        "id": str(data["user_id"]),
        "mobile": f"+86{data['mobile']}",
        "name": data["name"],
        "avatarUrl": data["avatar_url"],
        "createdAt": created.astimezone(CREATED_AT.tzinfo).isoformat(),
    }


def _name_only(number: int) -> Mapping[str, object]:
    return {"name": f"person {number:08d}", "errno": 0}


def _check_login(answer: Any) -> Mapping[str, object]:
    return {"name": answer["data"], "errno": answer["errno"]}


STOCK, YOGA, MERCURIUS = "strawberry", "yoga", "mercurius"
OURS = _gateway("gateway")
OURS_WITHOUT_LOG = _gateway("gateway without log", {"GATEWAY_ACCESS_LOG": "false"})

TARGETS = (
    Target(
        STOCK, "Strawberry as documented, SQLAlchemy ORM, redis-py", _uvicorn("strawberry_stock"), me_request
    ),
    Target("ariadne", "Ariadne, same data layer", _uvicorn("ariadne_stock"), me_request),
    Target(
        "strawberry-cached",
        "Strawberry, ParserCache and ValidationCache",
        _uvicorn("strawberry_cached"),
        me_request,
    ),
    Target(
        "flask",
        "Flask + SQLAlchemy, gunicorn, REST only",
        _gunicorn("flask_rest"),
        get_request("/profile"),
        _flat,
    ),
    Target(
        "starlette",
        "Starlette + SQLAlchemy async, REST only",
        _uvicorn("starlette_rest"),
        get_request("/profile"),
        _flat,
    ),
    Target(YOGA, "graphql-yoga, pg, ioredis", _node("yoga"), me_request),
    Target("bare", "bare ASGI, asyncpg, redis-py, no GraphQL", _uvicorn("bare_asgi"), me_request),
    Target(MERCURIUS, "mercurius with JIT, pg, ioredis", _node("mercurius"), me_request),
    Target(
        "constant", "uvicorn answering constant bytes", _uvicorn("constant_bytes"), me_request, expected=None
    ),
    Target("me", "**ours**: `me` over GraphQL", OURS, our_me),
    Target("me-without-log", "**ours**: `me`, access log off", OURS_WITHOUT_LOG, our_me),
    Target(
        "profile", "**ours**: `GET /api/profile`", OURS, get_request("/api/profile", SECURE_COOKIE), _profile
    ),
    Target(
        "check-login",
        "**ours**: `GET /api/check_login`",
        OURS,
        get_request("/api/check_login", SECURE_COOKIE),
        _check_login,
        _name_only,
    ),
)

__all__ = ["OURS", "TARGETS", "Server", "Target", "get_request", "me_request", "mobile", "our_me"]
