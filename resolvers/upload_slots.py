"""Who is uploading: two at one time for each account in this process, one that is worked on and one that waits.

A place is asked for before the body is taken in, so that no account can fill with its uploads what all share.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from resolvers.errors import RateLimitedError
from resolvers.messages import Reason

PLACES_OF_AN_ACCOUNT = 2
_TYPICAL_SECONDS = 2


class UploadSlots:
    """The places that are taken at the moment."""

    def __init__(self, maximum: int = PLACES_OF_AN_ACCOUNT) -> None:
        self._maximum = maximum
        self._taken: Counter[int] = Counter()

    @contextmanager
    def holding(self, account_id: int) -> Iterator[None]:
        """Hold a place of the account's.

        Raises:
            RateLimitedError: it has none left.
        """
        if self._taken[account_id] >= self._maximum:
            raise RateLimitedError(_TYPICAL_SECONDS, Reason.UPLOAD_IN_PROGRESS)
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]
