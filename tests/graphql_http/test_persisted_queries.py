"""Apollo's automatic persisted queries, over a state store that may fail."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from hashlib import sha256

import pytest

from graphql_http import EndpointOptions, PersistedQueries
from graphql_http.persisted import PersistedQueryLimits
from resolvers.ports import Counter, StateStoreError, not_asked
from tests.graphql_http.toy import LEGACY, MODERN, Client, Toy, codes_of, endpoint_of

pytestmark = pytest.mark.anyio

QUERY = "query Named { name }"


class MemoryStore:
    """A state store of one process whose keys never expire."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    async def put(self, key: str, value: str, ttl_seconds: float) -> None:
        assert len(key) <= 200
        assert key.isascii()
        assert ttl_seconds > 0
        self.texts[key] = value

    async def get(self, key: str) -> str | None:
        return self.texts.get(key)

    async def take(self, key: str) -> str | None:
        return self.texts.pop(key, None)

    async def increment(
        self, key: str, ttl_seconds: float, by: int = 1, *, on_sent: Callable[[], None] = not_asked
    ) -> Counter:
        on_sent()
        assert len(key) <= 200
        self.counts[key] = self.counts.get(key, 0) + by
        return Counter(self.counts[key], ttl_seconds)

    async def delete(self, key: str) -> None:
        self.texts.pop(key, None)

    async def purge_expired(self, batch_rows: int) -> AsyncIterator[int]:
        assert batch_rows
        yield 0

    async def ping(self) -> None: ...

    async def aclose(self) -> None: ...


class FailingStore(MemoryStore):
    async def get(self, key: str) -> str | None:
        raise StateStoreError(key)


class HangingStore(MemoryStore):
    async def get(self, key: str) -> str | None:
        await asyncio.Event().wait()
        return key


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def persisted_in(store: MemoryStore, limits: PersistedQueryLimits | None = None) -> PersistedQueries:
    return PersistedQueries(lambda: store, failure=StateStoreError, limits=limits)


def client_of(toy: Toy, store: MemoryStore, limits: PersistedQueryLimits | None = None) -> Client:
    """A worker of its own: it shares nothing with another but the store."""
    return Client(endpoint_of(toy, persisted=persisted_in(store, limits)))


def by_hash(query: str = QUERY) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}


async def ask(client: Client, query: str | None = QUERY, text: str = QUERY, accept: str = MODERN) -> "Answer":
    body: dict[str, object] = {"extensions": by_hash(text)}
    if query is not None:
        body["query"] = query
    response = await client.send(body, accept)
    return response.status_code, codes_of(response), response.json().get("data")


Answer = tuple[int, list[str], object]
NAMED: Answer = (200, [], {"name": "toy"})


async def test_unknown_hash_is_answered_as_apollo_client_expects(toy: Toy, store: MemoryStore) -> None:
    client = client_of(toy, store)

    response = await client.send({"extensions": by_hash(), "operationName": "Named"}, LEGACY)

    assert response.status_code == 200
    assert response.json() == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
    }
    assert (await ask(client, None))[0] == 400


async def test_text_is_sent_once_and_known_to_every_worker(toy: Toy, store: MemoryStore) -> None:
    one, other = client_of(toy, store), client_of(toy, store)

    assert await ask(one) == NAMED
    assert await ask(one, None) == NAMED
    assert await ask(other, None) == NAMED


async def test_hash_works_over_get(toy: Toy, store: MemoryStore) -> None:
    client, extensions = client_of(toy, store), json.dumps(by_hash())

    unknown = await client.get(extensions=extensions)
    first = await client.get(query=QUERY, extensions=extensions)
    second = await client.get(extensions=extensions)

    assert codes_of(unknown) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert first.json() == second.json() == {"data": {"name": "toy"}}


async def test_mutation_by_hash_needs_post(toy: Toy, store: MemoryStore) -> None:
    client, mutation = client_of(toy, store), "mutation {logout {__typename}}"
    await ask(client, mutation, mutation)
    toy.done.clear()

    response = await client.get(extensions=json.dumps(by_hash(mutation)))

    assert (response.status_code, toy.done) == (405, [])


async def test_hash_of_another_text_is_refused_and_not_kept(toy: Toy, store: MemoryStore) -> None:
    assert (await ask(client_of(toy, store), "{ slow }"))[:2] == (400, ["PERSISTED_QUERY_HASH_MISMATCH"])
    assert store.texts == {}


@pytest.mark.parametrize(
    "persisted",
    [
        {"version": 2, "sha256Hash": "0" * 64},
        {"sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": 5},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "A" * 64},
        {"version": 1, "sha256Hash": "٠" * 64},
    ],
)
async def test_unsound_hash_is_refused(toy: Toy, store: MemoryStore, persisted: object) -> None:
    response = await client_of(toy, store).send({"query": QUERY, "extensions": {"persistedQuery": persisted}})

    assert (response.status_code, codes_of(response)) == (400, ["BAD_REQUEST"])


async def test_client_is_told_where_hashes_are_not_served(client: Client) -> None:
    response = await client.send({"extensions": by_hash()}, LEGACY)

    assert codes_of(response) == ["PERSISTED_QUERY_NOT_SUPPORTED"]
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


@pytest.mark.parametrize("query", ["{", "{ unknown }", "{" + "name " * 11 + "}"])
async def test_only_valid_documents_within_the_limits_are_kept(
    toy: Toy, store: MemoryStore, query: str
) -> None:
    await ask(client_of(toy, store), query, query)

    assert (store.texts, store.counts) == ({}, {})


async def test_document_from_the_store_is_held_to_the_limits(toy: Toy, store: MemoryStore) -> None:
    query = "{" + "name " * 11 + "}"
    store.texts[f"apq:{sha256(query.encode()).hexdigest()}"] = query

    assert (await ask(client_of(toy, store), None, query))[:2] == (400, ["ROOT_FIELD_LIMIT_EXCEEDED"])


async def test_long_document_is_served_and_not_kept(toy: Toy, store: MemoryStore) -> None:
    limits = PersistedQueryLimits(document_maximum_bytes=100)
    at, above = QUERY + "#" * (100 - len(QUERY)), QUERY + "#" * (101 - len(QUERY))

    assert await ask(client_of(toy, store, limits), at, at) == NAMED
    assert await ask(client_of(toy, store, limits), above, above) == NAMED
    assert list(store.texts.values()) == [at]


@pytest.mark.parametrize(
    "limits", [PersistedQueryLimits(address_maximum=3), PersistedQueryLimits(window_maximum=3)]
)
async def test_number_of_new_documents_is_bounded(
    toy: Toy, store: MemoryStore, limits: PersistedQueryLimits
) -> None:
    client = client_of(toy, store, limits)

    answers = [await ask(client, query, query) for query in (f"{QUERY} #{n}" for n in range(5))]

    assert answers == [NAMED] * 5
    assert len(store.texts) == 3


async def test_known_document_uses_up_no_budget(toy: Toy, store: MemoryStore) -> None:
    client = client_of(toy, store, PersistedQueryLimits(address_maximum=2))

    for _ in range(5):
        await ask(client)
    await ask(client, "{ name slow }", "{ name slow }")

    assert len(store.texts) == 2


@pytest.mark.parametrize("failing", [FailingStore, HangingStore])
async def test_state_store_that_does_not_answer_costs_no_request(
    toy: Toy, failing: type[MemoryStore]
) -> None:
    client = client_of(toy, failing(), PersistedQueryLimits(store_seconds=0.01))

    assert (await ask(client, None))[1] == ["PERSISTED_QUERY_NOT_FOUND"]
    assert await ask(client) == NAMED
    # What this worker has prepared it knows by its hash, store or no store.
    assert await ask(client, None) == NAMED


async def test_batch_may_use_hashes(toy: Toy, store: MemoryStore) -> None:
    endpoint = endpoint_of(toy, EndpointOptions(batch_maximum=2), persisted=persisted_in(store))

    response = await Client(endpoint).send(
        [{"query": QUERY, "extensions": by_hash()}, {"extensions": by_hash()}]
    )

    assert response.json() == [{"data": {"name": "toy"}}] * 2
