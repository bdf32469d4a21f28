"""A whole gateway in this process, for what concerns both doors; see `tests/doors/harness.py`."""

from tests.doors.conftest import backend, build_harness, database_url, harness

__all__ = ["backend", "build_harness", "database_url", "harness"]
