"""An outage is one story in the log: its beginning, a line a minute, its end."""

from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from db.engine import Database, DatabaseUnavailableError
from resolvers.outages import QUIET_SECONDS, Outage
from resolvers.ports import SmsSenderError

pytestmark = pytest.mark.anyio


class Story:
    """An outage by a clock that is moved by hand, and what the log says of it."""

    def __init__(self, log: LogCapture) -> None:
        self.now = 1000.0
        logger = structlog.wrap_logger(None, [structlog.stdlib.add_log_level, log])
        self.outage = Outage("database", monotonic=lambda: self.now, log=logger)
        self._log = log

    @property
    def events(self) -> list[str]:
        return [str(entry["event"]).removeprefix("dependency.outage_") for entry in self._log.entries]

    @property
    def last(self) -> dict[str, object]:
        return dict(self._log.entries[-1])


@pytest.fixture
def story() -> Story:
    return Story(LogCapture())


def test_what_works_is_not_told(story: Story) -> None:
    story.outage.worked()
    story.outage.look()

    assert story.events == []


def test_outage_of_three_minutes_is_told_four_times(story: Story) -> None:
    for _ in range(1800):
        story.outage.failed("ConnectionRefusedError")
        story.now += 0.1
    story.outage.worked()
    story.now += QUIET_SECONDS
    story.outage.worked()
    story.outage.worked()

    assert story.events == ["began", "lasts", "lasts", "ended"]
    assert story.last["failed_calls"] == 1800
    assert story.last["cause"] == "ConnectionRefusedError"
    assert story.last["dependency"] == "database"
    assert story.last["seconds"] == pytest.approx(180, abs=1)


def test_outage_is_an_error_with_its_cause(story: Story) -> None:
    story.outage.failed("no answer in time")

    assert (story.last["level"], story.last["cause"]) == ("error", "no answer in time")


def test_calls_that_fail_and_work_in_turn_are_one_outage(story: Story) -> None:
    for _ in range(100):
        story.outage.failed("timeout")
        story.outage.worked()
        story.now += 0.1

    assert story.events == ["began"]


def test_end_is_told_by_the_clock_when_nobody_calls_any_more(story: Story) -> None:
    story.outage.failed("timeout")
    story.now += 1
    story.outage.worked()
    story.now += QUIET_SECONDS
    story.outage.look()

    assert story.events == ["began", "ended"]


def test_one_failure_without_another_call_is_not_told_every_minute(story: Story) -> None:
    story.outage.failed("the vendor did not accept the message")
    for _ in range(10):
        story.now += 60
        story.outage.look()

    assert story.events == ["began"]


def test_next_outage_is_a_story_of_its_own(story: Story) -> None:
    for _ in range(2):
        story.outage.failed("timeout")
        story.now += QUIET_SECONDS
        story.outage.worked()

    assert story.events == ["began", "ended"] * 2
    assert story.last["failed_calls"] == 1


async def test_watched_block_tells_how_it_ended(story: Story) -> None:
    with pytest.raises(SmsSenderError):
        async with story.outage.watching(SmsSenderError):
            raise SmsSenderError("no answer")
    assert story.events == ["began"]

    story.now += QUIET_SECONDS
    async with story.outage.watching(SmsSenderError):
        pass

    assert story.events == ["began", "ended"]


async def test_database_that_cannot_be_opened_is_an_outage(story: Story, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/absent/gateway.db", timeout_seconds=60, watcher=story.outage)

    with pytest.raises(DatabaseUnavailableError):
        await database.ping()

    assert story.events == ["began"]
    assert "unable to open" in str(story.last["cause"])
    await database.aclose()


async def test_database_that_is_back_ends_its_outage(story: Story, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/gateway.db", timeout_seconds=60, watcher=story.outage)
    story.outage.failed("no answer in time")
    story.now += QUIET_SECONDS

    await database.ping()

    assert story.events == ["began", "ended"]
    await database.aclose()
