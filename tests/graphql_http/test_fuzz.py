"""Whatever is sent, the answer is a GraphQL response whose errors have codes, and no fault of the server."""

import json

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_http import EndpointErrorCode, EndpointOptions, GraphQLEndpoint
from tests.graphql_http.toy import LEGACY, LOGIN, MODERN, RawAnswer, build_toy, call_raw, endpoint_of

pytestmark = pytest.mark.anyio

ENDPOINT = endpoint_of(build_toy(), EndpointOptions(batch_maximum=3))
CODES = {code.value for code in EndpointErrorCode}
MANY = settings(max_examples=150, derandomize=True, database=None, deadline=None)

FRAGMENTS = st.sampled_from(
    [
        "{", "}", "(", ")", "[", "]", ":", "$", "@", "!", "=", "...", "&", "|", "#", '"', '"""', "\\", "\n", " ", ",",
        "query", "mutation", "subscription", "fragment", "on", "Query", "Person", "Mutation", "f", "g", "name",
        "me", "friend", "id", "echo", "text", "number", "tags", "in", "login", f"login(input: {LOGIN})", "__typename",
        "__schema", "__type", "@skip(if: true)", "@include(if: $v)",
        "@note", "@defer", "@oneOf", "$v",
        "$v: Int",
        "true", "null", "1", "-1", "1.5", "1e999", "99999999999999999999", '"a"', "type T {a: Int}", "extend", "schema",
        "{name}", "{me{...f}}", "fragment f on Person {id ...g}", "fragment g on Person {...f}", "...f", "...g",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(FRAGMENTS, max_size=25).map(" ".join) | st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PARAMETERS = st.fixed_dictionaries(
    {"query": DOCUMENTS},
    optional={
        "variables": st.dictionaries(st.sampled_from(["v", "w"]), VALUES, max_size=2) | VALUES,
        "operationName": st.sampled_from(["", "f", "Q"]) | VALUES,
        "extensions": VALUES | st.just({"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}),
        "documentId": VALUES,
    },
)


async def check(endpoint: GraphQLEndpoint, body: bytes, headers: dict[str, str]) -> RawAnswer:
    with structlog.testing.capture_logs() as lines:
        answer = await call_raw(endpoint, [body], headers)
    assert answer.status in {200, 400, 405, 406, 413, 415}
    assert lines == []
    content = json.loads(answer.messages[1]["body"])
    for reply in content if isinstance(content, list) else [content]:
        assert set(reply) <= {"data", "errors"}
        assert len(reply.get("errors", [])) <= 5
        assert all(error["extensions"]["code"] in CODES for error in reply.get("errors", []))
    return answer


@MANY
@given(PARAMETERS, st.sampled_from([MODERN, LEGACY]))
async def test_every_request_is_answered(parameters: dict[str, object], accept: str) -> None:
    body = json.dumps(parameters).encode()

    await check(ENDPOINT, body, {"content-type": LEGACY, "accept": accept})


@MANY
@given(st.lists(PARAMETERS, max_size=4))
async def test_every_batch_is_answered(batch: list[dict[str, object]]) -> None:
    await check(ENDPOINT, json.dumps(batch).encode(), {"content-type": LEGACY, "accept": MODERN})


@MANY
@given(
    st.binary(max_size=60) | VALUES.map(json.dumps).map(str.encode),
    st.text(max_size=30),
    st.text(max_size=30),
)
async def test_every_body_and_header_is_answered(body: bytes, content_type: str, accept: str) -> None:
    await check(ENDPOINT, body, {"content-type": LEGACY, "accept": MODERN})
    await check(ENDPOINT, body, {"content-type": content_type, "accept": accept})


@MANY
@given(st.binary(max_size=60).filter(lambda b: b"query=" not in b))
async def test_every_url_is_answered(query_string: bytes) -> None:
    answer = await call_raw(ENDPOINT, method="GET", query_string=query_string)

    assert answer.status == 400
