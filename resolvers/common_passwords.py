"""The passwords that are guessed first.

Source: the ranked list of 30,000 leaked passwords in the package `zxcvbn` (MIT licence); the first 10,000 count.
"""

from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS

RANKS = 10_000


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"][:RANKS])


def is_common_password(password: str) -> bool:
    """Whether `password`, without case, is among the 10,000 commonest."""
    return password.lower() in _common_passwords()
