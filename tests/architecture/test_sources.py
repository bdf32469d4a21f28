"""The architecture's rules, held by reading the sources."""

import ast
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture.sources import (
    PACKAGES,
    called_methods,
    list_modules,
    list_tests,
    mentioned_names,
    parse,
    relative,
)

TRANSACTION_CALLS = {"commit", "begin", "begin_nested"}
ENVIRONMENT_NAMES = {"environ", "environb", "getenv", "getenvb", "BaseSettings", "load_dotenv"}

TRANSACTION_MODULES = {"db/engine.py"}
# prometheus_client is told of its folder by a variable, and by nothing else.
ENVIRONMENT_MODULES = {"gateway/settings_groups.py", "gateway/checking.py", "gateway/shared_metrics.py"}

# What says nothing of what is in it, or belongs to another way of building.
UNWANTED_NAMES = {
    "utils", "util", "common", "helpers", "helper", "core", "base", "constants", "services", "repositories",
    "unit_of_work", "container", "dto", "managers", "manager", "misc", "plugins",
}  # fmt: skip

Listing = Callable[[ast.AST], Iterable[str]]


def modules_with(names: set[str], listing: Listing) -> set[str]:
    return {relative(path) for path in list_modules() if names & set(listing(parse(path)))}


def database_calls(tree: ast.AST) -> Iterator[str]:
    """What is awaited or entered on an object, and every `commit`; a class's own `begin` is something else."""
    for node in ast.walk(tree):
        call = {ast.Await: "value", ast.withitem: "context_expr"}.get(type(node))
        used = getattr(node, call) if call else node
        if isinstance(used, ast.Call) and isinstance(used.func, ast.Attribute):
            owner = used.func.value
            is_of_class = isinstance(owner, ast.Name) and owner.id[:1].isupper()
            if used.func.attr == "commit" or (call and not is_of_class):
                yield used.func.attr


def patches(tree: ast.AST) -> Iterator[str]:
    """What replaces something of a module or a class from outside."""
    called = {"setattr", "delattr"}
    yield from called.intersection(called_methods(tree))
    yield from {"mock", "patch"}.intersection(mentioned_names(tree))


def test_transactions_begin_and_end_in_one_module() -> None:
    assert modules_with(TRANSACTION_CALLS, database_calls) == TRANSACTION_MODULES


def test_environment_is_read_in_settings_only() -> None:
    assert modules_with(ENVIRONMENT_NAMES, mentioned_names) == ENVIRONMENT_MODULES


def test_no_test_patches_a_module() -> None:
    """Parts and time limits are handed in (`gateway/parts.py`); the environment and the folder may be set."""
    offending = [relative(path) for path in list_tests() if set(patches(parse(path)))]

    assert offending == []


def test_checks_find_what_they_look_for() -> None:
    offending = ast.parse("import os\nasync def f(c):\n    await c.commit()\n    return os.environ['X']")

    assert "commit" in called_methods(offending)
    assert "commit" in database_calls(offending)
    assert "begin" in database_calls(ast.parse("async def f(c):\n    async with c.begin():\n        pass"))
    assert "begin" in database_calls(ast.parse("async def f(c):\n    await c.begin()"))
    assert "environ" in mentioned_names(offending)
    assert "getenv" in mentioned_names(ast.parse("from os import getenv"))
    for text in (
        "monkeypatch.setattr(os, 'fsync', f)",
        "patched.delattr('a.b')",
        "from unittest import mock",
    ):
        assert list(patches(ast.parse(text))), text
    assert not list(patches(ast.parse("monkeypatch.setenv('A', '1')")))


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_what_it_is(package: str) -> None:
    docstrings = {
        relative(path): ast.get_docstring(parse(path))
        for path in list_modules()
        if relative(path).startswith(package)
    }

    assert docstrings
    assert [name for name, text in docstrings.items() if not text] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    words = {relative(path): {*path.with_suffix("").parts[-3:]} for path in list_modules()}

    assert [name for name, parts in words.items() if parts & UNWANTED_NAMES] == []


def test_settings_are_no_global_object() -> None:
    """Objects are made in functions: importing a module opens nothing and reads no environment."""
    offending = []
    for path in list_modules():
        for statement in parse(path).body:
            value = getattr(statement, "value", None)
            if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Call):
                made = ast.unparse(value.func).rpartition(".")[2]
                if made in {"Settings", "load", "Database", "create_app", "Services", "create_async_engine"}:
                    offending.append(relative(path))

    assert offending == []
