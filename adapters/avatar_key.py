"""The form of a picture's key."""

import re

_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)


def is_avatar_key(key: str) -> bool:
    """Whether `key` is a SHA-256 in lower-case hex."""
    return _FORM.fullmatch(key) is not None


def check_avatar_key(key: str) -> None:
    """Refuse what is no content hash; part of a path is never built from it.

    Raises:
        ValueError: unless `key` is 64 lower-case hex digits.
    """
    if not is_avatar_key(key):
        raise ValueError("a picture's key is 64 hex digits")
