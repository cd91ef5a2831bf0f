"""RESULTS.md: one section for each benchmark that was run, from what they wrote down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import abuse_report, firing_report, report

_HERE = Path(__file__).parent

_TITLE = """\
# What was measured

Made by the benchmarks; do not edit.
"""

_SECTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "results.json": report.section,
    "firing.json": firing_report.section,
    "abuse.json": abuse_report.section,
}


def write(name: str, results: dict[str, Any]) -> None:
    """Write down the results of a benchmark, and the page of all that are written down."""
    (_HERE / name).write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    files = ((_HERE / each, section) for each, section in _SECTIONS.items())
    parts = [
        section(json.loads(file.read_text("utf-8"))) for file, section in files if file.exists()
    ]
    (_HERE / "RESULTS.md").write_text("\n".join([_TITLE, *parts]), "utf-8")
