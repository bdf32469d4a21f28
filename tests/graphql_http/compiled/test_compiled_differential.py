"""Compiled operations against graphql-core: documents drawn from a schema, and nothing that can be told apart.

Compared are data with the order of its keys, errors with all that they carry, every resolver's arguments and
info, and the order of all calls, turns of the loop, cancellations and closed iterators until nothing runs any more.

The suite compares the same few hundred documents each time. For as many others as one likes:

    python -m tests.graphql_http.compiled.test_compiled_differential --documents 20000 --seed 1
"""

import argparse
import asyncio
import gc
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from graphql_http.compiled.strawberry_fields import STRAWBERRY_SHORTCUTS
from tests.graphql_http.compiled.accounts import SCHEMA
from tests.graphql_http.compiled.comparison import Subject, compare
from tests.graphql_http.compiled.documents import Request, requests
from tests.graphql_http.compiled.resolver_outcomes import Stage
from tests.graphql_http.compiled.zoo import build_zoo

EXECUTIONS = 3

Outcome = tuple[int, int]
OUTCOMES = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([0, 5, 20, 40]))


def make_stage(outcome: Outcome) -> Stage:
    return Stage(outcome[0], trouble=outcome[1])


ZOO = Subject(build_zoo(), make_stage)
ACCOUNTS = Subject(SCHEMA._schema, make_stage, STRAWBERRY_SHORTCUTS)

BOUNDED = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
# Cancelling a task before its first turn leaves coroutines that were never awaited, in either executor.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def drawn_for(subject: Subject) -> st.SearchStrategy[tuple[Request, list[Outcome]]]:
    """Give the strategy for requests to a subject, with a outcome for each execution."""
    return st.tuples(
        requests(subject.schema, EXECUTIONS), st.lists(OUTCOMES, min_size=EXECUTIONS, max_size=EXECUTIONS)
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with quiet_runner() as made:
        yield made


@pytest.fixture(autouse=True)
def leftovers_are_collected() -> Iterator[None]:
    """Let no other test be blamed for them."""
    yield
    gc.collect()


def quiet_runner() -> asyncio.Runner:
    """Make a loop that does not report the exceptions of futures that nobody awaits."""
    made = asyncio.Runner()
    made.get_loop().set_exception_handler(lambda _loop, _report: None)
    return made


@settings(BOUNDED, max_examples=300)
@given(drawn_for(ZOO))
def test_nothing_tells_a_compiled_operation_from_graphql_core(
    runner: asyncio.Runner, drawn: tuple[Request, list[Outcome]]
) -> None:
    compare(runner, ZOO, drawn, Counter())


@settings(BOUNDED, max_examples=150)
@given(drawn_for(ACCOUNTS))
def test_nor_does_it_on_a_strawberry_schema_whose_plain_attributes_are_read_directly(
    runner: asyncio.Runner, drawn: tuple[Request, list[Outcome]]
) -> None:
    compare(runner, ACCOUNTS, drawn, Counter())


def main() -> None:
    """Compare as many different documents as asked for on each schema, and say what was compared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _report: None
    for name, subject in (("zoo", ZOO), ("accounts", ACCOUNTS)):
        seen = compare_many(subject, asked.documents, asked.seed)
        sys.stdout.write(f"{name}\n")
        sys.stdout.writelines(f"{number:>11,} {what}\n" for what, number in seen.items())
        sys.stdout.flush()


def compare_many(subject: Subject, documents: int, first_seed: int) -> Counter[str]:
    """Compare until so many different documents were; raise on the first difference."""
    seen: Counter[str] = Counter()
    texts: set[str] = set()
    batches = count(first_seed)
    with quiet_runner() as runner:

        def compare_one(drawn: tuple[Request, list[Outcome]]) -> None:
            if drawn[0].text not in texts:  # Hypothesis likes to draw near what it has drawn
                texts.add(drawn[0].text)
                compare(runner, subject, drawn, seen)

        run = settings(BOUNDED, max_examples=500, derandomize=False)(given(drawn_for(subject))(compare_one))
        while seen["documents"] < documents:
            seed(next(batches))(run)()
    return seen


if __name__ == "__main__":
    main()
