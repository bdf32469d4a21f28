"""What is noted about a request, for the log line and for a developer's network panel."""

from time import perf_counter
from typing import Any, Final

from schema.endpoint.documents import PreparedDocument, PreparedOperation

NAME_MAXIMUM_CHARACTERS: Final = 64


class Trace:
    """The steps of one request, by the clock that only measures."""

    __slots__ = ("_documents", "_operations", "_started", "_steps")

    def __init__(self, started: float) -> None:
        self._started = started
        self._steps: list[tuple[str, float]] = []
        self._operations: list[str] = []
        self._documents: list[str] = []

    def mark(self, step: str) -> None:
        """Note that `step` is done."""
        self._steps.append((step, perf_counter()))

    def add_operation(self, operation: PreparedOperation, document: PreparedDocument) -> None:
        """Note what the request runs."""
        self._operations.append((operation.name or operation.kind)[:NAME_MAXIMUM_CHARACTERS])
        self._documents.append(document.sha256[:16])

    def note(self, content: object) -> dict[str, Any]:
        """Say what the log line needs: `operation` names, `document` hashes, `duration_ms`, `error_codes`."""
        return {
            "operation": ",".join(self._operations),
            "document": ",".join(self._documents),
            "duration_ms": round((perf_counter() - self._started) * 1000, 3),
            "error_codes": _codes_in(content),
        }

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
