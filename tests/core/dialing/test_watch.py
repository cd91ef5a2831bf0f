"""Which time is believed when clocks are set, and when it is sure enough to give up by."""

from itertools import accumulate
from operator import neg

from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.dialing.policy import Dial, Doubtful, GiveUp, Verdict, Wait, decide_in_doubt
from callkeeper.core.dialing.watch import JUMP_MS, SURE, SURE_MS, Doubt, Watch

NOW = 1_800_000_000_000
HOUR = 3_600_000


def watch(since: int = 0) -> Watch:
    """Return a watch by the machine's clock that began at NOW."""
    return Watch(NOW, NOW, since)


def test_a_clock_that_is_only_steered_is_followed() -> None:
    kept = watch()
    for turn in range(1, 100):
        kept = kept.look(turn * 50, NOW + turn * 50 - turn * 20)
    assert (kept.taken, kept.since) == (NOW - 99 * 20, 0)
    assert kept.doubt(SURE_MS) == SURE


FAR = some.integers(JUMP_MS + 1, 100 * HOUR)


@given(FAR | FAR.map(neg), some.integers(1, SURE_MS - 1))
def test_a_clock_that_is_wrong_for_less_than_half_a_minute_is_never_believed(
    by: int, lasts: int
) -> None:
    wrong = NOW + by
    kept = watch().look(HOUR, wrong + HOUR)
    assert (kept.taken, kept.since) == (NOW, HOUR)
    assert kept.doubt(HOUR) == Doubt((wrong + HOUR,), SURE_MS)
    kept = kept.look(HOUR + lasts, wrong + HOUR + lasts).look(HOUR + lasts, NOW + HOUR + lasts)
    assert (kept.taken, kept.since) == (NOW, HOUR + lasts)
    assert kept.doubt(HOUR + lasts) == Doubt((), SURE_MS)
    assert kept.doubt(HOUR + lasts + SURE_MS) == SURE


def test_one_that_stays_set_is_believed_after_half_a_minute() -> None:
    kept = watch().look(HOUR, NOW + HOUR - 10 * HOUR)
    kept = kept.look(HOUR + SURE_MS - 1, NOW - 9 * HOUR + SURE_MS - 1)
    assert kept.taken == NOW
    kept = kept.look(HOUR + SURE_MS, NOW - 9 * HOUR + SURE_MS)
    assert kept.taken == NOW - 10 * HOUR
    assert kept.doubt(HOUR + SURE_MS) == SURE


@given(some.lists(some.sampled_from([-5 * HOUR, -JUMP_MS - 1, JUMP_MS + 1, HOUR]), max_size=20))
def test_one_that_is_set_again_and_again_is_not_believed(leaps: list[int]) -> None:
    kept = watch()
    for turn, ahead in enumerate(accumulate(leaps), 1):
        ticks = HOUR + turn * (SURE_MS - 1)
        kept = kept.look(ticks, NOW + ahead + ticks)
        assert kept.since == ticks
        assert abs(kept.taken - NOW) <= JUMP_MS


def test_a_database_that_says_otherwise_is_right_from_the_first_time_it_is_asked() -> None:
    kept = watch().look(10, NOW + 10, NOW + 10 - 90_000)
    assert kept.taken == NOW - 90_000
    assert kept.doubt(10) == Doubt((), SURE_MS - 10)
    # For good it goes by the database's, and nothing is given up that the other would not give up.
    assert kept.doubt(SURE_MS) == Doubt((NOW + SURE_MS,), 0)


def test_a_database_that_agrees_leaves_the_machine_its_clock() -> None:
    kept = watch().look(10, NOW + 10, NOW + 10 + JUMP_MS)
    assert kept.taken == NOW
    assert kept.look(HOUR, NOW + HOUR + 5).taken == NOW + 5


def test_a_machines_clock_that_is_set_is_not_believed_against_the_database() -> None:
    kept = watch().look(10, NOW + 10, NOW + 10).look(HOUR, NOW + 3 * HOUR)
    assert kept.doubt(HOUR) == Doubt((NOW + 3 * HOUR,), SURE_MS)
    kept = kept.look(HOUR + 9, NOW + 3 * HOUR + 9, NOW + HOUR + 9)
    assert kept.doubt(HOUR + 9) == Doubt((), SURE_MS - 9)
    kept = kept.look(HOUR + SURE_MS, NOW + 3 * HOUR + SURE_MS)
    assert kept.taken == NOW


def test_a_databases_clock_that_is_set_is_believed_as_late_as_any() -> None:
    kept = watch().look(10, NOW + 10, NOW + 10).look(HOUR, NOW + HOUR, NOW + 3 * HOUR)
    assert (kept.taken, kept.since) == (NOW, HOUR)
    assert kept.doubt(HOUR).instants == (NOW + 3 * HOUR,)


DIAL, GIVE_UP = Dial(), GiveUp("grace", "it is late")
PAUSED, CLOSED = Wait("status", NOW, "paused"), Wait("hours", NOW + HOUR, "closed")


def judged(by_now: Verdict, by_then: Verdict, sure_in_ms: int) -> Verdict | Doubtful:
    """Return what becomes of two verdicts of which nobody knows which is the right one."""
    verdicts = {NOW: by_now, NOW + HOUR: by_then}
    return decide_in_doubt(verdicts.__getitem__, NOW, Doubt((NOW + HOUR,), sure_in_ms))


def test_work_that_is_right_by_both_clocks_is_done() -> None:
    assert judged(DIAL, DIAL, 5) == DIAL
    assert judged(PAUSED, Wait("status", NOW + HOUR, "paused"), 5) == PAUSED
    assert judged(GIVE_UP, GIVE_UP, 0) == GIVE_UP


def test_work_that_hangs_on_the_clock_is_not_done() -> None:
    later = Wait("hours", NOW + 24 * HOUR, "closed")
    for one, other in ((DIAL, GIVE_UP), (GIVE_UP, DIAL), (DIAL, CLOSED), (CLOSED, later)):
        assert judged(one, other, 5) == Doubtful()


def test_once_it_is_sure_only_giving_up_has_to_be_right_by_all() -> None:
    assert judged(DIAL, GIVE_UP, 0) == DIAL
    assert judged(CLOSED, DIAL, 0) == CLOSED
    assert judged(GIVE_UP, DIAL, 0) == Doubtful()


def test_nothing_is_given_up_before_it_is_sure_but_for_a_campaign_that_is_gone() -> None:
    assert judged(GIVE_UP, GIVE_UP, 7) == Doubtful(NOW + 7)
    gone = GiveUp("campaign_gone", "it was deleted")
    assert judged(gone, gone, 7) == gone
