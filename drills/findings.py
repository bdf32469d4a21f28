"""What a drill has found: measurements and checks, printed as they come."""

from dataclasses import dataclass, field

MISSING = "no answer"


class DrillError(Exception):
    """The drill itself cannot go on; the message says why."""


@dataclass(slots=True)
class Findings:
    """The checks of one drill. `failed` counts those that did not hold."""

    drill: str
    passed: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def check(self, fact: str, *, holds: bool, measured: object = "") -> None:
        """Print whether `fact` holds, with what was measured."""
        note = f"  [{measured}]" if measured != "" else ""
        print(f"  {'ok    ' if holds else 'FAILED'}  {fact}{note}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            self.failures.append(f"{self.drill}: {fact}{note}")

    def check_within(self, fact: str, seconds: float, limit_seconds: float) -> None:
        """Print whether something took at most so long."""
        measured = f"{seconds:.2f} s of {limit_seconds:g} s"
        self.check(fact, holds=seconds <= limit_seconds, measured=measured)

    def tell(self, text: str) -> None:
        """Print a measurement that nothing is demanded of."""
        print(f"          {text}", flush=True)
