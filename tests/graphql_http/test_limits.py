"""Each limit on documents: accepted just at its value, refused just above, seen through fragments."""

from collections.abc import Callable

import pytest
from graphql import parse

from graphql_http import EndpointOptions
from graphql_http.query_cost import measure_operations
from tests.graphql_http.toy import LEGACY, LOGIN, Client, Toy, codes_of

pytestmark = pytest.mark.anyio


def nested(depth: int) -> str:
    """A selection set whose deepest field has `depth`."""
    return "{me" + "{friend" * (depth - 2) + "{name}" + "}" * (depth - 2) + "}"


def notes(count: int) -> str:
    return " @note" * count


def logouts(count: int) -> str:
    return " ".join(f"a{n}: logout {{__typename}}" for n in range(count))


def from_fragments(count: int) -> str:
    """A field `count` times, each from a fragment of its own and in an inline fragment."""
    fragments = "".join(f" fragment f{n} on Query {{... on Query {{name}}}}" for n in range(count))
    return "{" + " ".join(f"...f{n}" for n in range(count)) + "}" + fragments


def at_and_above(
    code: str, maximum: int, document: Callable[[int], str], *, step: int = 1
) -> tuple[str, int, str, str]:
    return code, maximum, document(maximum), document(maximum + step)


CASES = {
    "tokens": at_and_above(
        "TOKEN_LIMIT_EXCEEDED", 1_000, lambda n: "{echo(tags: [" + '"" ' * (n - 9) + "])}"
    ),
    "tokens between comments": at_and_above(
        "TOKEN_LIMIT_EXCEEDED", 1_000, lambda n: "#c\n{echo(tags: [" + '"",,,#c\n' * (n - 9) + "])}#c"
    ),
    "string": at_and_above(
        "LITERAL_LIMIT_EXCEEDED", 16_384, lambda n: '{echo(text: "' + "x" * (n - 2) + '")}'
    ),
    "block string": at_and_above(
        "LITERAL_LIMIT_EXCEEDED", 16_384, lambda n: '{echo(text: """' + "x" * (n - 6) + '""")}'
    ),
    "strings in sum": at_and_above(
        "LITERAL_LIMIT_EXCEEDED",
        16_384,
        lambda n: '{a: echo(text: "ab\\"c") echo(text: "' + "x" * (n - 9) + '")}',
    ),
    "depth": at_and_above("DEPTH_LIMIT_EXCEEDED", 10, nested),
    "depth in a fragment": at_and_above(
        "DEPTH_LIMIT_EXCEEDED", 10, lambda n: "{me{...f}} fragment f on Person" + nested(n)[3:-1]
    ),
    "depth in inline fragments": at_and_above(
        "DEPTH_LIMIT_EXCEEDED", 10, lambda n: "{... on Query {..." + nested(n) + "}}"
    ),
    "aliases": at_and_above(
        "ALIAS_LIMIT_EXCEEDED", 15, lambda n: "{me{" + " ".join(f"a{i}: name" for i in range(n)) + "}}"
    ),
    "aliases of a fragment that is spread twice": at_and_above(
        "ALIAS_LIMIT_EXCEEDED",
        15,
        lambda n: (
            "{me{...f a: friend{...f}}} fragment f on Person {"
            + " ".join(f"a{i}: name" for i in range(n // 2))
            + "}"
        ),
        step=2,
    ),
    "top-level fields": at_and_above("ROOT_FIELD_LIMIT_EXCEEDED", 10, lambda n: "{" + "name " * n + "}"),
    "top-level fields of fragments": at_and_above("ROOT_FIELD_LIMIT_EXCEEDED", 10, from_fragments),
    "mutations": at_and_above("MUTATION_LIMIT_EXCEEDED", 4, lambda n: f"mutation {{{logouts(n)}}}"),
    "mutations of fragments": at_and_above(
        "MUTATION_LIMIT_EXCEEDED",
        4,
        lambda n: (
            f"mutation {{...f z: logout {{__typename}}}} fragment f on Mutation {{... {{{logouts(n - 1)}}}}}"
        ),
    ),
    "directives": at_and_above(
        "DIRECTIVE_LIMIT_EXCEEDED",
        50,
        lambda n: "{me{" + f"name{notes(5)} " * (n // 5) + f"id{notes(n % 5)}" + "}}",
    ),
    "directives everywhere": at_and_above(
        "DIRECTIVE_LIMIT_EXCEEDED",
        50,
        lambda n: (
            f"query Q{notes(n - 44)} {{...f{notes(1)} ...{notes(1)} {{...f}}}} "
            f"fragment f on Query{notes(1)} {{a: name{notes(9)} b: name{notes(9)} name{notes(2)}}}"
        ),
    ),
    "directives of a field": at_and_above(
        "FIELD_DIRECTIVE_LIMIT_EXCEEDED", 9, lambda n: f"{{name{notes(n)}}}"
    ),
    "directives of an inline fragment": at_and_above(
        "FIELD_DIRECTIVE_LIMIT_EXCEEDED", 9, lambda n: f"{{...{notes(n)} {{name}}}}"
    ),
    "directives of a spread": at_and_above(
        "FIELD_DIRECTIVE_LIMIT_EXCEEDED", 9, lambda n: f"{{...f{notes(n)}}} fragment f on Query {{name}}"
    ),
    "directives of an operation": at_and_above(
        "FIELD_DIRECTIVE_LIMIT_EXCEEDED", 9, lambda n: f"query Q{notes(n)} {{name}}"
    ),
    "directives of a fragment": at_and_above(
        "FIELD_DIRECTIVE_LIMIT_EXCEEDED", 9, lambda n: f"{{...f}} fragment f on Query{notes(n)} {{name}}"
    ),
    "selections": at_and_above(
        "SELECTION_LIMIT_EXCEEDED",
        1_000,
        lambda n: (
            "{me{" + "...f " * 90 + "id " * (n - 991) + "}} fragment f on Person {" + "name " * 10 + "}"
        ),
    ),
    "overlaps": at_and_above("OVERLAP_LIMIT_EXCEEDED", 3_000, lambda n: "{me{" + "id " * (n - 2_945) + "}}"),
}


@pytest.mark.parametrize(("code", "maximum", "at", "above"), CASES.values(), ids=CASES.keys())
async def test_limit_accepts_its_value_and_refuses_the_next(
    client: Client, code: str, maximum: int, at: str, above: str
) -> None:
    served, refused = await client.ask(at), await client.ask(above)

    assert (served.status_code, codes_of(served)) == (200, [])
    assert (refused.status_code, codes_of(refused)) == (400, [code])
    [error] = refused.json()["errors"]
    assert str(maximum) in error["message"]
    assert error["extensions"]["maximum"] == maximum


async def test_refusal_tells_the_value_too(client: Client) -> None:
    [error] = (await client.ask(nested(17))).json()["errors"]

    assert error["message"] == "Levels of fields in one request: at most 10 allowed, found 17."
    assert error["extensions"] == {"code": "DEPTH_LIMIT_EXCEEDED", "maximum": 10, "value": 17}


async def test_refused_document_is_a_well_formed_request_for_older_clients(client: Client) -> None:
    response = await client.ask(nested(11), LEGACY)

    assert (response.status_code, codes_of(response)) == (200, ["DEPTH_LIMIT_EXCEEDED"])


@pytest.mark.parametrize("field", ["login", "register", "sendSmsCode"])
@pytest.mark.parametrize(
    "document",
    [
        "mutation {{a: {0} b: {0}}}",
        "mutation {{{0} {0}}}",
        "mutation {{a: {0} ...f}} fragment f on Mutation {{b: {0}}}",
        "mutation {{...f ...f}} fragment f on Mutation {{{0}}}",
        "mutation {{... on Mutation {{a: {0}}} ... @include(if: false) {{b: {0}}}}}",
        "mutation {{...f}} fragment f on Mutation {{...g ...{{b: {0}}}}} fragment g on Mutation {{...{{a: {0}}}}}",
        "mutation A {{{0}}} mutation B {{a: {0} b: {0}}}",
    ],
)
async def test_single_use_field_is_done_by_no_way_twice(
    client: Client, toy: Toy, field: str, document: str
) -> None:
    selection = f"{field}(input: {LOGIN}) {{person {{name}}}}"

    response = await client.ask(document.format(selection), operationName="A" if " B " in document else None)

    assert (response.status_code, codes_of(response)) == (400, ["SINGLE_USE_FIELD_REPEATED"])
    assert toy.done == []
    assert f"`{field}`" in response.text


async def test_hundred_aliased_logins_spend_no_guess(client: Client, toy: Toy) -> None:
    logins = " ".join(f"a{n}: login(input: $i) {{person{{id}}}}" for n in range(100))

    response = await client.ask(f"mutation($i: LoginInput!) {{{logins}}}")

    assert response.status_code == 400
    assert toy.done == []


async def test_different_single_use_fields_go_together(client: Client, toy: Toy) -> None:
    one = f"(input: {LOGIN}) {{person {{name}}}}"

    response = await client.ask(
        f"mutation {{login{one} register{one} sendSmsCode{one} logout {{__typename}}}}"
    )

    assert (codes_of(response), toy.done) == ([], ["login", "register", "sendSmsCode", "logout"])


async def test_single_use_holds_for_mutations_only(client: Client) -> None:
    response = await client.ask("{a: name name}")

    assert codes_of(response) == []


def test_each_operation_of_a_document_is_measured_by_itself() -> None:
    document = parse("query A {name ...f} query B {...f ...f} fragment f on Query {a: name me {id}}")

    (_, first), (_, second) = measure_operations(document, EndpointOptions())

    assert (first.root_fields, first.aliases, first.depth, first.selections) == (3, 1, 2, 5)
    assert (second.root_fields, second.aliases, second.depth, second.selections) == (4, 2, 2, 8)


def test_descriptions_of_the_schema_may_be_deep() -> None:
    document = parse("{__schema{types{...f}} me{id}} fragment f on __Type {ofType{ofType{ofType{name}}}}")

    [(_, cost)] = measure_operations(document, EndpointOptions())

    assert cost.depth == 2


@pytest.mark.parametrize(
    "document",
    [
        "{...f} fragment f on Query {...f}",
        "{...f} fragment f on Query {...g} fragment g on Query {...f name}",
        "{...unknown}",
        "fragment f on Query {name}",
        "{...f} fragment f on Query {name} fragment f on Query {me{id}}",
    ],
)
async def test_fragments_that_validation_refuses_do_not_harm_the_counting(
    client: Client, document: str
) -> None:
    response = await client.ask(document)

    assert set(codes_of(response)) == {"GRAPHQL_VALIDATION_FAILED"}
