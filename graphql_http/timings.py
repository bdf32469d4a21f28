"""What is noted about a request, for the log line and for a developer's network panel."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from graphql_http.documents import PreparedOperation


class Timings:
    """The steps of one request, by the clock that only measures. A step that was not reached is 0."""

    __slots__ = ("_operations", "execute", "prepare", "read", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.read = self.prepare = self.execute = 0.0
        self._operations: list[PreparedOperation] = []

    def add_operation(self, operation: PreparedOperation) -> None:
        """Note what the request runs; it is prepared now."""
        self._operations.append(operation)
        self.prepare = perf_counter()

    def note(self, content: object) -> Mapping[str, Any]:
        """Say what the log line needs: `operation` names, `document` hashes, `error_codes`."""
        if len(self._operations) == 1 and isinstance(content, dict) and "errors" not in content:
            return self._operations[0].note
        notes = [operation.note for operation in self._operations]
        joined = {key: ",".join(note[key] for note in notes) for key in ("operation", "document")}
        return {**joined, "error_codes": _codes_in(content)}

    def server_timing(self) -> tuple[bytes, bytes]:
        """The header `Server-Timing`, with milliseconds for each step. Source: the W3C's Server Timing."""
        entries, before = [], self.started
        for step, at in (("read", self.read), ("prepare", self.prepare), ("execute", self.execute)):
            if at:
                entries.append(f"{step};dur={(at - before) * 1000:.3f}")
                before = at
        entries.append(f"total;dur={(perf_counter() - self.started) * 1000:.3f}")
        return b"server-timing", ", ".join(entries).encode()


def _codes_in(content: object) -> list[str]:
    responses = content if isinstance(content, list) else [content]
    found = [response.get("errors", ()) for response in responses if isinstance(response, dict)]
    return [entry["extensions"]["code"] for entries in found for entry in entries]
