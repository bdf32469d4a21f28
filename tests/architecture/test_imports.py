"""No two modules import each other, not even for a type and not even late: each can be read after those it names."""

import ast
import sys

from tests.architecture.imports import _imported, find_circles, read_imports
from tests.architecture.sources import list_modules, list_own, parse, relative


def test_no_modules_import_each_other() -> None:
    assert find_circles(read_imports(list_modules())) == []


def test_tests_and_commands_import_each_other_neither() -> None:
    paths = [path for folder in ("tests", "benchmarks", "drills") for path in list_own(folder)]

    assert find_circles(read_imports([path for path in paths if "node_modules" not in path.parts])) == []


def test_circles_are_found_through_any_number_of_modules() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}, "f": set()}

    assert find_circles(imports) == [["a", "b", "c"], ["e"]]


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import a.b\nfrom a import c, name\nfrom a.d import name\n"
        "if TYPE_CHECKING:\n    from e import name\ndef f():\n    from g import name\n"
    )

    found = set(_imported(ast.parse(source), {"a", "a.b", "a.c", "a.d", "e", "g"}))

    assert {"a", "a.b", "a.c", "a.d", "e", "g"} <= found


def test_part_of_a_package_is_not_the_package() -> None:
    assert "a" not in set(_imported(ast.parse("from a import c"), {"a", "a.c"}))


def test_graphql_server_leans_on_nothing_of_the_product() -> None:
    """It could be a package of its own; Strawberry is known in one file."""
    outside = {
        relative(path): packages_of(parse(path)) - sys.stdlib_module_names - {"graphql_http"}
        for path in list_modules()
        if relative(path).startswith("graphql_http/")
    }
    strawberry = [name for name, packages in outside.items() if "strawberry" in packages]

    assert set().union(*outside.values()) == {
        "graphql",
        "msgspec",
        "request_bodies",
        "starlette",
        "strawberry",
        "structlog",
    }
    assert strawberry == ["graphql_http/compiled/strawberry_fields.py"]


def packages_of(tree: ast.AST) -> set[str]:
    return {name.partition(".")[0] for name in _imported(tree, set())}
