"""A password in two spellings is one attempt: both are compared, or neither."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from argon2 import PasswordHasher

from resolvers.errors import RateLimitedError
from resolvers.passwords import Passwords
from resolvers.workers import WorkerPool

pytestmark = pytest.mark.anyio

# As it is typed, with the Kelvin sign, and in its normal spelling.
TYPED, NORMAL = "\u212aangaroo12", "Kangaroo12"


class ObservedHasher(PasswordHasher):
    """Says what it compares, in a thread of the pool, before it does."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []
        self.on_compare: Callable[[], object] = lambda: None

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the parent's name
        self.compared.append(str(password))
        self.on_compare()
        return super().verify(hash, password)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool("test", threads=1, queue_length=0, typical_seconds=0.03, timeout_seconds=5)
    yield pool
    pool.close()


async def test_pool_that_fills_between_two_spellings_refuses_neither(pool: WorkerPool) -> None:
    hasher = ObservedHasher()
    passwords = Passwords(hasher, pool)
    with passwords.place("a") as place:
        assert await passwords.verify(place, TYPED, hasher.hash("another one")) is None
        with pytest.raises(RateLimitedError):
            await pool.run(int)

    assert hasher.compared == [NORMAL, TYPED]


async def test_nobody_comes_between_two_spellings(pool: WorkerPool) -> None:
    hasher = ObservedHasher()
    passwords = Passwords(hasher, pool)
    with passwords.place("a") as place:
        hasher.on_compare = lambda: pool.submit(hasher.compared.append, "somebody else's")
        await passwords.verify(place, TYPED, hasher.hash("another one"))

    assert hasher.compared[:2] == [NORMAL, TYPED]


@pytest.mark.parametrize("chosen", [TYPED, NORMAL])
async def test_either_spelling_fits(pool: WorkerPool, chosen: str) -> None:
    hasher = ObservedHasher()
    passwords = Passwords(hasher, pool)
    with passwords.place("a") as place:
        assert await passwords.verify(place, TYPED, hasher.hash(chosen)) == chosen
