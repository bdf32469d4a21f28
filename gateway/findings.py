"""What is found wrong, or only odd, before and beside serving, and how much it matters."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Nothing but a change by the operator mends it: `serve` refuses, `check` ends with 1."""
    OUTAGE = "outage"
    """Something does not answer just now, and may by itself: `serve` starts, `check` ends with 1."""
    WARNING = "warning"
    """It works, and is most likely not what was meant."""
    NOTE = "note"
    """Worth a look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: one line that names the setting and what to do."""

    severity: Severity
    text: str

    @property
    def is_problem(self) -> bool:
        """Whether it has to be mended before everything works."""
        return self.severity in {Severity.ERROR, Severity.OUTAGE}

    def __str__(self) -> str:
        """The line as it is printed."""
        return f"{'problem' if self.is_problem else self.severity}: {self.text}"


def error(text: str) -> Finding:
    """A finding that keeps `serve` from starting."""
    return Finding(Severity.ERROR, text)


def outage(text: str) -> Finding:
    """A finding about something that does not answer just now."""
    return Finding(Severity.OUTAGE, text)


def warning(text: str) -> Finding:
    """A finding that keeps nothing from working."""
    return Finding(Severity.WARNING, text)


def note(text: str) -> Finding:
    """A finding that is worth a look."""
    return Finding(Severity.NOTE, text)


def errors_of(findings: Iterable[Finding]) -> list[str]:
    """The texts of what keeps `serve` from starting."""
    return [finding.text for finding in findings if finding.severity is Severity.ERROR]
