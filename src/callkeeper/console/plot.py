"""Bars as SVG: where each piece of each bar lies, so that a template only writes it down."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 960, 160
_GAP = 4


class Piece(NamedTuple):
    """A part of a bar, from its upper left corner."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """A bar: its label, where it begins and its middle is, how much it stands for, its pieces."""

    label: str
    begin: float
    middle: float
    total: int
    pieces: list[Piece]


class Plot(NamedTuple):
    """Bars beside each other, each with so much room; the highest one stands for ``most``."""

    width: int
    height: int
    step: float
    most: int
    bars: list[Bar]


def plot(counted: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[str]) -> Plot:
    """Return a bar for each label, of its counts by kind, the first kind below."""
    most = max((sum(counts.values()) for _, counts in counted), default=0)
    step = WIDTH / max(len(counted), 1)
    bars = []
    for place, (label, counts) in enumerate(counted):
        pieces, top = [], float(HEIGHT)
        for kind in kinds:
            if count := counts.get(kind, 0):
                height = HEIGHT * count / most
                top -= height
                left = place * step + _GAP / 2
                pieces.append(Piece(kind, *_rounded(left, top, step - _GAP, height)))
        begin, middle = _rounded(place * step, (place + 0.5) * step)
        bars.append(Bar(label, begin, middle, sum(counts.values()), pieces))
    return Plot(WIDTH, HEIGHT, round(step, 1), most, bars)


def _rounded(*lengths: float) -> list[float]:
    return [round(each, 1) for each in lengths]
