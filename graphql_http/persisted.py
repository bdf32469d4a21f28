"""Apollo's automatic persisted queries: a client sends the hash of its document, and the text only when asked.

Texts are kept in the state store, so that every worker and replica knows them. Anybody can send texts: so only
valid documents are kept, of a bounded size, for a bounded time, and a bounded number of new ones for each address
and over all. A state store that does not answer costs a second round trip, never a request.
Source: https://www.apollographql.com/docs/apollo-server/performance/apq
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import refuse, refuse_operation
from graphql_http.options import KIBIBYTE
from graphql_http.reading import PersistedQuery

HASH_CHARACTERS: Final = 64


class Count(Protocol):
    """What a counter stands at."""

    @property
    def count(self) -> int:
        """After the increment."""


class TextStore(Protocol):
    """Where texts and counters are kept, for all workers; any operation may raise what the store is given up for."""

    async def get(self, key: str) -> str | None:
        """Read `key`."""

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        """Set `key`."""

    async def increment(self, key: str, ttl_seconds: float) -> Count:
        """Add 1 to the counter `key`, which expires `ttl_seconds` after its first increment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistedQueryLimits:
    """What may be kept. At most `window_maximum * document_maximum_bytes` bytes are, 16 MiB by default."""

    ttl_seconds: int = 24 * 3600
    document_maximum_bytes: int = 16 * KIBIBYTE
    address_maximum: int = 100
    """New documents of one client address in a window of `ttl_seconds`."""
    window_maximum: int = 1_024
    """New documents of all clients in such a window."""
    store_seconds: float = 0.5
    """What the store may take for one document."""


class PersistedQueries:
    """Finds and keeps the texts of documents by their SHA-256.

    `find_store` is asked at each request, since a store may be opened later than the endpoint is made; `failure` is
    what the store raises when it does not answer.
    """

    def __init__(
        self,
        find_store: Callable[[], TextStore],
        *,
        failure: type[Exception],
        limits: PersistedQueryLimits | None = None,
    ) -> None:
        self._find_store = find_store
        self._failures = (failure, TimeoutError)
        self._limits = limits or PersistedQueryLimits()

    async def find(self, sha256_hex: str) -> str:
        """Find the text of a hash.

        Raises:
            RequestRefusedError: `PersistedQueryNotFound`, whereupon the client sends the text; also when the store
                does not answer.
        """
        try:
            async with asyncio.timeout(self._limits.store_seconds):
                text = await self._find_store().get(_key(sha256_hex))
        except self._failures:
            text = None
        if text is None:
            raise refuse_operation(EndpointErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return text

    async def keep(self, sha256_hex: str, text: str, address: str) -> None:
        """Keep a valid document's text, if it is small enough and the bounds are not reached. Never raises."""
        if len(text.encode()) > self._limits.document_maximum_bytes:
            return
        try:
            async with asyncio.timeout(self._limits.store_seconds):
                if await self._may_keep(sha256_hex, address):
                    await self._find_store().put(_key(sha256_hex), text, self._limits.ttl_seconds)
        except self._failures:
            return

    async def _may_keep(self, sha256_hex: str, address: str) -> bool:
        limits = self._limits
        if await self._find_store().get(_key(sha256_hex)) is not None:
            return False
        subject = sha256(address.encode()).hexdigest()[:32]
        of_address = await self._find_store().increment(f"apq-count:{subject}", limits.ttl_seconds)
        if of_address.count > limits.address_maximum:
            return False
        of_all = await self._find_store().increment("apq-count:all", limits.ttl_seconds)
        return of_all.count <= limits.window_maximum


def check_hash(persisted: PersistedQuery, text: str | None) -> str:
    """Give the hash that the extension carries, once it is sound and fits the text that came with it.

    Raises:
        RequestRefusedError: 400.
    """
    claimed = persisted.sha256_hash
    if persisted.version != 1 or not isinstance(claimed, str) or not _is_hash(claimed):
        message = (
            "`extensions.persistedQuery` needs version 1 and a `sha256Hash` of 64 lower-case hex digits."
        )
        raise refuse(EndpointErrorCode.BAD_REQUEST, message)
    if text is not None and sha256(text.encode()).hexdigest() != claimed:
        message = "`extensions.persistedQuery.sha256Hash` is not the hash of `query`."
        raise refuse(EndpointErrorCode.PERSISTED_QUERY_HASH_MISMATCH, message)
    return claimed


def _is_hash(text: str) -> bool:
    return len(text) == HASH_CHARACTERS and all(c in "0123456789abcdef" for c in text)


def _key(sha256_hex: str) -> str:
    return f"apq:{sha256_hex}"
