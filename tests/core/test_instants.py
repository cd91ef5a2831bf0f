"""Instants and spans as people read them."""

import pytest

from callkeeper.core.instants import in_utc, span


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (1_000, "1 s"),
        (-61_000, "1 min 1 s"),
        (900_000, "15 min"),
        (5_400_000, "1 h 30 min"),
        (86_400_000 + 59_000, "1 d"),
        (47_018_660_436, "544 d 4 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(milliseconds: int, told: str) -> None:
    assert span(milliseconds) == told


def test_an_instant_is_told_in_utc() -> None:
    assert in_utc(1_748_858_400_000) == "2025-06-02 10:00:00 UTC"
