"""`dev …`: what only development needs."""

import shutil
from typing import Annotated

import typer

from db.sqlite import NotAloneError, delete_sqlite_files, require_to_be_alone
from gateway.cli.session import FAILED, complain, load_settings
from gateway.settings import Settings

dev = typer.Typer(help="For development only.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(dev, name="dev")


@dev.callback()
def develop() -> None:
    """For development only."""


@dev.command("reset")
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete the embedded database, the pictures and the inbox: the next start begins with nothing.

    Redis and a database server are left alone.
    """
    settings = load_settings()
    data_dir = settings.installation.data_dir.absolute()
    if problem := _find_obstacle(settings):
        complain([problem])
        raise typer.Exit(FAILED)
    try:
        if settings.sqlite_path is not None:
            require_to_be_alone(settings.sqlite_path)
        if not yes:
            typer.confirm(f"Delete every account in {data_dir}, for ever?", abort=True)
        _delete(settings)
    except NotAloneError:
        complain(["the database is in use; stop the server first"])
        raise typer.Exit(FAILED) from None
    except OSError as error:
        complain([f"{data_dir} cannot be emptied ({error.strerror}); see GATEWAY_DATA_DIR"])
        raise typer.Exit(FAILED) from None
    typer.echo(f"{data_dir} is empty")


def _find_obstacle(settings: Settings) -> str | None:
    if settings.is_production:
        return "`dev reset` is for development, and GATEWAY_ENVIRONMENT is production"
    if not settings.is_sqlite:
        return "`dev reset` deletes the embedded database, and GATEWAY_DATABASE_URL is a server; empty that yourself"
    return None


def _delete(settings: Settings) -> None:
    if settings.sqlite_path is not None:
        delete_sqlite_files(settings.sqlite_path)
    shutil.rmtree(settings.avatars_path, ignore_errors=True)
    settings.inbox_path.unlink(missing_ok=True)
