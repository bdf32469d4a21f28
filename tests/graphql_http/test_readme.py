"""The package's page: its example is run, and what it names is there."""

import re
from typing import Any

import pytest

import graphql_http
from tests.architecture.sources import ROOT
from tests.graphql_http.toy import LEGACY, Client

PAGE = (ROOT / "graphql_http" / "README.md").read_text("utf-8")


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


@pytest.mark.anyio
async def test_example_serves_a_schema() -> None:
    made: dict[str, Any] = {}
    exec(compile(example("python"), "hello.py", "exec"), made)
    command, answer = example("console").splitlines()
    body = re.search(r"-d '(.*)'", command)
    assert body

    response = await Client(made["app"]).send(body.group(1), LEGACY)

    assert (response.status_code, response.text) == (200, answer)


def test_example_is_short() -> None:
    assert len([line for line in example("python").splitlines() if line]) <= 10


def test_page_names_all_that_an_application_uses_and_nothing_else() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]

    assert sorted(named) == sorted(graphql_http.__all__)
    assert all(hasattr(graphql_http, name) for name in graphql_http.__all__)


def test_modules_that_the_page_names_are_there() -> None:
    [paragraph] = [block for block in PAGE.split("\n\n") if block.startswith("`negotiation`")]

    names = re.findall(r"`(\w+)`", paragraph)

    assert [name for name in names if not (ROOT / "graphql_http" / f"{name}.py").is_file()] == []
