"""Passwords: the rule, and argon2id off the event loop.

A password is its NFC form (Unicode UAX 15): systems type one text in different spellings.
"""

from contextlib import AbstractContextManager

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from resolvers.characters import normalize_canonical
from resolvers.common_passwords import is_common_password
from resolvers.errors import ErrorCode, InputError, invalid_input
from resolvers.messages import Reason
from resolvers.text_rules import has_surrogate
from resolvers.workers import Place, WorkerPool

MINIMUM_CHARACTERS = 8
MAXIMUM_CHARACTERS = 128

# One character may be typed as four code points, in Vietnamese or Greek; a longer text is refused unread.
_LONGEST_INPUT = 4 * MAXIMUM_CHARACTERS


class Passwords:
    """Hashes and verifies in a pool of its own, so that a sign-in storm slows down sign-ins only."""

    def __init__(self, hasher: PasswordHasher, pool: WorkerPool) -> None:
        self._hasher = hasher
        self._pool = pool
        # Verified where there is no account, so that both cases cost one hash.
        self._dummy_hash = hasher.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """`password` as a PHC string."""
        return await self._pool.run(self._hasher.hash, normalize_canonical(password))

    def place(self, address: str) -> AbstractContextManager[Place]:
        """Room for one `verify`, taken before an attempt is counted, so that too many at once count nothing.

        Raises:
            RateLimitedError: at once, when there is none, or none for another attempt from `address`.
        """
        return self._pool.place(address)

    async def verify(self, place: Place, password: str, password_hash: str | None) -> str | None:
        """The spelling under which `password` is the one; None when it is not.

        Without a hash the answer is no, in the same time. A hash that was made before passwords were normalised fits
        the text as it is typed, which is tried where it is another spelling, in the same call: an attempt is judged
        whole or not at all.
        """
        spelling = await place.run(self._find_spelling, password, password_hash or self._dummy_hash)
        return spelling if password_hash else None

    def needs_rehash(self, password_hash: str, spelling: str) -> bool:
        """Whether the parameters have changed since, or `spelling`, which fits the hash, is not the normal one."""
        is_normal = normalize_canonical(spelling) == spelling
        return not is_normal or self._hasher.check_needs_rehash(password_hash)

    def _find_spelling(self, password: str, password_hash: str) -> str | None:
        return next((one for one in _spellings(password) if self._verify(one, password_hash)), None)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False


def make_hasher(*, memory_kib: int, passes: int, lanes: int) -> PasswordHasher:
    """argon2id (RFC 9106) with these parameters."""
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes, type=Type.ID)


def require_password(
    password: str, *, mobile: str, refuse_common: bool = True, field: str = "password"
) -> str:
    """`password` in its normal spelling, when it may be chosen. `field` is where it was given.

    Raises:
        InputError: INVALID_INPUT for its length, WEAK_PASSWORD where it is among the commonest or the mobile itself.
    """
    chosen = require_encodable(password, field=field)
    if len(chosen) < MINIMUM_CHARACTERS:
        raise _wrong_length(field)
    if refuse_common and (is_common_password(chosen) or _is_mobile(chosen, mobile)):
        raise InputError(ErrorCode.WEAK_PASSWORD, Reason.PASSWORD_COMMON, field=(field,))
    return chosen


def require_encodable(password: str, *, field: str = "password") -> str:
    """`password` in its normal spelling, when it can be hashed at all; longer ones never reach the hasher.

    Raises:
        InputError: INVALID_INPUT.
    """
    if len(password) > _LONGEST_INPUT:
        raise _wrong_length(field)
    if has_surrogate(password):
        raise invalid_input(Reason.TEXT_MALFORMED, field, name=field)
    normal = normalize_canonical(password)
    if not 0 < len(normal) <= MAXIMUM_CHARACTERS:
        raise _wrong_length(field)
    return normal


def _spellings(password: str) -> list[str]:
    """The normal spelling, and the one that was typed where it is another and could once be chosen."""
    normal = normalize_canonical(password)
    return [normal] if password == normal or len(password) > MAXIMUM_CHARACTERS else [normal, password]


def _wrong_length(field: str) -> InputError:
    return invalid_input(
        Reason.PASSWORD_LENGTH, field, minimum=MINIMUM_CHARACTERS, maximum=MAXIMUM_CHARACTERS
    )


def _is_mobile(password: str, mobile: str) -> bool:
    digits = "".join(character for character in password if character.isdigit())
    return len(digits) >= MINIMUM_CHARACTERS and mobile.endswith(digits) and len(password) <= len(mobile)
