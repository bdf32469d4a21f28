"""The state store in Redis 6.2 or newer: one command for each operation, so that Redis makes it atomic."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from adapters.redis_client import MAXIMUM_CONNECTIONS, RedisClient
from adapters.state_entry import Clock, check_key, check_value, lifetime_ms, unix_ms
from db.engine import Watcher
from resolvers.outages import Outage
from resolvers.ports import Counter, StateStoreError, not_asked
from resolvers.wait_budget import waiting

# An entry is "<expires_at_ms>:<text>" or "<expires_at_ms>#<count>". The clock of the store decides on expiry;
# Redis itself forgets the entry this much later, as garbage, so that clocks which differ by less do no harm.
_GARBAGE_AFTER_MS = 60_000

_IS_TEXT = -1

# KEYS: the counter. ARGV: now in ms, lifetime in ms, what to add, time as garbage in ms.
# Answers {count, expires_at_ms}; {0, 0} for no counter and {-1, 0} for a text.
_INCREMENT = """
local now, lifetime, by = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('GET', KEYS[1])
if stored then
  local expires, kind, count = string.match(stored, '^(%d+)([:#])(%d*)')
  expires = tonumber(expires)
  if expires > now then
    if kind == ':' then return {-1, 0} end
    count = math.max(0, tonumber(count) + by)
    redis.call('SET', KEYS[1], string.format('%d#%d', expires, count), 'KEEPTTL')
    return {count, expires}
  end
end
if by <= 0 then return {0, 0} end
redis.call('SET', KEYS[1], string.format('%d#%d', now + lifetime, by), 'PX', lifetime + tonumber(ARGV[4]))
return {by, now + lifetime}
"""


class RedisStateStore:
    """Keeps `StateStore`'s promises on a single Redis, behind Sentinel, or on a Cluster.

    Every key is `prefix` and the key. At most `maximum_concurrency` commands (not more than the client has
    connections) are under way at once; the others wait their turn within their own time limit.
    """

    def __init__(
        self,
        client: RedisClient,
        clock: Clock,
        *,
        timeout_seconds: float,
        prefix: str = "ag:",
        maximum_concurrency: int = MAXIMUM_CONNECTIONS,
        watcher: Watcher | None = None,
    ) -> None:
        self._watcher: Watcher = watcher or Outage("state store")
        self._client = client
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._prefix = prefix
        self._slots = asyncio.Semaphore(maximum_concurrency)

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        """Set `key`, replacing what was there, expiry included."""
        check_value(value)
        lifetime = lifetime_ms(ttl_seconds)
        entry = f"{self._now_ms() + lifetime}:{value}"
        await self._ask("SET", self._key(key), entry, "PX", lifetime + _GARBAGE_AFTER_MS)

    async def get(self, key: str) -> str | None:
        """Read `key`; a counter reads as its number."""
        return self._text(await self._ask("GET", self._key(key)))

    async def take(self, key: str) -> str | None:
        """Read and delete `key` in one step."""
        return self._text(await self._ask("GETDEL", self._key(key)))

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        """Add `by` to the counter `key`; while it waits for a connection it has not been sent.

        Raises:
            ValueError: when `key` holds text.
        """
        now_ms, lifetime = self._now_ms(), lifetime_ms(ttl_seconds)
        # EVAL and not EVALSHA: sending a kilobyte is cheaper than the case of a script that Redis forgot.
        count, expires_at_ms = await self._ask(
            "EVAL",
            _INCREMENT,
            1,
            self._key(key),
            now_ms,
            lifetime,
            by,
            _GARBAGE_AFTER_MS,
            on_sent=on_sent,
        )
        if count == _IS_TEXT:
            raise ValueError("the key holds text, not a counter")
        return Counter(count, max(0, expires_at_ms - now_ms) / 1000)

    async def delete(self, key: str) -> None:
        """Delete `key`; it need not exist."""
        await self._ask("DEL", self._key(key))

    async def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        """Nothing: Redis forgets by itself."""
        del batch_rows
        yield 0

    async def ping(self) -> None:
        """Answer, or raise `StateStoreError`."""
        await self._ask("GET", self._key("ping"))

    async def aclose(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def _ask(self, *command: str | int, on_sent: Callable[[], None] = not_asked) -> Any:  # noqa: ANN401 - each caller knows its reply
        """What Redis answers.

        Whatever else comes of it is an outage. Where a fail-over closes a connection under a command, redis-py lets
        through what it stumbles over: the event loop's RuntimeError, an AttributeError, an IndexError of a reply cut
        off. A command and its arguments were judged before.
        """
        try:
            async with waiting(self._timeout_seconds), self._slots:
                reply = await self._client.execute_command(*command, on_sent=on_sent)
        except Exception as error:
            self._watcher.failed(f"{type(error).__name__}: {error}"[:200])
            raise StateStoreError(type(error).__name__) from error
        self._watcher.worked()
        return reply

    def _text(self, entry: bytes | None) -> str | None:
        if entry is None:
            return None
        expires_at_ms, kind, text = entry.partition(b":")
        if not kind or not expires_at_ms.isdigit():
            expires_at_ms, _, text = entry.partition(b"#")
        return text.decode() if int(expires_at_ms) > self._now_ms() else None

    def _key(self, key: str) -> str:
        check_key(key)
        return self._prefix + key

    def _now_ms(self) -> int:
        return unix_ms(self._clock())
