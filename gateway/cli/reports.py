"""`audit`, `sms report` and `avatars sweep`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.cli.session import as_text, run_with_context
from resolvers import erasure, operators
from resolvers.audit_trail import stream_events
from resolvers.context import Context
from resolvers.sms_report import SmsTally, report_sms

sms = typer.Typer(help="SMS codes: what was sent, used and refused.", no_args_is_help=True)
avatars = typer.Typer(help="Stored pictures.", no_args_is_help=True)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("audit")(audit)
    app.add_typer(sms, name="sms")
    app.add_typer(avatars, name="avatars")


def audit(
    mobile: Annotated[str | None, typer.Argument(help="The account's mobile, in any spelling.")] = None,
    *,
    last: Annotated[int, typer.Option(help="How many events of the account.", min=1, max=10_000)] = 100,
    is_everything: Annotated[bool, typer.Option("--all", help="The events of everybody.")] = False,
    since: Annotated[
        datetime | None, typer.Option(help="With --all: from when on, in UTC.", formats=_TIMES)
    ] = None,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="One JSON line an event, as always.")] = False,
) -> None:
    """Print an account's audit trail, or with --all the whole of it, one JSON line an event, oldest first."""
    del as_lines
    if is_everything == (mobile is not None) or (since is not None and not is_everything):
        raise typer.BadParameter("say a MOBILE, or --all with or without --since")
    if mobile is None:
        run_with_context(lambda ctx: _print_everything(ctx, since or _BEGINNING))
        return
    for event in run_with_context(lambda ctx: operators.list_events(ctx, mobile=mobile, limit=last)):
        _print_event(asdict(event))


async def _print_everything(ctx: Context, since: datetime) -> None:
    async for number, event in stream_events(ctx, since=since.replace(tzinfo=UTC)):
        _print_event({"id": number} | asdict(event))


def _print_event(event: dict[str, object]) -> None:
    typer.echo(json.dumps(event, ensure_ascii=False, default=as_text))


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
