"""`users …` and `identity …`: what operators do to accounts. Everything is in the audit trail."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.session import FAILED, NOT_FOUND, Mobile, as_text, complain, run_with_context
from resolvers import erasure, operators
from resolvers.account_search import find_accounts

users = typer.Typer(help="Look at and act on one account.", no_args_is_help=True)
identity = typer.Typer(help="Undo a wrong real-name record.", no_args_is_help=True)

_REASON_CHARACTERS = 500


def _check_reason(reason: str) -> str:
    """The audit trail keeps it, so that it has to say something."""
    reason = reason.strip()
    if not any(character.isalnum() for character in reason):
        raise typer.BadParameter("say why; it goes to the audit trail")
    if len(reason) > _REASON_CHARACTERS:
        raise typer.BadParameter(f"at most {_REASON_CHARACTERS} characters")
    return reason


Reason = Annotated[str, typer.Option(callback=_check_reason, help="Why; it goes to the audit trail.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(users, name="users")
    app.add_typer(identity, name="identity")


@users.command("show")
def show(mobile: Mobile) -> None:
    """Print the account as JSON; of the real-name record only when it was submitted."""
    report = run_with_context(lambda ctx: operators.show_account(ctx, mobile=mobile))
    account = report.account
    shown = {
        "id": account.id,
        "mobile": account.mobile,
        "name": account.name,
        "avatar_key": account.avatar_key,
        "created_at": account.created_at.isoformat(),
        "locked_at": report.locked_at.isoformat() if report.locked_at else None,
        "live_sessions": report.live_sessions,
        "identity_submitted_at": (
            report.identity_submitted_at.isoformat() if report.identity_submitted_at else None
        ),
    }
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@users.command("find")
def find(
    *,
    mobile: Annotated[
        str | None, typer.Option(help="How it begins; Chinese, unless it begins with `+`.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="How it begins, without case.")] = None,
    account_id: Annotated[
        str | None, typer.Option("--id", help="The number, or the id that clients know.")
    ] = None,
    after: Annotated[int, typer.Option(help="Go on after the account with this number.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)] = 100,
) -> None:
    """Print the accounts that match all that is given, one JSON line each, and how to get the next ones."""
    if mobile is None and name is None and account_id is None:
        raise typer.BadParameter("say --mobile, --name or --id")
    found = run_with_context(
        lambda ctx: find_accounts(
            ctx, mobile=mobile, name=name, account_id=account_id, after_number=after, limit=limit
        )
    )
    for row in found:
        typer.echo(json.dumps(row._asdict(), ensure_ascii=False, default=as_text))
    if not found:
        complain(["no account matches"])
        raise typer.Exit(NOT_FOUND)
    if len(found) == limit:
        typer.echo(f"there may be more: --after {found[-1].id}", err=True)


@users.command("require-reset")
def require_reset(mobile: Mobile) -> None:
    """Take the password away and sign the account out everywhere: its owner gets in by SMS code."""
    ended = run_with_context(lambda ctx: operators.require_reset(ctx, mobile=mobile))
    typer.echo(f"the password is void; {ended} sessions ended")


@users.command("lock")
def lock(mobile: Mobile) -> None:
    """Lock the account and sign it out everywhere."""
    ended = run_with_context(lambda ctx: operators.lock_account(ctx, mobile=mobile))
    typer.echo(f"locked; {ended} sessions ended")


@users.command("unlock")
def unlock(mobile: Mobile) -> None:
    """Let the account sign in again."""
    run_with_context(lambda ctx: operators.unlock_account(ctx, mobile=mobile))
    typer.echo("unlocked")


@users.command("sign-out")
def sign_out(mobile: Mobile) -> None:
    """End every session of the account."""
    ended = run_with_context(lambda ctx: operators.sign_out_account(ctx, mobile=mobile))
    typer.echo(f"{ended} sessions ended")


@users.command("export")
def export(
    mobile: Mobile,
    into: Annotated[Path, typer.Option(help="An empty or new folder for account.json and avatar.webp.")],
) -> None:
    """Write everything that is held about the person; the real-name record is in clear."""
    if into.exists() and not (into.is_dir() and not any(into.iterdir())):
        complain([f"{into} is no empty folder"])
        raise typer.Exit(FAILED)
    exported = run_with_context(lambda ctx: erasure.export_account(ctx, mobile=mobile))
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps(exported.data, ensure_ascii=False, indent=2, default=as_text)
    _write_private(into / "account.json", text.encode())
    if exported.avatar is not None:
        _write_private(into / "avatar.webp", exported.avatar)
    typer.echo(f"written to {into}")


@users.command("erase")
def erase(
    mobile: Mobile,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase the person everywhere, for ever; the audit trail keeps what was done, under a pseudonym."""
    if not yes:
        typer.confirm("Erase this account and all that belongs to it, for ever?", abort=True)
    run_with_context(lambda ctx: erasure.erase_account(ctx, mobile=mobile))
    typer.echo("erased")


@identity.command("reset")
def reset(
    mobile: Mobile,
    reason: Reason,
) -> None:
    """Delete the account's real-name record, so that a right one can be submitted."""
    if not run_with_context(lambda ctx: operators.reset_identity(ctx, mobile=mobile, reason=reason)):
        complain(["the account has no real-name record"])
        raise typer.Exit(NOT_FOUND)
    typer.echo("the real-name record is deleted")


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read; the folder may have been there with a mode of its own."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
