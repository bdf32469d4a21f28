"""The operators' report on SMS: what was sent, used and refused, and why; by hour, by prefix, by address."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.engine import Connection
from db.sms_messages import SENT, SmsCount, SmsGrouping, count_sms
from resolvers.context import Context

_ROWS_A_TABLE = 30


@dataclass(slots=True)
class SmsTally:
    """Sums over one hour, prefix or address. `refused` counts by reason."""

    sent: int = 0
    used: int = 0
    failed: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, count: SmsCount) -> None:
        """Count the messages that came to one outcome."""
        if count.outcome == SENT:
            self.sent += count.messages
            self.used += count.used
        elif count.outcome == "failed":
            self.failed += count.messages
        else:
            self.refused[count.outcome] += count.messages

    @property
    def messages(self) -> int:
        """All of them."""
        return self.sent + self.failed + self.refused.total()


@dataclass(frozen=True, slots=True)
class SmsReport:
    """The tables: hours in their order, prefixes and addresses with the most messages first."""

    by_hour: dict[str, SmsTally]
    by_prefix: dict[str, SmsTally]
    by_address: dict[str, SmsTally]


async def report_sms(ctx: Context, *, hours: int) -> SmsReport:
    """What happened in the last `hours`; the database adds up, however many messages there are."""
    ctx.require_operator()
    since = ctx.now - timedelta(hours=hours)
    async with ctx.reporting() as connection:
        by_hour = await _tally(connection, "hour", since, limit=hours + 1)
        by_prefix = await _tally(connection, "prefix", since, limit=_ROWS_A_TABLE)
        by_address = await _tally(connection, "address", since, limit=_ROWS_A_TABLE)
    return SmsReport(
        {f"{hour}:00": by_hour[hour] for hour in sorted(by_hour)}, _busiest(by_prefix), _busiest(by_address)
    )


async def _tally(
    connection: Connection, by: SmsGrouping, since: datetime, *, limit: int
) -> dict[str, SmsTally]:
    tallies: dict[str, SmsTally] = {}
    for count in await count_sms(connection, by, since, limit=limit):
        tallies.setdefault(count.group, SmsTally()).add(count)
    return tallies


def _busiest(tallies: dict[str, SmsTally]) -> dict[str, SmsTally]:
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].messages, item[0])))
