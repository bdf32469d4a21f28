"""The pages as text: what they name is there, and their lines can be read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PAGES = [
    "README.md",
    "CHANGELOG.md",
    "docs/spa.md",
    "docs/settings.md",
    "docs/where.md",
    "docs/walkthrough.md",
    "docs/capacity.md",
    "docs/legacy.md",
    "docs/operators.md",
    "docs/security.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "docs/glossary.md",
    "docs/adr/README.md",
    "docs/adr/template.md",
    "graphql_http/README.md",
]
# A decision that was replaced tells of files that have gone since.
DECISIONS = [
    str(path.relative_to(ROOT))
    for path in sorted((ROOT / "docs/adr").glob("0*.md"))
    if "Status: replaced" not in path.read_text(encoding="utf-8")
]

# What set-up and runs make.
MADE = {
    "schema/graphiql/static",
    "var/outbox.jsonl",
    "benchmarks/.venv",
    "benchmarks/peers/node/node_modules",
}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS])
def test_files_that_a_page_names_are_there(page: str) -> None:
    tops = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and path.name != ".git")
    named = re.findall(rf"`((?:{tops})/[\w./-]*\w)/?`", read(page))

    assert [name for name in named if not (ROOT / name).exists() and name not in MADE] == []


def test_rules_are_in_the_files_that_are_said_to_decide_them() -> None:
    decided = re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", read("docs/where.md"))

    assert len(decided) > 30
    for name, words in decided:
        text = read(name)
        for word in re.findall(r"\w+", words):
            assert re.search(rf"\b{word}\b", text), f"{name} says nothing of {word}"


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS])
def test_lines_of_prose_are_not_endless(page: str) -> None:
    inside = False
    for line in read(page).splitlines():
        inside ^= line.startswith("```")
        if not inside and not line.startswith(("|", "- [")):
            assert len(line) <= 140, line
