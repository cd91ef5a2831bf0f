"""The templates of pages: as text, as what Jinja reads in them, and what they say."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, nodes

from tests.surface import SOURCE

TEMPLATES = SOURCE / "console" / "templates"

_ENVIRONMENT = Environment(autoescape=True)


class Telling(NamedTuple):
    """A ``_(…)``: its literal; without one, how its first argument is spelled."""

    where: str
    literal: str | None
    spelled: str
    given: frozenset[str]


@cache
def sources() -> Mapping[str, str]:
    """Return the text of each template, by its name."""
    return {file.name: file.read_text("utf-8") for file in sorted(TEMPLATES.iterdir())}


def read(source: str) -> nodes.Template:
    """Return what Jinja reads in a template."""
    return _ENVIRONMENT.parse(source)


def markup(source: str) -> str:
    """Return the HTML alone; what Jinja prints there stands as «what is printed»."""
    pieces, is_printed = [], False
    for _, kind, text in _ENVIRONMENT.lex(source):
        is_printed = (is_printed or kind == "variable_begin") and kind != "variable_end"
        if kind == "data":
            pieces.append(text)
        elif kind in ("variable_begin", "variable_end"):
            pieces.append("«" if is_printed else "»")
        elif is_printed and kind in ("name", "operator"):
            pieces.append(text.replace("<", "").replace(">", ""))
    return "".join(pieces)


def tellings(name: str, source: str) -> Iterator[Telling]:
    """Yield everything that a template tells people in their language."""
    for call in read(source).find_all(nodes.Call):
        if _spelled(call.node) == "_":
            first = call.args[0]
            text = first.value if isinstance(first, nodes.Const) else None
            literal = text if isinstance(text, str) else None
            given = frozenset(each.key for each in call.kwargs)
            yield Telling(f"{name}:{call.lineno}", literal, _spelled(first), given)


def _spelled(node: nodes.Node) -> str:
    """Return how names, attributes, look-ups and calls are written; of all else, its kind."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_spelled(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{_spelled(node.node)}[]"
        case nodes.Call():
            return f"{_spelled(node.node)}()"
        case _:
            return type(node).__name__
