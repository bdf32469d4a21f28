"""The table of protections names what there is."""

import re
from pathlib import Path

from drills.__main__ import DRILLS, render_list

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text("utf-8")
_PATH = re.compile(r"`((?:adapters|db|drills|gateway|resolvers|rest_shim|schema|tests)/[\w./]*)`")
_DRILL_NAMES = re.compile(r"drills? ((?:`[a-z-]+`(?:, | and )?)+)")


def test_every_file_that_is_named_exists() -> None:
    named = _PATH.findall(TABLE)

    assert len(named) > 50
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_drill_that_is_named_exists_and_every_drill_is_named() -> None:
    named = {name for names in _DRILL_NAMES.findall(TABLE) for name in re.findall(r"`([a-z-]+)`", names)}

    assert named == set(DRILLS)


def test_every_item_has_its_line() -> None:
    assert [int(number) for number in re.findall(r"^\*\*(\d+)\. ", TABLE, re.MULTILINE)] == list(range(1, 26))


def test_list_is_a_table_whose_columns_stand_under_each_other() -> None:
    lines = render_list().splitlines()
    column = lines[0].index("what it does")

    assert [line[:column].strip() for line in lines] == ["drill", *DRILLS]
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
