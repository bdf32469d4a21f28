"""`keys …`: making a secret key, and encrypting everything again with the active one."""

import base64
import secrets
from datetime import UTC, datetime

import typer

from gateway.cli.session import run_with_context
from resolvers import operators

keys = typer.Typer(help="The secret keys of GATEWAY_SECRET_KEYS.", no_args_is_help=True)

_KEY_BYTES = 32


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(keys, name="keys")


@keys.command("new")
def new() -> None:
    """Print a fresh key. Put it in front of the others in GATEWAY_SECRET_KEYS, then run `keys rotate`."""
    name = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    typer.echo(f"{name}:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}")


@keys.command("rotate")
def rotate() -> None:
    """Encrypt every real-name record with the active (first) key; afterwards the older keys can be taken out."""
    typer.echo(f"{run_with_context(operators.reencrypt_identities)} records encrypted again")
