"""The passwords that are guessed first.

Source: the list of passwords by frequency in the package `zxcvbn` 4.5.0 (MIT licence; copyright 2012-2016 Dan Wheeler
and Dropbox, Inc.), its first 10,000; those too short to be chosen anyway are left out. A test holds the file to it.
The package itself is not loaded: its other lists take 12 MiB.
"""

from functools import cache
from pathlib import Path

RANKS = 10_000
LIST = Path(__file__).with_name("common_passwords.txt")


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def is_common_password(password: str) -> bool:
    """Whether `password`, without case, is among the 10,000 commonest."""
    return password.lower() in _common_passwords()
