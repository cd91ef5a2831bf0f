"""RESULTS.md: one section for each benchmark that was run, from what they wrote down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import (
    abuse_report,
    aims,
    console_report,
    firing_report,
    invite_report,
    plots,
    size_report,
    writes_report,
)

HERE = Path(__file__).parent

_TITLE = """\
# What was measured

Made by the benchmarks; do not edit. What stands in the way of the aims that are not met, and what
was tried, is in [PROFILE.md](PROFILE.md).
"""

_SECTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "writes.json": writes_report.section,
    "size.json": size_report.section,
    "firing.json": firing_report.section,
    "invite.json": invite_report.section,
    "abuse.json": abuse_report.section,
    "console.json": console_report.section,
}


def write(name: str, results: dict[str, Any]) -> None:
    """Write down a benchmark's results, the page of all that are written down, and the plots."""
    (HERE / name).write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    found = written_down()
    (HERE / "RESULTS.md").write_text(text(found), "utf-8")
    plots.draw(HERE, found.get("writes.json"), found.get("size.json"))


def written_down() -> dict[str, Any]:
    """Return the results of all benchmarks that were run, by file."""
    files = (HERE / each for each in _SECTIONS)
    return {file.name: json.loads(file.read_text("utf-8")) for file in files if file.exists()}


def text(found: dict[str, Any]) -> str:
    """Return the page of some results."""
    parts = [_TITLE, _aims(found)]
    return "\n".join([*parts, *(_SECTIONS[each](results) for each, results in found.items())])


def _aims(found: dict[str, Any]) -> str:
    names = ("writes.json", "size.json", "abuse.json", "console.json")
    firing, invite = (found.get(each) for each in ("firing.json", "invite.json"))
    return aims.section(*(found.get(each) for each in names), firing=firing, invite=invite)
