"""The decisions: numbered without gaps, each with status and date, and an index that has them all."""

import re
from pathlib import Path

import pytest

from tests.docs.walkthrough import ROOT

FOLDER = ROOT / "docs/adr"
DECISIONS = sorted(FOLDER.glob("0*.md"))

_HEAD = re.compile(
    r"# (?P<number>\d{4}): (?P<title>.+)\n\n"
    r"Status: (?P<status>accepted|replaced by (?P<heir>\d{4})) · Date: (?P<date>\d{4}-\d\d-\d\d)\n"
)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def head_of(decision: Path) -> re.Match[str]:
    head = _HEAD.match(decision.read_text(encoding="utf-8"))
    assert head, f"{decision.name} does not begin as docs/adr/template.md does"
    return head


def test_numbers_have_no_gaps() -> None:
    assert [path.name[:4] for path in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_decision_has_number_status_and_date_and_the_templates_parts(decision: Path) -> None:
    head = head_of(decision)

    assert head["number"] == decision.name[:4]
    headings = _HEADING.findall(decision.read_text(encoding="utf-8"))
    assert headings[:2] == ["Context", "Decision"]
    assert set(headings) <= {"Context", "Decision", "Consequences", "Turned down", "Tried and not kept"}


def test_what_replaces_a_decision_stands_and_is_accepted() -> None:
    heads = {head["number"]: head for head in map(head_of, DECISIONS)}

    for head in heads.values():
        if head["heir"]:
            assert heads[head["heir"]]["status"] == "accepted"


def test_index_has_every_decision_as_it_is() -> None:
    rows = [
        f"| [{head['number']}]({path.name}) | {head['title']} | {head['status']} | {head['date']} |"
        for path, head in zip(DECISIONS, map(head_of, DECISIONS), strict=True)
    ]

    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [line for line in index.splitlines() if line.startswith("| [")] == rows
