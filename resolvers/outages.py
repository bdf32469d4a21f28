"""Outages of what the service depends on, each told once: when it begins, once a minute while it lasts, when it ends.

Every refused request has its own line in the access log, which may be off, and which nobody counts by hand.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from resolvers.metrics import DEPENDENCY_DOWN

REPEAT_SECONDS = 60
# Where some calls fail and others do not, it is one outage and not a hundred.
QUIET_SECONDS = 5

_log = structlog.get_logger("gateway.outages")


class Outage:
    """What is known of one dependency: `failed` and `worked` are told of each call, from the event loop."""

    def __init__(
        self,
        dependency: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        log: structlog.typing.WrappedLogger = _log,
    ) -> None:
        self._log = log
        self._dependency = dependency
        self._monotonic = monotonic
        self._gauge = DEPENDENCY_DOWN.labels(dependency)
        self._gauge.set(0)
        self.is_on = False
        self._has_worked = False
        self._begun_at = self._failed_at = self._told_at = 0.0
        self._failed_calls = self._told_calls = 0
        self._cause = ""

    def failed(self, cause: str) -> None:
        """A call that was given up or refused, of whatever cause: a word or two without private data."""
        now = self._monotonic()
        if not self.is_on:
            self.is_on, self._begun_at, self._told_at, self._failed_calls = True, now, now, 0
            self._told_calls = 1
            self._gauge.set(1)
            self._log.error("dependency.outage_began", dependency=self._dependency, cause=cause)
        self._failed_calls += 1
        self._failed_at, self._has_worked = now, False
        self._cause = cause
        self.look()

    def worked(self) -> None:
        """A call that was answered."""
        if self.is_on:
            self._has_worked = True
            self.look()

    def look(self) -> None:
        """Say what there is to say by now; also called by the clock, for no request may come."""
        now = self._monotonic()
        if not self.is_on:
            return
        if self._has_worked and now - self._failed_at >= QUIET_SECONDS:
            self.is_on = False
            self._gauge.set(0)
            self._tell(self._log.warning, "dependency.outage_ended", self._failed_at)
        elif now - self._told_at >= REPEAT_SECONDS and self._failed_calls > self._told_calls:
            self._told_at, self._told_calls = now, self._failed_calls
            self._tell(self._log.error, "dependency.outage_lasts", now)

    def _tell(self, log: Callable[..., object], event: str, until: float) -> None:
        log(
            event,
            dependency=self._dependency,
            cause=self._cause,
            failed_calls=self._failed_calls,
            seconds=round(until - self._begun_at, 1),
        )

    @asynccontextmanager
    async def watching(self, *failures: type[Exception]) -> AsyncIterator[None]:
        """Take note of how the block ends: by one of `failures`, or well."""
        try:
            yield
        except failures as error:
            self.failed(str(error) or type(error).__name__)
            raise
        self.worked()


@dataclass(frozen=True, slots=True)
class Outages:
    """One for each dependency. Short-lived state that is in the database has the database's."""

    database: Outage = field(default_factory=lambda: Outage("database"))
    state_store: Outage = field(default_factory=lambda: Outage("state store"))
    sms_vendor: Outage = field(default_factory=lambda: Outage("SMS vendor"))
    avatar_store: Outage = field(default_factory=lambda: Outage("avatar store"))
