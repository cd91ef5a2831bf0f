"""The plots of the README."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.server import EMPTY, OURS
from bench.writes_report import rate

# The same figures draw the same file, so that a plot changes when what it shows does.
mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "callkeeper"
mpl.rcParams["font.size"] = 9


def draw(folder: Path, writes: dict[str, Any] | None, size: dict[str, Any] | None) -> None:
    """Draw what was measured into a folder."""
    if writes:
        _draw_writes(folder / "writes.svg", writes)
    if size:
        _draw_lists(folder / "lists.svg", size)


def _draw_writes(file: Path, results: dict[str, Any]) -> None:
    engines = results["engines"]
    figure, axes = plt.subplots(1, len(engines), figsize=(8, 3.2), squeeze=False)
    for place, (engine, found) in zip(axes[0], engines.items(), strict=True):
        by_connections = found["updateResult"]
        names = list(dict.fromkeys(name for each in by_connections.values() for name in each))
        for name in names:
            if name.startswith(EMPTY):
                continue  # so far above the others that they could not be told apart
            rates = [rate(each[name]) for each in by_connections.values()]
            width = 2.5 if name == OURS else 1.2
            place.plot(list(by_connections), rates, marker="o", label=name, linewidth=width)
        place.set_title(f"updateResult, {engine}")
        place.set_xlabel("connections")
        place.set_ylim(bottom=0)
        place.grid(alpha=0.3)
        place.legend(fontsize=7)
    axes[0][0].set_ylabel("requests a second")
    _save(figure, file)


def _draw_lists(file: Path, results: dict[str, Any]) -> None:
    engines = results["engines"]
    figure, axes = plt.subplots(1, len(engines), figsize=(8, 3.2), squeeze=False)
    for place, (engine, found) in zip(axes[0], engines.items(), strict=True):
        sizes = found["sizes"].values()
        for name in next(iter(sizes))["lists"]:
            late = [each["lists"][name]["p99_ms"] for each in sizes]
            place.plot([f"{each['stored']:,}" for each in sizes], late, marker="o", label=name)
        place.set_title(f"lists, {engine}")
        place.set_xlabel("reservations stored")
        place.set_ylim(bottom=0)
        place.grid(alpha=0.3)
        place.legend(fontsize=7)
    axes[0][0].set_ylabel("99 %, ms")
    _save(figure, file)


def _save(figure: Any, file: Path) -> None:  # noqa: ANN401 - matplotlib's own
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
