"""What is noted about a request, for the log line and for a developer's network panel."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from schema.endpoint.documents import PreparedOperation


class Trace:
    """The steps of one request, by the clock that only measures."""

    __slots__ = ("_operations", "_started", "_steps")

    def __init__(self, started: float) -> None:
        self._started = started
        self._steps: list[tuple[str, float]] = []
        self._operations: list[PreparedOperation] = []

    def mark(self, step: str) -> None:
        """Note that `step` is done."""
        self._steps.append((step, perf_counter()))

    def add_operation(self, operation: PreparedOperation) -> None:
        """Note what the request runs."""
        self._operations.append(operation)

    def note(self, content: object) -> Mapping[str, Any]:
        """Say what the log line needs: `operation` names, `document` hashes, `error_codes`."""
        notes = [operation.note for operation in self._operations]
        codes = _codes_in(content)
        if len(notes) == 1 and not codes:
            return notes[0]
        joined = {key: ",".join(note[key] for note in notes) for key in ("operation", "document")}
        return {**joined, "error_codes": codes}

    def server_timing(self) -> tuple[bytes, bytes]:
        """The header `Server-Timing`, with milliseconds for each step. Source: the W3C's Server Timing."""
        entries, before = [], self._started
        for step, at in self._steps:
            entries.append(f"{step};dur={(at - before) * 1000:.3f}")
            before = at
        entries.append(f"total;dur={(perf_counter() - self._started) * 1000:.3f}")
        return b"server-timing", ", ".join(entries).encode()


def _codes_in(content: object) -> list[str]:
    if isinstance(content, dict) and "errors" not in content:
        return []
    replies = content if isinstance(content, list) else [content]
    found = [reply.get("errors", ()) for reply in replies if isinstance(reply, dict)]
    return [entry["extensions"]["code"] for entries in found for entry in entries]
