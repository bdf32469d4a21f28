"""The command line: `account-gateway`, or `python -m gateway`.

Exit codes: 0 done, 1 something is wrong and was named, 2 the command itself was wrong, 3 nothing was found.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from gateway.cli.operator_name import set_operator_name

# Which module adds which command. Each imports seconds of code, and workers import this one before they do anything.
_MODULES = {
    "serve": "serving",
    "migrate": "serving",
    "check": "serving",
    "schema": "operation",
    "outbox": "operation",
    "users": "accounts",
    "identity": "accounts",
    "limits": "limits",
    "keys": "keys",
    "dev": "development",
    "sms": "reports",
    "avatars": "reports",
    "audit": "reports",
}


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - typer's own signature
    if is_asked:
        typer.echo(f"account-gateway {version('account-gateway')}")
        raise typer.Exit


def _name_operator(name: str | None) -> str | None:
    try:
        set_operator_name(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return name


def choose(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end."),
    ] = False,
    operator: Annotated[
        str | None,
        typer.Option(
            callback=_name_operator, help="Who acts, for the audit trail, instead of the login name."
        ),
    ] = None,
) -> None:
    """Accounts that start with a mobile, behind GraphQL and a legacy REST API."""


def make_app(first_word: str = "") -> typer.Typer:
    """All commands, or only those that come with `first_word` where that is one."""
    app = typer.Typer(
        name="account-gateway", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    app.callback()(choose)
    for module in _choose_modules(first_word):
        import_module(f"gateway.cli.{module}").add_to(app)
    return app


def _choose_modules(first_word: str) -> Iterable[str]:
    if first_word == "--version":
        return ()
    return [_MODULES[first_word]] if first_word in _MODULES else dict.fromkeys(_MODULES.values())


def run() -> None:
    """Run the command that was typed."""
    make_app(*sys.argv[1:2])()
