"""`schema` and `outbox`: what developers look at."""

import json
import time
from typing import Annotated

import typer

from adapters.development_inbox import read_inbox
from gateway.cli.session import FAILED, complain, load_settings
from schema.sdl import print_introspection, print_sdl

_FOLLOW_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("schema")(schema)
    app.command("outbox")(outbox)


def schema(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As the answer to introspection.")] = False,
) -> None:
    """Print the GraphQL schema (SDL)."""
    typer.echo(print_introspection() if as_json else print_sdl(), nl=False)


def outbox(
    *,
    last: Annotated[int, typer.Option(help="How many entries to show.", min=1, max=1000)] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing new ones.")] = False,
) -> None:
    """Show the newest captcha answers and SMS codes, one JSON line each. Development only."""
    settings = load_settings()
    if settings.is_production:
        complain(["there is no outbox in production"])
        raise typer.Exit(FAILED)
    shown = read_inbox(settings.inbox_path, last)
    _print(shown)
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        newest = read_inbox(settings.inbox_path, 1000)
        _print([entry for entry in newest if entry not in shown])
        shown = newest


def _print(entries: list[dict[str, object]]) -> None:
    for entry in entries:
        typer.echo(json.dumps(entry, ensure_ascii=False))
