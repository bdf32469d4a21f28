"""`serve`, `migrate` and `check`: everything about the process itself."""

import asyncio
import os
from typing import Annotated

import typer
import uvicorn

from db.engine import Database, DatabaseUnavailableError
from db.migrations import current_revision, head_revision, migrate
from gateway.checking import find_problems, unknown_variables
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
    if not problems:
        problems = asyncio.run(_prepare_database(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    configure_logs(is_production=settings.is_production, level=settings.log_level)
    if not settings.is_production:
        _greet(settings, host, port)
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
    try:
        revision = asyncio.run(_migrate(settings))
    except DatabaseUnavailableError as error:
        complain([f"the database does not answer ({error})"])
        raise typer.Exit(FAILED) from None
    typer.echo(f"the database is at revision {revision}")


def check() -> None:
    """Try every setting and every dependency, and name all that is wrong, each with its mend."""
    settings = load_settings()
    for name in unknown_variables():
        typer.echo(f"note: {name} is no setting; is it spelt right?", err=True)
    problems = asyncio.run(find_problems(settings))
    if problems:
        complain(problems)
        raise typer.Exit(FAILED)
    typer.echo(f"everything is in order for {settings.environment}")


async def _prepare_database(settings: Settings) -> list[str]:
    """Migrate in development; in production say what is to be done."""
    _make_data_dir(settings)
    database = Database(settings.database, pool_size=1)
    try:
        if not settings.is_production:
            await migrate(database)
            return []
        revision = await current_revision(database)
    except DatabaseUnavailableError as error:
        return [f"the database does not answer ({error}); see GATEWAY_DATABASE_URL"]
    finally:
        await database.aclose()
    if revision == head_revision():
        return []
    return [f"the database is at revision {revision}, not {head_revision()}; run `account-gateway migrate`"]


async def _migrate(settings: Settings) -> str | None:
    _make_data_dir(settings)
    database = Database(settings.database, pool_size=1)
    try:
        await migrate(database)
        return await current_revision(database)
    finally:
        await database.aclose()


def _make_data_dir(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


def _greet(settings: Settings, host: str, port: int) -> None:
    graphiql = "GraphiQL, GraphQL" if is_built() else "GraphQL (for GraphiQL: make graphiql, needs Node)"
    base = f"http://{host}:{port}"
    typer.echo(
        f"account-gateway, development\n"
        f"  {base}/graphql   {graphiql}\n"
        f"  {base}/api/docs  the REST shim, dialect {settings.rest_dialect}\n"
        f"  {settings.outbox_path}  captcha answers and SMS codes; also: account-gateway outbox"
    )
