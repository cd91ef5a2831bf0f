"""Our own Python files, read, for the tests that look at them."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.surface import ROOT, committed


class Source(NamedTuple):
    """A Python file of ours, read."""

    name: str
    tree: ast.Module

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {what}"


@cache
def names() -> list[str]:
    """Return the names of all committed files."""
    return [file.relative_to(ROOT).as_posix() for file in committed()]


@cache
def sources() -> list[Source]:
    """Return every Python file."""
    return [
        Source(name, ast.parse((ROOT / name).read_text("utf-8")))
        for name in names()
        if name.endswith(".py") and name.startswith(("src/", "tests/", "bench/"))
    ]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def last_word(node: ast.AST | None) -> str:
    """Return the last word of a name, an attribute or what is called."""
    if isinstance(node, ast.Call):
        return last_word(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
