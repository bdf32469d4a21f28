"""`serve`, `migrate` and `check`: everything about the process itself."""

import asyncio
import os
import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer
import uvicorn

from db.engine import Database, DatabaseUnavailableError
from db.revisions import UnknownRevisionError, current_revision, head_revision
from gateway.checking import (
    find_file_problems,
    find_problems,
    find_schema_problems,
    newer_schema_problem,
    unknown_variables,
)
from gateway.cli.session import FAILED, complain, load_settings
from gateway.logs import configure_logs
from gateway.settings import Settings
from schema.graphiql import is_built

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]

_KEEP_ALIVE_SECONDS = 15
_BACKLOG = 2048


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("serve")(serve)
    app.command("migrate")(migrate_database)
    app.command("check")(check)


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve both doors until SIGTERM or SIGINT; requests in flight are finished within the grace period.

    Development brings the database to the newest schema by itself. Production refuses to start with anything unfit
    for it, naming every reason at once.
    """
    settings = load_settings()
    problems = settings.production_problems() or settings.sender_problems()
    problems += find_file_problems(settings) or asyncio.run(_prepare_database(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    # uvicorn raises the signal again when it has shut down; it must not look as if it had killed the process.
    signal.signal(signal.SIGTERM, _exit_well)
    configure_logs(is_production=settings.is_production, level=settings.log_level)
    if not settings.is_production:
        _greet(settings, host, port)
    try:
        _run_server(settings, host, port)
    except SystemExit as end:
        # uvicorn's own 3, for an application that cannot start or an address that cannot be listened on, is no code
        # of ours; the reason stands in the log.
        raise typer.Exit(FAILED if end.code else 0) from None


def _run_server(settings: Settings, host: str, port: int) -> None:
    uvicorn.run(
        "gateway.app:create_app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=settings.workers,
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
        limit_concurrency=settings.connections,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
    )


def migrate_database() -> None:
    """Bring the database to the newest schema. May be run again at any time."""
    settings = load_settings()
    problems = find_file_problems(settings) or asyncio.run(_migrate(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    typer.echo(f"the database is at revision {head_revision()}")


def check() -> None:
    """Try every setting and every dependency, and name all that is wrong, each with its mend."""
    settings = load_settings()
    for name in unknown_variables():
        typer.echo(f"note: {name} is no setting; is it spelt right?", err=True)
    problems = find_file_problems(settings) or asyncio.run(find_problems(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    typer.echo(f"everything is in order for {settings.environment}")


async def _prepare_database(settings: Settings) -> list[str]:
    """Migrate in development; in production say what is to be done."""
    if not settings.is_production:
        return await _migrate(settings)
    database = Database(settings.database, pool_size=1)
    try:
        return await find_schema_problems(database)
    finally:
        await database.aclose()


async def _migrate(settings: Settings) -> list[str]:
    database = Database(settings.database, pool_size=1)
    try:
        if await current_revision(database) != head_revision():
            # Alembic takes 11 MiB that a running service has no use for.
            from db.migrations import migrate  # noqa: PLC0415

            await migrate(database)
    except DatabaseUnavailableError as error:
        return [f"the database does not answer ({error}); see GATEWAY_DATABASE_URL"]
    except UnknownRevisionError as error:
        return [newer_schema_problem(error)]
    finally:
        await database.aclose()
    return []


def _exit_well(number: int, frame: FrameType | None) -> NoReturn:
    """What SIGTERM does outside of uvicorn's own handling: before it has begun and after it has ended."""
    del number, frame
    raise SystemExit(0)


def _greet(settings: Settings, host: str, port: int) -> None:
    graphiql = "GraphiQL, GraphQL" if is_built() else "GraphQL (for GraphiQL: make graphiql, needs Node)"
    base = f"http://{host}:{port}"
    typer.echo(
        f"account-gateway, development\n"
        f"  {base}/graphql   {graphiql}\n"
        f"  {base}/api/docs  the REST shim, dialect {settings.rest_dialect}\n"
        f"  {settings.outbox_path}  captcha answers and SMS codes; also: account-gateway outbox"
    )
