"""What is committed belongs to the project and says nothing of the machine that it was written on."""

import re
import shutil
import subprocess

import pytest

from tests.architecture.sources import ROOT

# Written so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": r"/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+|tm[p])/",
    "a package host": r"pythonhosted\.or[g]|registry\.npmj[s]|npmmirro[r]|pypi\.or[g]/simple|--(extra-)?index-ur[l]\b",
    "a private key": r"BEGIN [A-Z ]*PRIVATE KE[Y]",
    "a merge left half done": r"^(?:<{7}|>{7}) ",
}
MAXIMUM_BYTES = 1_000_000
BUILD_OUTPUT = re.compile(
    r"(^|/)(node_modules|__pycache__|dist|build|var|\.venv|\.[a-z]+_cache)/|\.(pyc|db|sqlite)$"
)


@pytest.fixture(scope="module")
def tracked_files() -> list[str]:
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        pytest.skip("this is no git working tree")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str, tracked_files: list[str]) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = []
    for name in tracked_files:
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]

    assert found == []


def test_no_build_output_is_tracked(tracked_files: list[str]) -> None:
    assert [name for name in tracked_files if BUILD_OUTPUT.search(name)] == []


def test_no_tracked_file_is_huge(tracked_files: list[str]) -> None:
    assert [name for name in tracked_files if (ROOT / name).stat().st_size > MAXIMUM_BYTES] == []
