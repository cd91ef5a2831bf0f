"""When a line that refuses is left alone, when it is tried, and what is a number's own fault."""

from itertools import pairwise

from callkeeper.core.dialing.breaker import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, ROW, Breaker


def after(*numbers: str, is_of_number: bool = False, is_doubtful: bool = True) -> Breaker:
    """Return a breaker after refusals at instant 0."""
    breaker = Breaker()
    for number in numbers:
        breaker = breaker.refused_one(
            number, "no", 0, is_of_number=is_of_number, is_doubtful=is_doubtful
        )
    return breaker


def test_it_opens_after_a_row_of_refusals() -> None:
    assert after(*"1" * (ROW - 1)).is_closed
    opened = after("1", "2", "3")
    assert not opened.is_closed
    assert opened.why == "no"


def test_a_call_that_is_taken_in_between_begins_the_row_anew() -> None:
    breaker = after("1", "2").took("3").refused_one("4", "no", 0, is_of_number=False)
    assert breaker.in_a_row == 1
    assert breaker.is_closed


def test_one_number_that_is_refused_again_and_again_does_not_open_it() -> None:
    assert after(*"111111", is_of_number=True).is_closed
    assert not after(*"123", is_of_number=True).is_closed


def test_one_call_is_tried_after_a_pause_and_each_that_is_refused_makes_it_longer() -> None:
    breaker, tried = after("1", "2", "3"), []
    for now in range(0, 10 * LONGEST_PAUSE_MS, 500):
        if breaker.may_try(now):
            tried.append(now)
            breaker = breaker.trying(now)
            assert not breaker.may_try(now)
            breaker = breaker.refused_one(str(now), "still no", now, is_of_number=False)
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert tried[0] == FIRST_PAUSE_MS
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_MS
    assert breaker.why == "still no"


def test_a_call_asked_for_before_it_opened_makes_no_pause_longer() -> None:
    opened = after(*"123")
    late = opened.refused_one("4", "no", 900, is_of_number=False)
    assert (late.tries_at, late.pause_ms) == (opened.tries_at, opened.pause_ms)


def test_a_trial_that_came_to_nothing_is_followed_by_another_one() -> None:
    trying = after(*"123").trying(FIRST_PAUSE_MS)
    assert trying.may_try(2 * FIRST_PAUSE_MS)


def test_it_closes_at_the_first_call_that_is_taken() -> None:
    closed = after(*"123").trying(FIRST_PAUSE_MS).took("4")
    assert closed.is_closed
    assert closed.pause_ms == FIRST_PAUSE_MS


def test_a_number_is_odd_once_the_line_took_another_one() -> None:
    assert not after("1").concerns("1")
    taken = after("1").took("2")
    assert taken.concerns("1")
    assert not taken.concerns("2")
    assert not taken.took("1").concerns("1")


def test_a_number_is_not_odd_for_a_refusal_that_was_surely_the_lines() -> None:
    assert not after("1", is_doubtful=False).took("2").concerns("1")


def test_no_number_is_odd_while_it_is_open() -> None:
    breaker = after("1").took("2")
    for number in "345":
        breaker = breaker.refused_one(number, "no", 0, is_of_number=False)
    assert not breaker.concerns("1")


def test_a_number_that_was_refused_with_all_others_is_not_odd_afterwards() -> None:
    assert after("1", "2").took("4").concerns("1")
    assert not after("1", "2", "3").took("4").concerns("1")


def test_it_keeps_no_more_numbers_than_it_may() -> None:
    many = Breaker()
    for number in range(3_000):
        refused = many.refused_one(str(number), "no", 0, is_of_number=False, is_doubtful=True)
        many = refused.took("x")
    assert len(many.odd) == 1_000
    assert len(after(*map(str, range(3_000))).refused) == 1_000
