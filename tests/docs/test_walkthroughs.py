"""The pages' shell sessions print what the pages say."""

from pathlib import Path

import pytest

from tests.docs.walkthrough import ROOT, run_steps, serving, settled, steps_of

# A page, how many commands it has at least, and the settings its server is started with.
PAGES: dict[str, tuple[int, dict[str, str]]] = {
    "README.md": (7, {}),
    "docs/walkthrough.md": (30, {}),
    "docs/spa.md": (15, {"GATEWAY_LIMITS_SCALE": "10"}),
    "docs/legacy.md": (5, {"GATEWAY_REST_DIALECT": "ihome"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_page_prints_what_its_commands_print(page: str, tmp_path: Path) -> None:
    least, settings = PAGES[page]
    steps = steps_of((ROOT / page).read_text(encoding="utf-8"))
    assert len(steps) >= least

    with serving(tmp_path, **settings) as address:
        outputs = run_steps(steps, tmp_path, address)

    printed = [f"$ {step.command}\n{settled(step.output)}" for step in steps]
    happened = [f"$ {step.command}\n{settled(output)}" for step, output in zip(steps, outputs, strict=True)]
    assert happened == printed


def test_a_page_that_prints_something_else_is_noticed(tmp_path: Path) -> None:
    steps = steps_of('```console\n$ echo "2026-01-02T03:04:05Z one"\n2020-01-01T00:00:00Z two\n```\n')

    outputs = run_steps(steps, tmp_path, "127.0.0.1:1")

    assert settled(outputs[0]) == "<time> one"
    assert settled(steps[0].output) == "<time> two"
