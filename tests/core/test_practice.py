"""How a campaign's calls are made: what no dialer could do is refused."""

import pytest

from callkeeper.core.attempt import FINDINGS
from callkeeper.core.practice import (
    RETRIABLE,
    RETRIES_MAX,
    SPACING_SECONDS_MAX,
    Practice,
    Retry,
    check,
)
from callkeeper.core.refusal import ParameterWrong

BUSY = Retry("busy", 2, 60)
SILENT = Retry("no_answer", 1, 600)


def test_a_retry_is_for_its_outcome_and_for_so_many_tries() -> None:
    practice = Practice(retries=(BUSY, SILENT))
    assert [practice.retry_after("busy", tries) for tries in (1, 2, 3)] == [BUSY, BUSY, None]
    assert [practice.retry_after("no_answer", tries) for tries in (1, 2)] == [SILENT, None]
    assert practice.retry_after("congestion", 1) is None


def test_tries_of_any_outcome_count() -> None:
    """Busy, then unanswered: the one retry after no answer is used up."""
    assert Practice(retries=(BUSY, SILENT)).retry_after("no_answer", 2) is None


def test_without_retries_one_try_is_all_there_is() -> None:
    outcomes = {finding.outcome for finding in FINDINGS.values()}
    assert not any(Practice().retry_after(outcome, 1) for outcome in (*outcomes, None))


@pytest.mark.parametrize(
    "outcome",
    sorted({finding.outcome for finding in FINDINGS.values()} - set(RETRIABLE)),
)
def test_what_may_have_reached_somebody_is_never_dialled_again(outcome: str) -> None:
    everything = Practice(retries=tuple(Retry(each, 5, 60) for each in RETRIABLE))
    assert everything.retry_after(outcome, 1) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "practice",
    [
        Practice(),
        Practice("Europe/Berlin", 1, (BUSY, SILENT)),
        Practice(retries=(Retry("busy", 1, 1), Retry("no_answer", RETRIES_MAX, 1))),
        Practice(retries=(Retry("busy", 1, SPACING_SECONDS_MAX),)),
    ],
)
def test_what_can_be_done_is_taken(practice: Practice) -> None:
    check(practice)


@pytest.mark.parametrize(
    ("practice", "about"),
    [
        (Practice(calls_max=0), "calls_max"),
        (Practice(calls_max=-1), "calls_max"),
        (Practice(retries=(BUSY, Retry("busy", 1, 60))), "retries"),
        (Practice(retries=(Retry("busy", 0, 60),)), "retries"),
        (Practice(retries=(Retry("busy", RETRIES_MAX + 1, 60),)), "retries"),
        (Practice(retries=(Retry("busy", 1, 0),)), "retries"),
        (Practice(retries=(BUSY, Retry("no_answer", 1, SPACING_SECONDS_MAX + 1))), "retries"),
    ],
)
def test_what_cannot_be_done_is_refused(practice: Practice, about: str) -> None:
    with pytest.raises(ParameterWrong) as raised:
        check(practice)
    assert raised.value.about == about
