"""What is told of errors: codes always, secrets never, and little of what was sent."""

import json

import pytest
import structlog
from starlette.types import Scope

from graphql_http import EndpointErrorCode, EndpointOptions, GraphQLEndpoint, refuse
from graphql_http.documents import PreparedOperation
from tests.graphql_http.toy import LEGACY, MODERN, Client, Toy, call_raw, codes_of, endpoint_of

pytestmark = pytest.mark.anyio


async def test_known_exception_is_described(client: Client) -> None:
    response = await client.ask("{ name refused }")

    assert response.status_code == 200
    assert response.json() == {
        "errors": [
            {
                "message": "nobody is signed in",
                "locations": [{"line": 1, "column": 8}],
                "path": ["refused"],
                "extensions": {"code": "UNAUTHENTICATED", "hint": "sign in"},
            }
        ],
        "data": {"name": "toy", "refused": None},
    }


@pytest.mark.parametrize("query", ["{ broken }", "{ needed }", "{ wrong }"])
async def test_unexpected_exception_is_masked_and_logged(endpoint: GraphQLEndpoint, query: str) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = await call_raw(
            endpoint, [json.dumps({"query": query}).encode()], state={"request_id": "r-17"}
        )

    [error] = answer.content["errors"]
    assert answer.status == 200
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "r-17"}
    assert error["message"] == "Internal error. Please quote the request id r-17."
    assert "hunter2" not in json.dumps(answer.content)
    assert "secret" not in json.dumps(answer.content)
    assert [line["event"] for line in lines] == ["graphql_internal_error"]
    assert (lines[0]["request_id"], bool(lines[0]["exc_info"])) == ("r-17", True)


ECHO = (
    "query($in: LoginInput, $number: Int, $tags: [String!]) { echo(in: $in, number: $number, tags: $tags) }"
)


@pytest.mark.parametrize(
    ("query", "variables", "named"),
    [
        (ECHO, {"in": {"mobile": "1", "password": "hunter2", "extra": 1}}, "'extra'"),
        (ECHO, {"in": {"password": "hunter2"}}, "'mobile'"),
        (ECHO, {"in": "hunter2"}, "LoginInput"),
        (ECHO, {"in": {"mobile": "1", "password": ["hunter2"]}}, "password"),
        (ECHO, {"in": {"mobile": "1", "password": {"value: ": "hunter2"}}}, "password"),
        (ECHO, {"number": "hunter2"}, "Int cannot represent"),
        (ECHO, {"tags": ["a", {"found": "hunter2"}]}, "[1]"),
        ('{ echo(in: {mobile: "1", password: "hunter2", extra: 1}) }', {}, "'extra'"),
        ('{ echo(in: {password: "hunter2"}) }', {}, "'mobile'"),
        ('{ echo(in: "hunter2") }', {}, "LoginInput"),
        ('{ echo(number: "hunter2") }', {}, "Int cannot represent"),
        ('{ echo(text: {a: "hunter2"}) }', {}, "String cannot represent"),
        ('{ echo(text "hunter2") }', {}, "found String"),
        ('{ echo(text """hunter2""") }', {}, "found BlockString"),
        ('{ echo(text: "hunter2', {}, "Unterminated"),
        ('{ echo(text: "hunter2\\q") }', {}, "escape"),
        ('{ echo(text: "a" "hunter2") }', {}, "found String"),
    ],
)
async def test_complaint_about_an_input_names_the_field_and_quotes_no_value(
    client: Client, query: str, variables: dict[str, object], named: str
) -> None:
    response = await client.ask(query, variables=variables)

    [error] = response.json()["errors"]
    assert "hunter2" not in response.text
    assert named in error["message"]
    assert error["message"].endswith(".")


async def test_graphql_error_with_a_code_is_told_as_the_resolver_wished(client: Client) -> None:
    [error] = (await client.ask("{ deliberate }")).json()["errors"]

    assert (error["message"], error["extensions"]) == ("As the resolver wished.", {"code": "DELIBERATE"})


async def test_fault_outside_resolvers_is_a_masked_500(toy: Toy) -> None:
    class Broken:
        async def __call__(self, operation: PreparedOperation, variables: object, context: object) -> "Never":
            raise RuntimeError(f"hunter2 {operation} {variables} {context}")

    with structlog.testing.capture_logs() as lines:
        response = await Client(endpoint_of(toy, executor=Broken())).ask("{ name }")

    assert (response.status_code, codes_of(response)) == (500, ["INTERNAL"])
    assert "hunter2" not in response.text
    assert len(lines) == 1


async def test_answer_that_cannot_be_written_is_a_masked_500(toy: Toy) -> None:
    assert toy.schema.query_type is not None
    toy.schema.query_type.fields["name"].resolve = lambda *_: "\ud800"

    with structlog.testing.capture_logs():
        response = await Client(endpoint_of(toy)).ask("{ name }")

    assert (response.status_code, codes_of(response)) == (500, ["INTERNAL"])


class Never:
    """What a broken executor does not yield."""

    data = None
    errors = None


async def test_partial_answer_has_the_status_that_is_set(toy: Toy) -> None:
    client = Client(endpoint_of(toy, EndpointOptions(partial_success_status=294)))

    assert (await client.ask("{ name refused }", MODERN)).status_code == 294
    assert (await client.ask("{ name refused }", LEGACY)).status_code == 200
    assert (await client.ask("{ name }", MODERN)).status_code == 200


@pytest.mark.parametrize(("accept", "status"), [(MODERN, 400), (LEGACY, 200)])
async def test_variables_that_do_not_fit_are_a_request_error(
    client: Client, accept: str, status: int
) -> None:
    response = await client.ask("query($n: Int!) {echo(number: $n)}", accept, variables={"n": "x"})

    assert (response.status_code, codes_of(response)) == (status, ["BAD_USER_INPUT"])
    assert "data" not in response.json()


async def test_argument_that_does_not_fit_is_the_clients_fault(client: Client) -> None:
    response = await client.ask("query($n: Int) {echo(number: $n) name}", variables={"n": 2**40})

    assert codes_of(response) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "document",
    [
        "{me{" + " ".join(f"x{n}" for n in range(300)) + "}}",
        "query(" + " ".join(f"$v{n}: Int" for n in range(100)) + ") {name}",
        "{" + " ".join(f"...f{n}" for n in range(100)) + "}",
        "query(" + " ".join(f"$v{n}: Int!" for n in range(30)) + ") {echo(number: $v0)}",
        "{echo(in: {" + " ".join(f"x{n}: 1" for n in range(100)) + "})}",
    ],
)
async def test_five_errors_are_told_at_most(client: Client, document: str) -> None:
    response = await client.ask(document)

    assert len(response.json()["errors"]) == 5


async def test_five_errors_of_variables_are_told_at_most(client: Client) -> None:
    variables = " ".join(f"$v{n}: String!" for n in range(30))
    arguments = ", ".join(f"$v{n}" for n in range(30))

    response = await client.ask(f"query({variables}) {{echo(tags: [{arguments}])}}", variables={})

    assert len(response.json()["errors"]) == 5


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{" + "x" * 50_000 + "}", {}),
        ("{" + "中" * 20_000 + "}", {}),
        ("{name} {" + "x" * 50_000, {}),
        ("query " + "x" * 50_000 + "{unknown}", {}),
        ("{" + "x" * 50_000 + ": refused}", {}),
        ("{" + "x" * 50_000 + ": broken}", {}),
        ("query($n: Int!) {echo(number: $n)}", {"n": "x" * 50_000}),
        ("query($n: Int!) {echo(number: $n)}", {"n": "中" * 20_000}),
        ("query($n: LoginInput) {echo(in: $n)}", {"n": {"x" * 50_000: 1}}),
        ('{echo(number: "' + "x" * 16_000 + '")}', {}),
        ("{echo(number: " + "1" * 50_000 + ")}", {}),
        ('{a: echo(text: "' + "x" * 8_000 + '") a: echo(text: "' + "y" * 8_000 + '")}', {}),
        ("{name @" + "x" * 50_000 + "}", {}),
        ("{a: name " + "a: me{id} " * 60 + "}", {}),
    ],
)
async def test_error_is_short_whatever_was_sent(
    client: Client, document: str, variables: dict[str, object]
) -> None:
    with structlog.testing.capture_logs():
        response = await client.ask(document, variables=variables)

    errors = response.json()["errors"]
    assert 1 <= len(errors) <= 5
    assert all(len(json.dumps(error, ensure_ascii=False).encode()) < 1_000 for error in errors)


async def test_middleware_refuses_in_the_form_that_the_client_asked_for(endpoint: GraphQLEndpoint) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    refusal = refuse(EndpointErrorCode.CROSS_SITE_REFUSED, "The Origin is not allowed.", status=403)
    scope: Scope = {"type": "http", "method": "POST", "headers": [(b"accept", MODERN.encode())]}

    await endpoint.refuse(scope, send, refusal)

    assert sent[0]["status"] == 403
    assert b"CROSS_SITE_REFUSED" in bytes(str(sent[1]["body"]), "utf-8")
    assert scope["state"]["graphql"]["error_codes"] == ["CROSS_SITE_REFUSED"]


def test_every_code_is_described_for_a_stranger() -> None:
    for code in EndpointErrorCode:
        assert code.value == code.name
        assert len(code.description) > 40
        assert code.description.endswith(".")
    assert len({code.description for code in EndpointErrorCode}) == len(EndpointErrorCode)


async def test_note_for_the_log_says_what_ran(endpoint: GraphQLEndpoint) -> None:
    state: dict[str, dict[str, object]] = {}

    await call_raw(endpoint, [b'{"query": "query Mine { name refused }"}'], state=state)

    note = state["graphql"]
    assert (note["operation"], note["error_codes"]) == ("Mine", ["UNAUTHENTICATED"])
    assert len(str(note["document"])) == 16


async def test_note_is_short_whatever_the_operation_is_called(endpoint: GraphQLEndpoint) -> None:
    state: dict[str, dict[str, object]] = {}

    await call_raw(endpoint, [b'{"query": "query ' + b"x" * 50_000 + b' { name }"}'], state=state)

    assert state["graphql"]["operation"] == "x" * 64


async def test_log_line_keeps_no_number_that_an_operation_is_called_by(endpoint: GraphQLEndpoint) -> None:
    state: dict[str, dict[str, object]] = {}
    await call_raw(endpoint, [b'{"query": "query Log13712345678V2 { name }"}'], state=state)

    assert state["graphql"]["operation"] == "Log…V2"


@pytest.mark.parametrize("body", ["", " ", "\r\n"])
async def test_empty_body_is_called_empty(client: Client, body: str) -> None:
    [error] = (await client.send(body)).json()["errors"]

    assert error["message"] == "The body is empty; a GraphQL request is a JSON object."
    assert error["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("body", "operation"), [(b'{"query": "{ name }"}', "query"), (b"{", ""), (b'{"query": "{"}', "")]
)
async def test_note_is_left_for_every_request(endpoint: GraphQLEndpoint, body: bytes, operation: str) -> None:
    state: dict[str, dict[str, object]] = {}

    await call_raw(endpoint, [body], state=state)

    assert state["graphql"]["operation"] == operation
