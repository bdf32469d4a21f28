"""The pages against the code: settings, commands, codes, endpoints and links."""

import re
from itertools import chain
from pathlib import Path

import pytest
import typer

from gateway.cli import make_app
from gateway.settings import Settings
from gateway.settings_groups import PREFIX
from gateway.settings_table import BEGIN, END, replace_settings_tables
from rest_shim.dialects import DIALECTS
from rest_shim.endpoints import ROUTES
from rest_shim.errno import Errno
from tests.architecture.test_prose import PAGES, read
from tests.docs.walkthrough import ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def commands_of(command: object, path: str = "account-gateway") -> list[str]:
    """Every command that can be typed, groups written out."""
    children = getattr(command, "commands", None)
    if not children:
        return [path]
    return [name for word, child in children.items() for name in commands_of(child, f"{path} {word}")]


def anchors_of(page: str) -> set[str]:
    """The anchors that its headings get where the pages are read."""
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(read(page))}


def test_page_has_the_settings_as_they_are() -> None:
    page = read("docs/settings.md")

    assert page == replace_settings_tables(page), f"run the command that stands in the page: {BEGIN}"


def test_readme_is_short_enough_to_be_read() -> None:
    assert len(read("README.md").splitlines()) < 150


def test_page_names_every_setting_once_in_its_tables() -> None:
    table = read("docs/settings.md").partition(BEGIN)[2].partition(END)[0]

    assert re.findall(rf"^\| `({PREFIX}\w+)`", table, re.MULTILINE) == list(Settings.variables())


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_no_setting_that_there_is_not(page: str) -> None:
    assert set(re.findall(rf"{PREFIX}[A-Z0-9_]+[A-Z0-9]", read(page))) <= Settings.variables().keys()


def test_operators_page_has_every_command() -> None:
    page = read("docs/operators.md")

    missing = [name for name in commands_of(typer.main.get_command(make_app())) if f"`{name}" not in page]
    assert missing == []


def test_legacy_page_has_every_endpoint_and_every_errno() -> None:
    page = read("docs/legacy.md")

    for route in ROUTES:
        assert f"`{route.method} {route.path}" in page
    for dialect in DIALECTS.values():
        for name in (*dialect.paths, *dialect.copies, *chain.from_iterable(dialect.aliases.values())):
            assert f"`{name}`" in page
    for errno in Errno:
        assert f"| {int(errno)} | {errno.name} | {errno.text} |" in page


def test_spa_page_has_no_field_of_another_schema() -> None:
    schema = read("schema/schema.graphql")

    for name in re.findall(r"`(\w+)\(input:", read("docs/spa.md")):
        assert f"  {name}(" in schema


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in _LINK.findall(read(page)):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(str(target.resolve().relative_to(ROOT))), link


def test_every_page_is_checked() -> None:
    assert {str(path.relative_to(ROOT)) for path in Path(ROOT / "docs").glob("*.md")} <= set(PAGES)
