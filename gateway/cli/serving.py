"""`serve`, `migrate` and `check`: everything about the process itself."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn, TypeVar

import structlog
import typer
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE

from db.engine import DatabaseUnavailableError
from db.failures import explain
from db.inspection import DATABASE_ERRORS
from db.revisions import UnknownRevisionError, current_revision, head_revision
from gateway.checking import (
    find_errors,
    find_outages,
    make_data_directory,
    newer_schema,
)
from gateway.cli.session import FAILED, complain, load_settings, report
from gateway.draining import deliver_signals, hold_signals
from gateway.findings import Finding, Severity, error, errors_of
from gateway.listening import ListenError, open_listeners, try_address
from gateway.logs import configure_logs
from gateway.parts import utc_now
from gateway.settings import Settings
from gateway.shared_metrics import shared_metrics
from gateway.supervisor import Supervisor
from gateway.wiring import make_database, make_key_ring
from resolvers.key_checks import record_keys
from schema.graphiql import is_built

Host = Annotated[str | None, typer.Option(help="Address to listen on, instead of GATEWAY_LISTEN_HOST.")]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on, instead of GATEWAY_LISTEN_PORT.", min=0, max=65535)
]

R = TypeVar("R")

_BACKLOG = 2048

_log = structlog.get_logger("gateway.serve")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("serve")(serve)
    app.command("migrate")(migrate_database)
    app.command("check")(check)


def serve(host: Host = None, port: Port = None) -> None:
    """Serve both doors until SIGTERM or SIGINT; requests in flight are finished within the grace period.

    Development brings the database to the newest schema by itself. What `check` would call an error keeps it from
    starting; every reason is named at once.
    """
    settings = load_settings()
    place = (
        host or settings.server.listen_host,
        settings.server.listen_port if port is None else port,
    )
    # Before anything is migrated; accepting begins after it.
    _complaining(try_address, *place)
    findings = asyncio.run(_prepare(settings))
    if errors_of(findings):
        report(findings)
        raise typer.Exit(FAILED)
    hold_signals()
    listeners = _complaining(open_listeners, *place)
    # uvicorn raises the signal again when it has shut down; it must not look as if it had killed the process.
    signal.signal(signal.SIGTERM, _exit_well)
    configure_logs(is_production=settings.is_production, level=settings.logs.log_level)
    for finding in findings:
        _log.warning("settings.finding", severity=finding.severity.value, text=finding.text)
    if not settings.is_production:
        _greet(settings, listeners)
    try:
        is_started = _run_server(settings, listeners)
    except SystemExit as end:
        # uvicorn's own 3, for an application that cannot start, is no code of ours; the reason stands in the log.
        raise typer.Exit(FAILED if end.code else 0) from None
    except KeyboardInterrupt:
        is_started = True
    if not is_started:
        raise typer.Exit(FAILED)


async def _prepare(settings: Settings) -> list[Finding]:
    """What speaks against serving. Development migrates before; what fails about that is found after."""
    if not make_data_directory(settings) and not settings.is_production:
        await _migrate(settings)
    findings = await find_errors(settings)
    if not errors_of(findings):
        database = make_database(settings, pool_size=1)
        try:
            await record_keys(database, make_key_ring(settings), utc_now())
        except DATABASE_ERRORS as problem:
            findings.append(error(f"the database refuses ({explain(problem)}); see GATEWAY_DATABASE_URL"))
        finally:
            await database.aclose()
    return findings


def _complaining(act: Callable[[str, int], R], host: str, port: int) -> R:
    try:
        return act(host, port)
    except ListenError as problem:
        complain([str(problem)])
        raise typer.Exit(FAILED) from None


def _run_server(settings: Settings, listeners: list[socket.socket]) -> bool:
    """Serve to the end; whether it had ever begun."""
    config = Config(
        "gateway.worker:create_app",
        factory=True,
        workers=settings.server.workers,
        loop="uvloop" if os.name == "posix" else "asyncio",
        http="gateway.server:BoundedHttpProtocol",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        # Only GATEWAY_TRUSTED_PROXIES says whom to believe.
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=_BACKLOG,
        limit_concurrency=settings.server.connections,
        timeout_keep_alive=settings.server.keep_alive_seconds,
        timeout_graceful_shutdown=settings.server.shutdown_grace_seconds,
    )
    if settings.server.workers > 1:
        with shared_metrics() as metrics:
            supervisor = Supervisor(config, listeners, metrics)
            deliver_signals()
            supervisor.run()
        # One that could not start would not start again either, so that uvicorn has ended the others.
        return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    server = Server(config)
    server.run(sockets=listeners)
    return server.started


def migrate_database() -> None:
    """Bring the database to the newest schema. May be run again at any time."""
    settings = load_settings()
    problems = errors_of(make_data_directory(settings)) or asyncio.run(_migrate(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    typer.echo(f"the database is at revision {head_revision()}")


def check() -> None:
    """Try every setting and every dependency, and name all that is wrong and what to do. Nothing is changed.

    Problems end it with 1. Warnings and notes do not.
    """
    settings = load_settings()
    findings = asyncio.run(_find_all(settings))
    report(findings)
    if any(finding.is_problem for finding in findings):
        raise typer.Exit(FAILED)
    # Only notes are as good as nothing.
    but = "" if all(finding.severity is Severity.NOTE for finding in findings) else ", but for the warnings"
    typer.echo(f"everything is in order for {settings.installation.environment}{but}")


async def _find_all(settings: Settings) -> list[Finding]:
    findings = await find_errors(settings, is_migrated_later=not settings.is_production)
    return findings + await find_outages(settings)


async def _migrate(settings: Settings) -> list[str]:
    database = make_database(settings, pool_size=1)
    try:
        if await current_revision(database) != head_revision():
            # Alembic takes 11 MiB that a running service has no use for.
            from db.migrations import migrate  # noqa: PLC0415

            await migrate(database)
    except DatabaseUnavailableError as problem:
        return [f"the database does not answer ({problem}); see GATEWAY_DATABASE_URL"]
    except UnknownRevisionError as problem:
        return [newer_schema(problem).text]
    except DATABASE_ERRORS as problem:
        return [f"the database refuses ({explain(problem)}); see GATEWAY_DATABASE_URL"]
    finally:
        await database.aclose()
    return []


def _exit_well(number: int, frame: FrameType | None) -> NoReturn:
    """What SIGTERM does outside of uvicorn's own handling: before it has begun and after it has ended."""
    del number, frame
    raise SystemExit(0)


def _greet(settings: Settings, listeners: list[socket.socket]) -> None:
    graphiql = "GraphiQL, GraphQL" if is_built() else "GraphQL (for GraphiQL: make graphiql, needs Node)"
    base = _url(listeners)
    typer.echo(
        f"account-gateway, development\n"
        f"  {base}/graphql   {graphiql}\n"
        f"  {base}/api/docs  the REST shim, dialect {settings.rest.dialect}\n"
        f"  {settings.inbox_path}  captcha answers and SMS codes; also: {_own_command()} outbox"
    )


def _url(listeners: list[socket.socket]) -> str:
    """As a browser should write it: cookies of `localhost` are none of 127.0.0.1."""
    host, port = listeners[0].getsockname()[:2]
    if host in {"127.0.0.1", "::1", "0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _own_command() -> str:
    """How this command is called from here: in a checkout it is not on the path."""
    beside = Path(sys.executable).with_name("account-gateway")
    if shutil.which("account-gateway") or not beside.exists():
        return "account-gateway"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
