"""Passwords: the rule, and argon2id off the event loop."""

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from resolvers.common_passwords import is_common_password
from resolvers.errors import ErrorCode, InputError, invalid_input
from resolvers.text_rules import has_surrogate
from resolvers.texts import Reason
from resolvers.workers import WorkerPool

MINIMUM_CHARACTERS = 8
MAXIMUM_CHARACTERS = 128


class Passwords:
    """Hashes and verifies in a pool of its own, so that a sign-in storm slows down sign-ins only."""

    def __init__(self, hasher: PasswordHasher, pool: WorkerPool) -> None:
        self._hasher = hasher
        self._pool = pool
        # Verified where there is no account, so that both cases cost one hash.
        self._dummy_hash = hasher.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """`password` as a PHC string."""
        return await self._pool.run(self._hasher.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` is the one; without a hash the answer is no, in the same time."""
        is_right = await self._pool.run(self._verify, password, password_hash or self._dummy_hash)
        return is_right and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the parameters have changed since."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False


def make_hasher(*, memory_kib: int, passes: int, lanes: int) -> PasswordHasher:
    """argon2id (RFC 9106) with these parameters."""
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes, type=Type.ID)


def require_password(password: str, *, mobile: str, refuse_common: bool) -> str:
    """`password` itself, when it may be chosen.

    Raises:
        InputError: INVALID_INPUT for its length, WEAK_PASSWORD where it is among the commonest or the mobile itself.
    """
    if not MINIMUM_CHARACTERS <= len(password) <= MAXIMUM_CHARACTERS:
        raise invalid_input(
            Reason.PASSWORD_LENGTH, "password", minimum=MINIMUM_CHARACTERS, maximum=MAXIMUM_CHARACTERS
        )
    require_encodable(password)
    if refuse_common and (is_common_password(password) or _is_mobile(password, mobile)):
        raise InputError(ErrorCode.WEAK_PASSWORD, Reason.PASSWORD_COMMON, field=("password",))
    return password


def require_encodable(password: str) -> str:
    """`password` itself, when it can be hashed at all; longer ones than can be chosen never reach the hasher.

    Raises:
        InputError: INVALID_INPUT.
    """
    if not password or len(password) > MAXIMUM_CHARACTERS:
        raise invalid_input(
            Reason.PASSWORD_LENGTH, "password", minimum=MINIMUM_CHARACTERS, maximum=MAXIMUM_CHARACTERS
        )
    if has_surrogate(password):
        raise invalid_input(Reason.TEXT_MALFORMED, "password", name="password")
    return password


def _is_mobile(password: str, mobile: str) -> bool:
    digits = "".join(character for character in password if character.isdigit())
    return len(digits) >= MINIMUM_CHARACTERS and mobile.endswith(digits) and len(password) <= len(mobile)
