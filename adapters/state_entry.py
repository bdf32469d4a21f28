"""What every state store agrees on: keys, values and lifetimes."""

import math
from collections.abc import Callable
from datetime import datetime

MAXIMUM_KEY_LENGTH = 200
MAXIMUM_VALUE_BYTES = 64 * 1024

Clock = Callable[[], datetime]


def check_key(key: str) -> None:
    """Refuse what some store could not keep.

    Raises:
        ValueError: unless `key` is 1 to 200 visible ASCII characters (MySQL ignores spaces at the end).
    """
    is_visible = key.isascii() and key.isprintable() and " " not in key
    if not (is_visible and 1 <= len(key) <= MAXIMUM_KEY_LENGTH):
        raise ValueError("a state key is 1 to 200 visible ASCII characters")


def check_value(value: str) -> None:
    """Refuse what some store could not keep.

    Raises:
        ValueError: for more than 64 KiB of UTF-8, for NUL (PostgreSQL cannot keep it), for lone surrogates.
    """
    if "\x00" in value:
        raise ValueError("a state value cannot contain NUL")
    if len(value.encode()) > MAXIMUM_VALUE_BYTES:
        raise ValueError("a state value is at most 64 KiB")


def lifetime_ms(ttl_seconds: float) -> int:
    """`ttl_seconds` in whole milliseconds, at least 1.

    Raises:
        ValueError: unless it is a positive, finite number.
    """
    if not (math.isfinite(ttl_seconds) and ttl_seconds > 0):
        raise ValueError("a lifetime is a positive number of seconds")
    return math.ceil(ttl_seconds * 1000)


def unix_ms(now: datetime) -> int:
    """`now` as Unix time in milliseconds."""
    return int(now.timestamp() * 1000)
