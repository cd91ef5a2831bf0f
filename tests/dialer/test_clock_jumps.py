"""A real process whose clock is wrong for three seconds, in the middle of calls."""

from pathlib import Path

from tests.conftest import leave_out
from tests.dialer.clock_jumps import Case, library, play


def test_a_clock_two_hours_ahead_for_three_seconds_loses_no_promise(tmp_path: Path) -> None:
    try:
        library()
    except FileNotFoundError as missing:
        leave_out(str(missing))
    tally = play(Case("+2 h for 3 s", 7200, 3), tmp_path, None, 1)
    assert (tally.lost, tally.rung_twice) == ([], [])
