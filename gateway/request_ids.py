"""The id of each request: in its answer, in every log line about it, and in the report of whoever asks."""

import random
import re

from gateway.addresses import ClientAddresses

_FORM = re.compile(rb"[A-Za-z0-9_.-]{8,64}")

# Names requests, keeps nothing secret.
_numbers = random.Random()  # noqa: S311


def choose_request_id(addresses: ClientAddresses, peer: str, brought: bytes | None) -> str:
    """A fresh id, or the one that a trusted proxy has given the request already."""
    if brought and addresses.is_trusted(peer) and _FORM.fullmatch(brought):
        return brought.decode()
    return f"{_numbers.getrandbits(64):016x}"
