"""Which module imports which, wherever the import stands: at the top, under TYPE_CHECKING, in a function."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.architecture.sources import ROOT, parse


def name_of(path: Path) -> str:
    """The module's dotted name; a package's is that of its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(paths: list[Path]) -> dict[str, set[str]]:
    """What each of these modules imports of the others. A package is what its `__init__` says, not what is in it."""
    modules = {name_of(path) for path in paths}
    return {name_of(path): modules & set(_imported(parse(path), modules)) for path in paths}


def find_circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Every set of modules that reach each other, sorted."""
    reached = {module: _reachable(module, imports) for module in imports}
    circles = {
        tuple(sorted(other for other in reached[module] if module in reached[other])) for module in imports
    }
    return [list(circle) for circle in sorted(circles) if circle]


def _imported(tree: ast.AST, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "imports are absolute"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from full
            if any(name not in modules for name in full):
                yield node.module


def _reachable(start: str, imports: Mapping[str, set[str]]) -> set[str]:
    """What can be reached by one step or more."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for module in imports[waiting.pop()] - reached:
            reached.add(module)
            waiting.append(module)
    return reached
