"""One set of counters for all workers: each writes its own file, and whoever is asked adds them up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# The library's own interface: it decides by this variable when it is imported.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """A folder in which the workers that are started in this block count together; it is gone afterwards.

    It is a fresh one, whatever the environment names: files of an earlier run would be added to this one's.
    """
    with TemporaryDirectory(prefix="account-gateway-metrics-") as name:
        os.environ[_VARIABLE] = name
        try:
            yield Path(name)
        finally:
            del os.environ[_VARIABLE]


def forget_worker(pid: int, folder: Path) -> None:
    """Forget what a dead worker said of the present. What it has counted stays, lest a sum run backwards."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def render_metrics() -> bytes:
    """Prometheus' text format: the counters of all workers of this instance. It reads files."""
    if _VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
