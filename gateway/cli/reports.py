"""`audit`, `sms report`, `users export|erase` and `avatars sweep`."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.accounts import Mobile, users
from gateway.cli.session import FAILED, complain, run_with_context
from resolvers import erasure, operators
from resolvers.sms_report import SmsTally, report_sms

sms = typer.Typer(help="SMS codes: what was sent, used and refused.", no_args_is_help=True)
avatars = typer.Typer(help="Stored pictures.", no_args_is_help=True)


def audit(
    mobile: Mobile, *, last: Annotated[int, typer.Option(help="How many events.", min=1, max=10_000)] = 100
) -> None:
    """Print the account's audit trail, one JSON line an event, oldest first."""
    for event in run_with_context(lambda ctx: operators.list_events(ctx, mobile=mobile, limit=last)):
        shown = {name: getattr(event, name) for name in type(event).__slots__}
        typer.echo(json.dumps(shown, ensure_ascii=False, default=_plain))


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
    text = json.dumps(exported.data, ensure_ascii=False, indent=2, default=_plain)
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


@avatars.command("sweep")
def sweep(
    *, minutes: Annotated[int, typer.Option(help="Only what is older; it may be on its way.", min=0)] = 60
) -> None:
    """Delete pictures that no account shows, left over from a crash."""
    age = timedelta(minutes=minutes)
    swept = run_with_context(lambda ctx: erasure.sweep_avatars(ctx, minimum_age=age))
    typer.echo(f"{swept} pictures deleted")


@sms.command("report")
def report(*, hours: Annotated[int, typer.Option(help="How far back.", min=1, max=24 * 31)] = 24) -> None:
    """Print what was sent, used and refused (and why), by hour, by prefix and by address."""
    found = run_with_context(lambda ctx: report_sms(ctx, hours=hours))
    _print_table("hour (UTC)", found.by_hour)
    _print_table("prefix", found.by_prefix)
    _print_table("address", found.by_address)


def _print_table(title: str, tallies: dict[str, SmsTally]) -> None:
    typer.echo(f"\n{title:<24}{'sent':>8}{'used':>8}{'share':>8}{'failed':>8}{'refused':>9}  why")
    for key, tally in tallies.items():
        share = f"{tally.used / tally.sent:.0%}" if tally.sent else "-"
        why = ", ".join(f"{reason} {count}" for reason, count in tally.refused.most_common())
        refused = tally.refused.total()
        typer.echo(f"{key:<24}{tally.sent:>8}{tally.used:>8}{share:>8}{tally.failed:>8}{refused:>9}  {why}")


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read; the folder may have been there with a mode of its own."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
