"""The command line: `account-gateway`, or `python -m gateway`.

Exit codes: 0 done, 1 something is wrong and was named, 2 the command itself was wrong, 3 nothing was found.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from gateway.cli import accounts, development, keys, operation, reports, serving

app = typer.Typer(
    name="account-gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - typer's own signature
    if is_asked:
        typer.echo(f"account-gateway {version('account-gateway')}")
        raise typer.Exit


@app.callback()
def choose(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Accounts that start with a phone number, behind GraphQL and a legacy REST API."""


serving.add_to(app)
operation.add_to(app)
app.add_typer(accounts.users, name="users")
app.add_typer(accounts.identity, name="identity")
app.add_typer(keys.keys, name="keys")
app.add_typer(development.dev, name="dev")
app.add_typer(reports.sms, name="sms")
app.add_typer(reports.avatars, name="avatars")
app.command("audit")(reports.audit)


def run() -> None:
    """Run the command that was typed."""
    app()
