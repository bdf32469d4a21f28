"""What the server tells about itself: nothing in production, everything where it is allowed."""

import pytest
from graphql import build_client_schema, get_introspection_query

from graphql_http import EndpointOptions
from tests.graphql_http.toy import Client, Toy, codes_of, endpoint_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def open_client(toy: Toy) -> Client:
    options = EndpointOptions(
        is_introspection_allowed=True, are_suggestions_shown=True, is_server_timing_sent=True
    )
    return Client(endpoint_of(toy, options))


@pytest.mark.parametrize(
    "document",
    [
        "{__schema{queryType{name}}}",
        "{name x: __schema{types{name}}}",
        "{...f} fragment f on Query {__schema{types{name}}}",
        "{... {__schema{types{name}}}}",
        get_introspection_query(),
    ],
)
async def test_schema_is_not_told(client: Client, document: str) -> None:
    response = await client.ask(document)

    assert (response.status_code, codes_of(response)) == (400, ["INTROSPECTION_DISABLED"])


@pytest.mark.parametrize(
    "document",
    [
        '{__type(name: "Person") {name fields {name}} name}',
        '{...f name} fragment f on Query {__type(name: "Person") {kind}}',
        '{... {__type(name: "Person") @include(if: true) {kind}} name}',
        'query Q {...f name} fragment f on Query {... {__type(name: "Person") {kind}}}',
    ],
)
async def test_type_is_null(client: Client, document: str) -> None:
    response = await client.ask(document)

    assert response.json() == {"data": {"__type": None, "name": "toy"}}


async def test_type_is_null_whatever_its_variable_says(client: Client) -> None:
    response = await client.ask("query($n: String!) {a: __type(name: $n) {name}}", variables={"n": "Person"})

    assert response.json() == {"data": {"a": None}}


async def test_misused_type_is_told_as_such(client: Client) -> None:
    assert codes_of(await client.ask("{__type {name}}")) == ["GRAPHQL_VALIDATION_FAILED"]


async def test_typename_is_always_answered(client: Client) -> None:
    response = await client.ask("{__typename me {__typename}}")

    assert response.json() == {"data": {"__typename": "Query", "me": {"__typename": "Person"}}}


async def test_schema_is_told_where_it_is_allowed(open_client: Client) -> None:
    response = await open_client.ask(
        get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    )

    assert build_client_schema(response.json()["data"]).get_type("Person")
    told = await open_client.ask('{__type(name: "Person") {name}}')
    assert told.json() == {"data": {"__type": {"name": "Person"}}}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{nam}", {}),
        ("{me {nam}}", {}),
        ("{echo(txt: 1)}", {}),
        ("{...f} fragment f on Persn {id}", {}),
        ("query($i: LoginInput) {echo(in: $i)}", {"i": {"mobile": "1", "passwrd": "2"}}),
    ],
)
async def test_suggestions_are_made_only_where_they_are_allowed(
    client: Client, open_client: Client, document: str, variables: dict[str, object]
) -> None:
    closed = await client.ask(document, variables=variables)
    open_ = await open_client.ask(document, variables=variables)

    assert "Did you mean" not in closed.text
    assert "Did you mean" in open_.text


async def test_server_timing_is_sent_only_where_it_is_allowed(client: Client, open_client: Client) -> None:
    timing = (await open_client.ask("{ name }")).headers["server-timing"]

    assert [entry.split(";dur=")[0] for entry in timing.split(", ")] == [
        "read",
        "prepare",
        "execute",
        "total",
    ]
    assert "server-timing" in (await open_client.ask("{")).headers
    assert "server-timing" not in (await client.ask("{ name }")).headers
