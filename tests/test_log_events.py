"""What the log calls its events: a noun and what happened to it, each of them documented."""

import ast
import re
from collections.abc import Iterator

from tests.sources import sources
from tests.surface import ROOT

LEVELS = {"info", "warning", "error", "exception"}
ACCESS_LOG = "request"  # as every access log says
PARTICIPLE = re.compile(r"[a-z]+(?:_[a-z]+)*_(?:[a-z]+ed|lost|found|timed_out)")


def logged() -> Iterator[str]:
    """Yield the event of every line that the product logs."""
    for source in sources():
        for node in ast.walk(source.tree):
            if source.name.startswith("src/") and isinstance(node, ast.Call) and _logs(node.func):
                event = node.args[0] if node.args else None
                if isinstance(event, ast.Constant) and isinstance(event.value, str):
                    yield event.value


def _logs(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        return called.attr in LEVELS and "log" in ast.unparse(called.value)
    return isinstance(called, ast.Name) and called.id == "tell"  # one level or another


def test_an_event_is_a_noun_and_what_happened_to_it() -> None:
    assert {each for each in logged() if not PARTICIPLE.fullmatch(each)} == {ACCESS_LOG}


def test_the_documented_events_are_those_that_are_logged() -> None:
    text = (ROOT / "docs/operating.md").read_text("utf-8")
    (table,) = re.findall(r"\| event \| level \|.*?\n\n", text, re.DOTALL)
    first_cells = [line.split("|")[1] for line in table.splitlines()[2:] if line]
    assert sorted(re.findall("`([a-z_]+)`", "".join(first_cells))) == sorted(set(logged()))
