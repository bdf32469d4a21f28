"""`limits …`: what is counted against a mobile or an address, and lifting it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli.session import NOT_FOUND, complain, run_with_context
from resolvers.limit_relief import lift_limits, show_limits

limits = typer.Typer(help="What is counted against a mobile or an address.", no_args_is_help=True)

Subject = Annotated[
    str, typer.Argument(metavar="MOBILE|ADDRESS", help="A mobile, or an address of a client.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(limits, name="limits")


@limits.command("show")
def show(subject: Subject) -> None:
    """Print what is counted, one JSON line a limit, and how long sign-in still pauses."""
    report = run_with_context(lambda ctx: show_limits(ctx, subject=subject))
    for use in report.uses:
        typer.echo(json.dumps(asdict(use)))
    if report.sign_in_pause_seconds:
        typer.echo(json.dumps({"action": "sign-in-pause", "seconds": report.sign_in_pause_seconds}))
    elif not report.uses:
        complain(["nothing is counted against it"])
        raise typer.Exit(NOT_FOUND)


@limits.command("lift")
def lift(subject: Subject) -> None:
    """Forget what is counted, and end the pause of sign-in."""
    typer.echo(f"{run_with_context(lambda ctx: lift_limits(ctx, subject=subject))} limits lifted")
