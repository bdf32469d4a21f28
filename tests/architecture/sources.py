"""The project's own sources, for the checks that read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("adapters", "db", "gateway", "graphql_http", "request_bodies", "resolvers", "rest_shim", "schema")


def list_modules() -> list[Path]:
    """Every module that is shipped."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def list_tests() -> list[Path]:
    """Every module of the tests."""
    return list_own("tests")


def list_own(folder: str) -> list[Path]:
    """Every module of ours in a folder; what the fuzz and the benchmarks have installed there is none."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [path for path in paths if not {".venv", "node_modules"}.intersection(path.parts)]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def called_methods(tree: ast.AST) -> Iterator[str]:
    """The last name of everything that is called: `c` of `a.b.c()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def mentioned_names(tree: ast.AST) -> Iterator[str]:
    """Every name, attribute and imported name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]
