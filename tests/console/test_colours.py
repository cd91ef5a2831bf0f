"""Colours, as the style has them: told apart by everybody, light and dark, by computation."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.surface import SOURCE

STYLE = (SOURCE / "console" / "static" / "console.css").read_text("utf-8")

TEXT_LEAST = 4.5  # WCAG 2.2, 1.4.3
OTHER_LEAST = 3.0  # and 1.4.11, of what is no text

# On which of them each colour of letters is read, and with which of them lines and shapes are seen.
SURFACES = ("page", "raised")
LETTERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("ink", "quiet", "accent", "bad"), SURFACES),
    "on-accent": ("accent",),
    "inherit": (),
}
LINES = {"line": SURFACES, "accent": SURFACES, "bad": SURFACES}
FILLS = {*SURFACES, "accent"}

NAMED = re.compile(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\)")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


class Pair(NamedTuple):
    """A colour on another one, and how much they must differ."""

    over: str
    under: str
    least: float


PAIRS = [Pair(over, under, TEXT_LEAST) for over in LETTERS for under in LETTERS[over]]
PAIRS += [Pair(over, under, OTHER_LEAST) for over in LINES for under in LINES[over]]


def colours(theme: int) -> dict[str, str]:
    """Return the colours of a theme, by name: 0 is light, and 1 dark."""
    return {name: pair[theme] for name, *pair in NAMED.findall(STYLE)}


def channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def greyed(colour: str) -> str:
    """Return a colour as ``grayscale(1)`` makes it, which is what a page in doubt is."""
    red, green, blue = channels(colour)
    grey = round(255 * (0.2126 * red + 0.7152 * green + 0.0722 * blue))
    return f"{grey:02x}" * 3


def luminance(colour: str) -> float:
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in channels(colour)
    ]
    return sum(part * each for part, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def used(*properties: str, of_shapes: bool = False) -> Iterator[str]:
    """Yield the colours, by name, that rules give to some properties, and what is no name.

    What stands before a text is a shape, though a letter may draw it.
    """
    for selector, declarations in RULE.findall(STYLE):
        if ("::before" in selector) is not of_shapes:
            continue
        for each in declarations.split(";"):
            name, _, value = each.strip().partition(":")
            if name in properties:
                yield from re.findall(r"var\(--([\w-]+)\)", value) or [value.strip()]


def test_contrast_is_what_the_guidelines_say_it_is() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda each: f"{each.over} on {each.under}")
def test_a_colour_is_told_from_what_it_is_on(pair: Pair, theme: int) -> None:
    over, under = (colours(theme)[each] for each in (pair.over, pair.under))
    assert contrast(over, under) >= pair.least
    assert contrast(greyed(over), greyed(under)) >= pair.least


def test_no_rule_has_a_colour_but_these() -> None:
    assert colours(0).keys() == LETTERS.keys() - {"inherit"} | LINES.keys() | FILLS
    assert set(used("color")) <= LETTERS.keys()
    assert set(used("background")) <= FILLS
    assert set(used("fill")) <= LETTERS.keys() | LINES.keys() | FILLS | {"transparent"}
    assert set(used("color", of_shapes=True)) <= LINES.keys()
    told = set(used("stroke", "border-color"))
    assert told <= LINES.keys() | FILLS | {"inherit", "none"}
    without_names = NAMED.sub("", STYLE)
    assert not re.search(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl", without_names)


def test_nothing_moves_for_whoever_wants_that() -> None:
    moving = r"animation|transition|scroll-behavior|@keyframes"
    with_motion = re.findall(
        r"@media \(prefers-reduced-motion: no-preference\) \{[^@]*?\} \}", STYLE
    )
    assert with_motion
    assert all(re.search(moving, each) for each in with_motion)
    rest = STYLE
    for each in with_motion:
        rest = rest.replace(each, "")
    assert not re.search(moving, rest)
