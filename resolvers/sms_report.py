"""The operators' report on SMS: what was sent, used and refused, and why; by hour, by prefix, by address."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from db.sms_messages import SENT, SmsMessageRow, list_sms_messages
from resolvers.context import Context

_ROWS_A_TABLE = 30


@dataclass(slots=True)
class SmsTally:
    """Sums over one hour, prefix or address. `refused` counts by reason."""

    sent: int = 0
    used: int = 0
    failed: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, message: SmsMessageRow) -> None:
        """Count one message."""
        if message.outcome == SENT:
            self.sent += 1
            self.used += message.used_at is not None
        elif message.outcome == "failed":
            self.failed += 1
        else:
            self.refused[message.outcome] += 1


@dataclass(frozen=True, slots=True)
class SmsReport:
    """The tables: hours in their order, prefixes and addresses with the most messages first."""

    by_hour: dict[str, SmsTally]
    by_prefix: dict[str, SmsTally]
    by_address: dict[str, SmsTally]


async def report_sms(ctx: Context, *, hours: int) -> SmsReport:
    """What happened in the last `hours`."""
    async with ctx.reading() as connection:
        messages = await list_sms_messages(connection, ctx.now - timedelta(hours=hours))
    return SmsReport(
        by_hour=_tally(messages, lambda message: message.at.strftime("%Y-%m-%d %H:00")),
        by_prefix=_busiest(_tally(messages, lambda message: message.prefix)),
        by_address=_busiest(_tally(messages, lambda message: message.address)),
    )


def _tally(messages: list[SmsMessageRow], key_of: Callable[[SmsMessageRow], str]) -> dict[str, SmsTally]:
    tallies: dict[str, SmsTally] = {}
    for message in messages:
        tallies.setdefault(key_of(message), SmsTally()).add(message)
    return tallies


def _busiest(tallies: dict[str, SmsTally]) -> dict[str, SmsTally]:
    ranked = sorted(tallies.items(), key=lambda item: item[1].sent + item[1].refused.total(), reverse=True)
    return dict(ranked[:_ROWS_A_TABLE])
