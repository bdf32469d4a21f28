"""How requests are read: methods, types, JSON, URLs, lengths."""

import json

import pytest
from starlette.types import Receive, Scope, Send

from graphql_http import EndpointOptions, GraphQLEndpoint
from tests.graphql_http.toy import LEGACY, MODERN, Client, Toy, call_raw, codes_of, endpoint_of

pytestmark = pytest.mark.anyio

ECHO = "query($text: String, $number: Int) { echo(text: $text, number: $number) }"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
async def test_other_methods_are_refused_with_those_that_are_served(
    endpoint: GraphQLEndpoint, method: str
) -> None:
    answer = await call_raw(endpoint, method=method)

    assert (answer.status, answer.codes) == (405, ["METHOD_NOT_ALLOWED"])
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_options_tells_the_methods_and_says_nothing_else(endpoint: GraphQLEndpoint) -> None:
    answer = await call_raw(endpoint, method="OPTIONS")

    assert (answer.status, answer.messages[1]["body"]) == (204, b"")
    assert answer.headers == {"allow": "GET, HEAD, POST, OPTIONS"}


async def test_head_answers_as_get_without_the_body(endpoint: GraphQLEndpoint) -> None:
    got = await call_raw(endpoint, method="GET", query_string=b"query=%7Bname%7D")
    answer = await call_raw(endpoint, method="HEAD", query_string=b"query=%7Bname%7D")

    assert (answer.status, answer.headers) == (got.status, got.headers)
    assert answer.messages[1]["body"] == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_mutation_needs_post(endpoint: GraphQLEndpoint, toy: Toy, method: str) -> None:
    answer = await call_raw(
        endpoint, method=method, query_string=b"query=mutation%7Blogout%7B__typename%7D%7D"
    )

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert toy.done == []


async def test_get_chooses_the_query_of_a_document_that_has_a_mutation_too(client: Client, toy: Toy) -> None:
    document = "query A { name } mutation B { logout { __typename } }"

    served = await client.get(query=document, operationName="A")
    refused = await client.get(LEGACY, query=document, operationName="B")

    assert served.json() == {"data": {"name": "toy"}}
    assert (refused.status_code, toy.done) == (405, [])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=application/json",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/jsön",
        "",
    ],
)
async def test_types_that_a_page_elsewhere_can_send_are_never_executed(
    client: Client, toy: Toy, content_type: str
) -> None:
    body = json.dumps({"query": "mutation { logout { __typename } }"}).encode()

    response = await client.http.post(
        "/graphql",
        content=body,
        headers=[(b"content-type", content_type.encode())],
    )

    assert (response.status_code, codes_of(response), toy.done) == (415, ["UNSUPPORTED_MEDIA_TYPE"], [])


@pytest.mark.parametrize(
    "content_type", ['application/json; charset="UTF-8"', "APPLICATION/JSON;charset=utf8"]
)
async def test_json_in_utf_8_is_read_however_it_is_declared(client: Client, content_type: str) -> None:
    response = await client.send({"query": "{ name }"}, content_type=content_type)

    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
async def test_compressed_body_is_refused(client: Client, encoding: str) -> None:
    headers = {"content-type": LEGACY, "content-encoding": encoding}

    response = await client.http.post("/graphql", content=b"{}", headers=headers)

    assert (response.status_code, codes_of(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ name }", "variables": {"number": NaN}}',
        b'{"query": "{ name }", "variables": {"number": Infinity}}',
        b'{"query": "{ name }", "variables": {"text": "\\ud800"}}',
        b'{"query": "{ name }", "variables": {"text": "\\udc00\\ud800"}}',
        b'{"query": "{ name }", "variables": {"text": "\xff"}}',
        b'{"query": "{ name }", "variables": {"\xff": 1}}',
        b'{"query": "\xc3("}',
        b'{"query": "\\ud800"}',
        b'{"query": "{ name }", "variables": {"number": ' + b"1" * 5_000 + b"}}",
        b'{"query": "{ name }", "variables": {"number": 1e999}}',
        b'{"query": "{ name }", "variables": {"a": ' + b"[" * 40_000 + b"]" * 40_000 + b"}}",
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 20_000,
        b'{"query": "{ name }"',
        b'{"query": "{ name }"} trailing',
        b"\xef\xbb\xbf" + b'{"query": "{ name }"}',
        '{"query": "{ name }"}'.encode("utf-16"),
        b"\x00",
        b"null",
        b'"query"',
        b"5",
        b'{"query": "{ name }", "extensions": {"persistedQuery": 5}}',
    ],
)
async def test_json_that_cannot_be_trusted_is_a_clear_refusal(client: Client, body: bytes) -> None:
    response = await client.send(body)

    assert response.status_code == 400
    assert len(response.json()["errors"]) == 1
    assert len(response.content) < 400


async def test_of_duplicate_keys_the_last_wins(client: Client) -> None:
    body = (
        b'{"query": "{", "query": "query($text: String) { echo(text: $text) }", "variables": {"text": "a", '
    )
    body += b'"text": "b"}}'

    response = await client.send(body)

    assert response.json() == {"data": {"echo": '{"text": "b"}'}}


async def test_unknown_parameters_are_ignored(client: Client) -> None:
    response = await client.ask(
        "{ name }", id=5, doc_id=[], documentId={}, more={"a": 1}, extensions={"x": []}
    )

    assert response.json() == {"data": {"name": "toy"}}


async def test_json_may_begin_with_white_space(client: Client) -> None:
    response = await client.send(b' \r\n\t{"query": "{ name }"}')

    assert response.json() == {"data": {"name": "toy"}}


async def test_deep_variables_are_a_refusal_of_the_variables(client: Client) -> None:
    deep: object = 1
    for _ in range(400):
        deep = [deep]

    response = await client.ask(ECHO, variables={"number": deep})

    assert (response.status_code, codes_of(response)) == (400, ["BAD_USER_INPUT"])


async def test_empty_operation_name_is_as_good_as_none(client: Client) -> None:
    posted = await client.ask("{ name }", operationName="")
    got = await client.get(query="{ name }", operationName="", variables="", extensions="")

    assert posted.json() == got.json() == {"data": {"name": "toy"}}


@pytest.mark.parametrize("name", [None, "C", "null"])
async def test_operation_that_cannot_be_told_is_refused(client: Client, name: str | None) -> None:
    document = "query A { name } query B { name }"

    modern = await client.ask(document, operationName=name)
    legacy = await client.ask(document, LEGACY, operationName=name)

    assert (modern.status_code, legacy.status_code) == (400, 200)
    assert codes_of(modern) == codes_of(legacy) == ["OPERATION_RESOLUTION_FAILURE"]


async def test_get_reads_text_in_utf_8(client: Client) -> None:
    response = await client.get(query=ECHO, variables='{"text": "你好 🏃"}')

    assert json.loads(response.json()["data"]["echo"]) == {"text": "你好 🏃"}


@pytest.mark.parametrize(
    "query_string",
    [
        b"query=%ff",
        b"query=%ed%a0%80",
        b"query=\xff",
        b"query=%7Bname%7D&variables=%5B1%5D",
        b"query=%7Bname%7D&variables=%7B",
        b"query=%7Bname%7D&variables=1",
        b"query=%7Bname%7D&extensions=%5B%5D",
        b"&".join([b"query=%7Bname%7D"] * 30),
        b"",
        b"q=1",
    ],
)
async def test_url_that_is_no_request_is_a_clear_refusal(
    endpoint: GraphQLEndpoint, query_string: bytes
) -> None:
    answer = await call_raw(endpoint, method="GET", query_string=query_string)

    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


def padded(length: int) -> bytes:
    """A good request of exactly `length` bytes."""
    body = json.dumps({"query": "{ name }"}).encode()
    return body + b" " * (length - len(body))


async def test_body_is_accepted_at_its_limit_and_refused_above(endpoint: GraphQLEndpoint) -> None:
    at, above = await call_raw(endpoint, [padded(102_400)]), await call_raw(endpoint, [padded(102_401)])

    assert at.status == 200
    assert (above.status, above.codes) == (413, ["BODY_TOO_LARGE"])
    assert "102400" in above.content["errors"][0]["message"]


async def test_url_is_accepted_at_its_limit_and_refused_above(endpoint: GraphQLEndpoint) -> None:
    query = b"query=%7Bname%7D&x="

    at = await call_raw(endpoint, method="GET", query_string=query + b"x" * (102_400 - len(query)))
    above = await call_raw(endpoint, method="GET", query_string=query + b"x" * (102_401 - len(query)))

    assert at.status == 200
    assert (above.status, above.codes) == (414, ["URL_TOO_LONG"])


async def test_declared_length_is_refused_before_anything_is_read(endpoint: GraphQLEndpoint) -> None:
    headers = {"content-type": LEGACY, "accept": LEGACY, "content-length": "10000000"}

    answer = await call_raw(endpoint, [b" " * 1_000] * 10_000, headers)

    assert (answer.status, answer.chunks_taken) == (413, 0)
    assert "10000000" in answer.content["errors"][0]["message"]
    assert answer.headers["connection"] == "close"


async def test_undeclared_length_is_refused_while_it_streams(endpoint: GraphQLEndpoint) -> None:
    answer = await call_raw(endpoint, [b" " * 10_000] * 1_000)

    assert (answer.status, answer.chunks_taken) == (413, 11)
    assert answer.headers["connection"] == "close"


async def test_length_that_is_no_number_is_counted_instead(endpoint: GraphQLEndpoint) -> None:
    headers = {"content-type": LEGACY, "accept": MODERN, "content-length": "9" * 30}

    assert (await call_raw(endpoint, [padded(50)], headers)).status == 200


async def test_body_arrives_in_pieces(endpoint: GraphQLEndpoint) -> None:
    answer = await call_raw(endpoint, [bytes([byte]) for byte in padded(40)])

    assert answer.content == {"data": {"name": "toy"}}


async def test_nobody_is_answered_who_went_away(endpoint: GraphQLEndpoint) -> None:
    answer = await call_raw(endpoint, [b'{"query":'], ends_early=True)

    assert answer.messages == []


@pytest.mark.parametrize("accept", [MODERN, LEGACY])
async def test_variables_are_accepted_at_their_limit_and_refused_above(client: Client, accept: str) -> None:
    def request(length: int) -> bytes:
        variables = b'{"text": "' + b"x" * (length - 12) + b'"}'
        assert len(variables) == length
        return b'{"query": "query($text: String) { echo(text: $text) }", "variables": ' + variables + b"}"

    at, above = await client.send(request(65_536), accept), await client.send(request(65_537), accept)

    assert "errors" not in at.json()
    assert (above.status_code, codes_of(above)) == (413, ["VARIABLES_TOO_LARGE"])
    assert "65536" in above.text
    assert "65537" in above.text


async def test_answers_are_private_and_depend_on_accept(client: Client) -> None:
    response = await client.ask("{ name }")

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "accept"


async def test_browser_gets_the_page_where_there_is_one(toy: Toy) -> None:
    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        await send({"type": "http.response.body", "body": b"<html>"})

    accept = "text/html,application/xhtml+xml,*/*;q=0.8"
    with_page, without = Client(endpoint_of(toy, graphiql=page)), Client(endpoint_of(toy))

    assert (await with_page.get(accept)).text == "<html>"
    assert (await with_page.get(LEGACY, query="{ name }")).json() == {"data": {"name": "toy"}}
    assert (await without.get(accept)).status_code == 400
    assert (await with_page.send({"query": "{ name }"}, accept)).json() == {"data": {"name": "toy"}}


async def test_options_are_settings(toy: Toy) -> None:
    client = Client(endpoint_of(toy, EndpointOptions(body_maximum_bytes=20, variables_maximum_bytes=10)))

    assert codes_of(await client.send(padded(21))) == ["BODY_TOO_LARGE"]
