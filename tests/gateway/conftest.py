"""A whole gateway in this process, for what concerns both doors; see `tests/doors/house.py`."""

from tests.doors.conftest import backend, build_house, database_url, house

__all__ = ["backend", "build_house", "database_url", "house"]
