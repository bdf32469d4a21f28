"""The store of prepared documents: what it keeps, by what, and how much of it."""

import gc
import weakref

import pytest
from graphql import print_ast

from graphql_http import EndpointOptions
from graphql_http.documents import BODY_MAXIMUM_BYTES, Documents, PreparedOperation
from graphql_http.errors import RequestRefusedError
from tests.graphql_http.toy import Client, Toy, call_raw, endpoint_of


def documents_of(toy: Toy, cache_bytes: int = 1_000_000) -> Documents:
    return Documents(toy.schema, EndpointOptions(document_cache_bytes=cache_bytes))


def operation_of(documents: Documents, text: str) -> PreparedOperation:
    return documents.prepare(text).select(None)


def test_document_is_prepared_once(toy: Toy) -> None:
    documents = documents_of(toy)

    assert documents.prepare("{ name }") is documents.prepare("{ name }")
    assert len(documents) == 1


def test_document_is_found_by_its_hash(toy: Toy) -> None:
    documents = documents_of(toy)
    prepared = documents.prepare("{ name }")

    assert documents.find_by_hash(prepared.sha256) is prepared
    assert documents.find_by_hash("0" * 64) is None


@pytest.mark.parametrize("text", ["{", "{ unknown }", "{" + "name " * 11 + "}"])
def test_nothing_is_kept_of_a_refused_document(toy: Toy, text: str) -> None:
    documents = documents_of(toy)

    with pytest.raises(RequestRefusedError):
        documents.prepare(text)

    assert (len(documents), documents.memory_bytes) == (0, 0)


@pytest.mark.parametrize("is_by_hash", [False, True])
def test_document_that_was_used_longest_ago_goes_first(toy: Toy, is_by_hash: bool) -> None:
    documents = documents_of(toy, 20_000)
    first, second = documents.prepare("{ name }"), documents.prepare("{ name slow }")

    for n in range(10):
        documents.prepare(f"{{ name }} # {n}")
        used = documents.find_by_hash(first.sha256) if is_by_hash else documents.prepare(first.text)
        assert used is first

    assert documents.find_by_hash(second.sha256) is None


def test_memory_stays_within_its_bound_over_thousands_of_documents(toy: Toy) -> None:
    documents = documents_of(toy, 50_000)

    for n in range(150):
        documents.prepare(f"query Q{n} {{ name }}")

    assert documents.memory_bytes <= 50_000
    assert len(documents) == len(documents._by_hash) < 100
    assert documents.memory_bytes == sum(p.memory_bytes for p in documents._kept.values())


def test_long_comment_is_counted_with_what_it_takes(toy: Toy) -> None:
    documents = documents_of(toy)

    prepared = documents.prepare("{ name } #" + "x" * 50_000)

    assert prepared.memory_bytes > 50_000


def test_plan_is_counted_and_goes_with_its_document(toy: Toy) -> None:
    documents = documents_of(toy, 10_000)
    operation = operation_of(documents, "{ name }")
    before = documents.memory_bytes

    operation.keep_plan("plan", 2_000)
    assert (operation.plan, documents.memory_bytes) == ("plan", before + 2_000)

    operation.keep_plan("larger plan", 50_000)
    assert (len(documents), documents.memory_bytes) == (0, 0)


def test_plan_of_a_document_that_is_gone_is_not_counted(toy: Toy) -> None:
    documents = documents_of(toy, 0)
    operation = operation_of(documents, "{ name }")

    operation.keep_plan("plan", 2_000)

    assert (operation.plan, documents.memory_bytes) == ("plan", 0)


def test_body_means_its_operation_until_the_document_goes(toy: Toy) -> None:
    documents = documents_of(toy, 10_000)
    operation = operation_of(documents, "{ name }")
    before = documents.memory_bytes

    documents.keep_body(b"body", operation)
    assert documents.find_by_body(b"body") is operation
    assert documents.find_by_body(b"body ") is None
    assert documents.memory_bytes == before + 4

    operation.keep_plan("large plan", 50_000)
    assert documents.find_by_body(b"body") is None
    assert (len(documents), documents.memory_bytes) == (0, 0)


def test_body_that_is_used_keeps_its_document(toy: Toy) -> None:
    documents = documents_of(toy, 20_000)
    operation = operation_of(documents, "{ name }")
    documents.keep_body(b"body", operation)

    for n in range(10):
        documents.prepare(f"{{ name }} # {n}")
        assert documents.find_by_body(b"body") is operation


def test_the_newest_short_body_of_a_document_is_kept(toy: Toy) -> None:
    documents = documents_of(toy)
    operation = operation_of(documents, "{ name }")

    documents.keep_body(b"x" * (BODY_MAXIMUM_BYTES + 1), operation)
    documents.keep_body(b"first", operation)
    documents.keep_body(b"second", operation)

    found = [documents.find_by_body(body) for body in (b"x" * (BODY_MAXIMUM_BYTES + 1), b"first", b"second")]
    assert found == [None, None, operation]
    assert documents.memory_bytes == sum(p.memory_bytes for p in documents._kept.values())


def test_body_of_a_document_that_is_gone_is_not_kept(toy: Toy) -> None:
    documents = documents_of(toy, 0)

    documents.keep_body(b"body", operation_of(documents, "{ name }"))

    assert (documents.find_by_body(b"body"), documents.memory_bytes) == (None, 0)


def test_dropped_document_forms_no_ring_of_its_own(toy: Toy) -> None:
    documents = documents_of(toy)
    text = "query Q { me { name } }"
    dropped = weakref.ref(operation_of(documents, text).document)
    gc.collect()  # What validation leaves behind.
    gc.disable()
    try:
        documents._options = EndpointOptions(document_cache_bytes=0)
        documents.prepare("{ name }")
        assert dropped() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("text", ["{ name __typename }", '{ name __type(name: "Person") { name } }'])
def test_operation_is_part_of_its_document(toy: Toy, text: str) -> None:
    operation = operation_of(documents_of(toy), text)

    assert any(definition is operation.definition for definition in operation.document.definitions)


def test_hidden_type_is_hidden_from_every_executor(toy: Toy) -> None:
    operation = operation_of(documents_of(toy), '{ __type(name: "Person") { name } }')

    assert "Person" not in print_ast(operation.definition)


@pytest.mark.anyio
async def test_executor_keeps_its_plan_with_the_operation(toy: Toy) -> None:
    class Planner:
        plans_made = 0

        async def __call__(
            self, operation: PreparedOperation, variables: object, context: object
        ) -> "Outcome":
            if operation.plan is None:
                Planner.plans_made += 1
                operation.keep_plan({"for": operation.name}, 100)
            return Outcome(f"{operation.plan['for']} {variables} {context}")

    client = Client(endpoint_of(toy, executor=Planner()))
    answers = [await client.ask("query Q { name }") for _ in range(3)]

    assert {answer.text for answer in answers} == {"""{"data":"Q {} {'path': '/graphql'}"}"""}
    assert Planner.plans_made == 1


REPEATED = [
    b'{"query": "query A($t: String) { echo(text: $t) } query B { name }", "operationName": "B"}',
    b'{"query": "query A($t: String) { echo(text: $t) } query B { name }", "operationName": "A"}',
    b'{"query": "query A($t: String) { echo(text: $t) }", "variables": {"t": "1"}}',
    b'{"query": "query A($t: String) { echo(text: $t) }", "variables": {"t": "2"}}',
    b'{"query": "query A($t: String) { echo(text: $t) }", "variables": {}}',
    b'{"query": "query A($t: String) { echo(text: $t) }"}',
    b'{"query": "{ name }", "extensions": {"clientLibrary": {"name": "a"}}}',
    b'{"query": "{ name }", "variables": 1}',
    b'{"query": "{ unknown }"}',
    b'{"query": "subscription { name }"}',
    b'[{"query": "{ name }"}]',
    b"{",
]


@pytest.mark.anyio
async def test_repeated_requests_are_answered_as_the_first_was(toy: Toy) -> None:
    """What is known of a request by its bytes must not leak into another one, nor spare it a refusal."""
    fresh = [(await call_raw(endpoint_of(toy), [body])) for body in REPEATED]
    endpoint = endpoint_of(toy)

    for _ in range(3):
        for body, expected in zip(REPEATED, fresh, strict=True):
            assert await call_raw(endpoint, [body]) == expected


@pytest.mark.anyio
async def test_repeated_mutation_is_run_each_time_and_by_post_only(toy: Toy) -> None:
    endpoint = endpoint_of(toy)
    body = b'{"query": "mutation { logout { person { id } } }"}'

    for _ in range(3):
        await call_raw(endpoint, [body])
    await call_raw(endpoint, [body], method="PUT")

    assert toy.done == ["logout"] * 3


class Outcome:
    """A result that is no graphql-core object."""

    errors = None

    def __init__(self, data: str) -> None:
        self.data = data
