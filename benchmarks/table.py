"""Measurements of several rounds, and the table that they make."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load import Result


@dataclass(frozen=True)
class Round:
    """One run of the load against one target, with what it cost."""

    result: Result
    server_cpu_seconds: float
    backing_cpu_seconds: float
    core_seconds: float
    wall_seconds: float

    @property
    def foreign(self) -> float:
        """The share of the server's core that others had; with much of it the round says little."""
        return max(0.0, self.core_seconds - self.server_cpu_seconds) / self.wall_seconds

    @property
    def cpu_microseconds(self) -> float:
        """Of the server, for each request."""
        return self.server_cpu_seconds / max(self.result.requests, 1) * 1e6

    @property
    def backing_microseconds(self) -> float:
        """Of PostgreSQL and Redis, for each request."""
        return self.backing_cpu_seconds / max(self.result.requests, 1) * 1e6

    @property
    def busy(self) -> float:
        """The share of one core that the server had; under 0.9 something else was the limit."""
        return self.server_cpu_seconds / self.result.seconds


@dataclass
class Row:
    """All rounds of one target."""

    name: str
    title: str
    answer_size: int
    answer_size_tolerance: float
    rounds: list[Round] = field(default_factory=list)
    resident_mib: float = 0.0

    @property
    def rate(self) -> float:
        """Median of requests per second."""
        return median(one.result.rate for one in self.rounds)

    def problems(self) -> list[str]:
        """What makes this row's figures worthless."""
        found = []
        if refused := sum(one.result.refused for one in self.rounds):
            found.append(f"{refused} answers with an error status")
        if broken := sum(one.result.broken for one in self.rounds):
            found.append(f"{broken} broken or late answers")
        sizes = [one.result.bytes_per_answer for one in self.rounds if one.result.requests]
        if any(abs(size / self.answer_size - 1) > self.answer_size_tolerance for size in sizes):
            found.append(f"answers of {max(sizes):.0f} bytes, not {self.answer_size}")
        return found


def spread(values: Iterable[float], form: str = ",.0f") -> str:
    """The median, and the least and the most in brackets."""
    numbers = sorted(values)
    return f"{median(numbers):{form}} ({numbers[0]:{form}}..{numbers[-1]:{form}})"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table with its columns aligned for the eye too."""
    rows = [list(head), *(list(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    out = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    out.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(out)


def compare_table(rows: Sequence[Row], against: Mapping[str, str], *, is_sorted: bool = True) -> str:
    """The table of rows, slowest first.

    `against` names the rows that ratios are taken to, each with a short title.
    """
    bases = {title: row.rate for row in rows for name, title in against.items() if row.name == name}
    head = ["server", "req/s", "p50 ms", "p99 ms", "CPU µs/request", "database µs/request", "busy", "MiB"]
    lines = []
    for row in sorted(rows, key=lambda row: row.rate) if is_sorted else rows:
        rounds = row.rounds
        lines.append(
            [
                row.title,
                spread(one.result.rate for one in rounds),
                f"{median(one.result.p50 for one in rounds):.2f}",
                spread((one.result.p99 for one in rounds), ".1f"),
                spread(one.cpu_microseconds for one in rounds),
                f"{median(one.backing_microseconds for one in rounds):.0f}",
                f"{median(one.busy for one in rounds):.0%}",
                f"{row.resident_mib:.0f}",
                *(f"{row.rate / base:.2f}×" for base in bases.values()),
            ]
        )
    return markdown([*head, *(f"× {title}" for title in bases)], lines)


def foreign_note(rows: Sequence[Row]) -> str:
    """How quiet the machine was."""
    shares = [one.foreign for row in rows for one in row.rounds]
    return f"others had of the server's core: {spread(shares, '.0%')}"


def as_data(row: Row) -> dict[str, object]:
    """A row for a machine to read."""
    return {**dataclasses.asdict(row), "rate": row.rate, "problems": row.problems()}
