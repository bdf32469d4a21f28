"""Array batching: off unless allowed, and no way round any limit."""

import pytest

from graphql_http import EndpointOptions
from tests.graphql_http.toy import LEGACY, LOGIN, MODERN, Client, Toy, codes_of, endpoint_of

pytestmark = pytest.mark.anyio

LOGIN_MUTATION = {"query": f"mutation {{login(input: {LOGIN}) {{person {{id}}}}}}"}
LOGOUT = {"query": "mutation {logout {__typename}}"}
NAME = {"query": "{ name }"}


@pytest.fixture
def batching(toy: Toy) -> Client:
    return Client(endpoint_of(toy, EndpointOptions(batch_maximum=5)))


@pytest.mark.parametrize("batch", [[], [NAME], [LOGIN_MUTATION] * 100])
async def test_batching_is_off(client: Client, toy: Toy, batch: list[object]) -> None:
    response = await client.send(batch)

    assert (response.status_code, codes_of(response), toy.done) == (400, ["BATCHING_DISABLED"], [])


@pytest.mark.parametrize("accept", [LEGACY, MODERN])
async def test_batch_is_answered_in_its_order(batching: Client, accept: str) -> None:
    batch = [
        NAME,
        {"query": "query($text: String) {echo(text: $text)}", "variables": {"text": "b"}},
        {"query": "{"},
    ]

    response = await batching.send(batch, accept)

    first, second, third = response.json()
    assert response.status_code == 200
    assert (first, second) == ({"data": {"name": "toy"}}, {"data": {"echo": '{"text": "b"}'}})
    assert third["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


async def test_batch_is_accepted_at_its_length_and_refused_above(batching: Client) -> None:
    at, above = await batching.send([NAME] * 5), await batching.send([NAME] * 6)

    assert len(at.json()) == 5
    assert (above.status_code, codes_of(above)) == (400, ["BATCH_LIMIT_EXCEEDED"])


async def test_empty_batch_is_no_request(batching: Client) -> None:
    assert codes_of(await batching.send([])) == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ([LOGIN_MUTATION] * 2, "SINGLE_USE_FIELD_REPEATED"),
        ([LOGOUT] * 5, "MUTATION_LIMIT_EXCEEDED"),
        ([{"query": "{" + "name " * 6 + "}"}] * 2, "ROOT_FIELD_LIMIT_EXCEEDED"),
        ([{"query": "{me{" + " ".join(f"a{n}: id" for n in range(8)) + "}}"}] * 2, "ALIAS_LIMIT_EXCEEDED"),
        ([{"query": "{echo(tags: [" + '"" ' * 300 + "])}"}] * 4, "TOKEN_LIMIT_EXCEEDED"),
    ],
)
async def test_limits_count_over_the_whole_batch(
    batching: Client, toy: Toy, batch: list[object], code: str
) -> None:
    response = await batching.send(batch)

    assert (response.status_code, codes_of(response), toy.done) == (400, [code], [])


async def test_one_refused_operation_does_not_stop_the_others(batching: Client, toy: Toy) -> None:
    response = await batching.send([{"query": "{ unknown }"}, LOGOUT, {"query": "{ name }", "variables": {}}])

    assert [set(answer) for answer in response.json()] == [{"errors"}, {"data"}, {"data"}]
    assert toy.done == ["logout"]


async def test_malformed_member_refuses_the_batch(batching: Client, toy: Toy) -> None:
    response = await batching.send([LOGOUT, {"query": 5}])

    assert (response.status_code, codes_of(response), toy.done) == (400, ["BAD_REQUEST"], [])
