"""An outage is told of once, and so is its end, in whatever order answers come in."""

import pytest

from callkeeper.asyncstore.outage import Outage
from callkeeper.clock import monotonic
from callkeeper.core.refusal import DatabaseFailed, DatabaseLost

FINE = None
LOST = DatabaseLost(detail="no connection")


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> "Told":
    return Told(capfd)


class Told:
    """Hears what it is given, and tells which words that made."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self._outage = Outage()

    def __call__(self, *heard: tuple[object, float]) -> list[str]:
        self._capfd.readouterr()
        for outcome, asked in heard:
            self._outage.hear(outcome, asked)
        said = "".join(self._capfd.readouterr()).splitlines()
        return ["recovered" if "database_recovered" in each else "lost" for each in said]


def test_what_fails_again_and_again_is_told_once(told: Told) -> None:
    assert told((LOST, monotonic()), (LOST, monotonic())) == ["lost"]
    assert told((FINE, monotonic()), (FINE, monotonic())) == ["recovered"]
    assert told((LOST, monotonic())) == ["lost"]


def test_an_answer_that_was_under_way_when_it_was_lost_is_no_recovery(told: Told) -> None:
    before = monotonic()
    assert told((LOST, monotonic()), (FINE, before), (LOST, monotonic())) == ["lost"]
    between = monotonic()
    assert told((LOST, monotonic()), (FINE, between)) == []
    assert told((FINE, monotonic())) == ["recovered"]


def test_a_failure_that_was_under_way_when_it_came_back_is_no_new_outage(told: Told) -> None:
    during = monotonic()
    assert told((LOST, during)) == ["lost"]
    late = monotonic()
    assert told((FINE, monotonic()), (LOST, late)) == ["recovered"]
    assert told((LOST, monotonic())) == ["lost"]


def test_what_fails_otherwise_is_neither(told: Told) -> None:
    assert told((DatabaseFailed(), monotonic())) == []
    assert told((LOST, monotonic()), (DatabaseFailed(), monotonic())) == ["lost"]
    assert told((FINE, monotonic())) == ["recovered"]
