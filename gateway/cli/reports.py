"""`audit`, `sms report` and `avatars sweep`."""

import json
from datetime import timedelta
from typing import Annotated

import typer

from gateway.cli.session import Mobile, as_text, run_with_context
from resolvers import erasure, operators
from resolvers.sms_report import SmsTally, report_sms

sms = typer.Typer(help="SMS codes: what was sent, used and refused.", no_args_is_help=True)
avatars = typer.Typer(help="Stored pictures.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("audit")(audit)
    app.add_typer(sms, name="sms")
    app.add_typer(avatars, name="avatars")


def audit(
    mobile: Mobile, *, last: Annotated[int, typer.Option(help="How many events.", min=1, max=10_000)] = 100
) -> None:
    """Print the account's audit trail, one JSON line an event, oldest first."""
    for event in run_with_context(lambda ctx: operators.list_events(ctx, mobile=mobile, limit=last)):
        shown = {name: getattr(event, name) for name in type(event).__slots__}
        typer.echo(json.dumps(shown, ensure_ascii=False, default=as_text))


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
