"""What hostile documents cost, counted in steps and not by a clock.

Each count is taken at two sizes: where the cost grows with the size and not faster, the count of the larger is at
most as many times larger. `benchmarks/hostile_documents.py` prints times and memory.
"""

import sys
from collections.abc import Callable
from types import CodeType

import pytest
from graphql import GraphQLSyntaxError, parse

from graphql_http import EndpointOptions
from graphql_http.documents import Documents
from graphql_http.errors import RequestRefusedError
from graphql_http.lexing import parse_document
from graphql_http.query_cost import measure_operations
from tests.graphql_http.toy import Toy

LINEAR = 1.3
"""How much faster than the size a count may grow, for what is done once."""


def count_calls(work: Callable[[], object]) -> int:
    """How many Python functions are entered by `work`."""
    entered: list[CodeType] = []
    sys.setprofile(lambda frame, event, _: entered.append(frame.f_code) if event == "call" else None)
    try:
        work()
    except (RequestRefusedError, GraphQLSyntaxError):
        pass
    finally:
        sys.setprofile(None)
    return len(entered)


def doubling(count: int) -> str:
    """Fragments each of which spreads the next one twice."""
    fragments = (
        f"fragment f{n} on Person {{friend {{...f{n + 1}}} x: friend {{...f{n + 1}}}}}" for n in range(count)
    )
    return "{me {...f0}} " + " ".join(fragments) + f" fragment f{count} on Person {{name}}"


def cross_spreading(count: int) -> str:
    """Fragments each of which spreads all that come after it."""
    fragments = (
        f"fragment f{n} on Person {{name {' '.join(f'...f{m}' for m in range(n + 1, count))}}}"
        for n in range(count)
    )
    return "{me {...f0}} " + " ".join(fragments)


@pytest.mark.parametrize(
    "document", [doubling, lambda n: "{me" + "{friend" * (n * 3) + "{id}" + "}" * (n * 3) + "}"]
)
def test_measuring_takes_steps_in_proportion_to_the_document(document: Callable[[int], str]) -> None:
    small, large = parse(document(20)), parse(document(60))

    of_small = count_calls(lambda: measure_operations(small, EndpointOptions()))
    of_large = count_calls(lambda: measure_operations(large, EndpointOptions()))

    assert of_large < 3 * LINEAR * of_small


def test_each_fragment_is_measured_once_however_often_it_is_spread() -> None:
    few, many = parse(cross_spreading(15)), parse(cross_spreading(30))
    spreads_of_few, spreads_of_many = 15 * 14 // 2, 30 * 29 // 2

    of_few = count_calls(lambda: measure_operations(few, EndpointOptions()))
    of_many = count_calls(lambda: measure_operations(many, EndpointOptions()))

    assert of_many / of_few < LINEAR * spreads_of_many / spreads_of_few


def test_doubled_cost_is_known_although_nobody_walks_it() -> None:
    [(_, cost)] = measure_operations(parse(doubling(25)), EndpointOptions())

    assert cost.aliases == 2**25 - 1


def test_cost_of_a_hundred_doublings_has_a_ceiling() -> None:
    [(_, cost)] = measure_operations(parse(doubling(100)), EndpointOptions())

    assert cost.selections <= 2 * 10**9 + 10


@pytest.mark.parametrize(
    "filling",
    [" ", "\n", "\r\n", ",", "\ufeff", "#" + "x" * 99 + "\n", "#\n"],
    ids=["spaces", "line feeds", "line ends", "commas", "marks", "long comments", "comments"],
)
def test_what_is_ignored_costs_no_steps(filling: str) -> None:
    def lex(length: int) -> int:
        text = "{me{id}" + filling * (length // len(filling)) + "}"
        return count_calls(
            lambda: parse_document(text, tokens_maximum=1_000, literals_maximum_characters=16_384)
        )

    assert lex(100_000) == lex(1_000)


@pytest.mark.parametrize(
    ("start", "filling"),
    [
        ("", "{a"),
        ("", "{..."),
        ("{a(b:", "["),
        ("{a(b:", "{c:"),
        ("query($a:", "["),
        ("{", 'a(b:"")'),
        ("", "{"),
    ],
)
def test_parsing_stops_with_the_tokens_that_are_allowed(start: str, filling: str) -> None:
    def parse_at_most(tokens: int) -> int:
        text = start + filling * 20_000
        return count_calls(
            lambda: parse_document(text, tokens_maximum=tokens, literals_maximum_characters=10**9)
        )

    with_few = parse_at_most(100)

    assert parse_at_most(200) <= 3 * with_few
    assert with_few < 100 * 40


@pytest.mark.parametrize("opening", ["{a", "{...", "{a(b:["])
def test_nesting_beyond_all_measure_is_refused_before_the_stack_is(opening: str, toy: Toy) -> None:
    documents = Documents(toy.schema, EndpointOptions(tokens_maximum=100_000))

    with pytest.raises(RequestRefusedError) as refusal:
        documents.prepare("{a(b:" + "[" * 5_000 if "[" in opening else opening * 5_000)

    assert refusal.value.entries[0]["extensions"]["code"] == "DEPTH_LIMIT_EXCEEDED"


def test_literals_are_bounded_before_they_are_read(toy: Toy) -> None:
    def read(length: int) -> int:
        text = '{echo(text: "' + "\\n" * length + '")}'
        return count_calls(
            lambda: parse_document(text, tokens_maximum=1_000, literals_maximum_characters=16_384)
        )

    assert read(50_000) == read(9_000)


@pytest.mark.parametrize(
    "document",
    [
        "{me{" + "id " * 990 + "}}",
        "{me{" + "friend{id}" * 240 + "}}",
        "{me{"
        + "".join(f"...f{n} " for n in range(60))
        + "}} "
        + " ".join(f"fragment f{n} on Person{{friend{{friend{{id}}}}}}" for n in range(60)),
    ],
    ids=["fields", "objects", "fragments"],
)
def test_comparing_equal_names_is_given_up_soon(toy: Toy, document: str) -> None:
    def prepare(steps: int) -> int:
        documents = Documents(toy.schema, EndpointOptions(overlap_steps_maximum=steps))
        return count_calls(lambda: documents.prepare(document))

    assert prepare(3_000) * 2 < prepare(100_000)


def test_invalid_document_is_given_up_after_the_errors_that_are_told(toy: Toy) -> None:
    document = "{me{" + " ".join(f"x{n}" for n in range(900)) + "}}"

    def check(errors: int) -> int:
        documents = Documents(toy.schema, EndpointOptions(reported_errors_maximum=errors))
        return count_calls(lambda: documents.prepare(document))

    assert check(5) * 1.5 < check(1_000)
