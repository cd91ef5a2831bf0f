"""How a campaign's calls are made: what no dialer could do is refused."""

from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Arrange
from callkeeper.core.campaigns.dial_settings import (
    RETRIABLE,
    RETRIES_MAX,
    SPACING_SECONDS_MAX,
    DialSettings,
    Retry,
    check,
)
from callkeeper.core.dialing.outcomes import FINDINGS
from callkeeper.core.refusal import ParameterWrong
from tests.core.reservations.test_reservation import CAMPAIGN, NOW

BUSY = Retry("busy", 2, 60)
SILENT = Retry("no_answer", 1, 600)


def test_a_retry_is_for_its_outcome_and_for_so_many_tries() -> None:
    dial_settings = DialSettings(retries=(BUSY, SILENT))
    assert [dial_settings.retry_after("busy", tries) for tries in (1, 2, 3)] == [BUSY, BUSY, None]
    assert [dial_settings.retry_after("no_answer", tries) for tries in (1, 2)] == [SILENT, None]
    assert dial_settings.retry_after("congestion", 1) is None


def test_tries_of_any_outcome_count() -> None:
    """Busy, then unanswered: the one retry after no answer is used up."""
    assert DialSettings(retries=(BUSY, SILENT)).retry_after("no_answer", 2) is None


def test_without_retries_one_try_is_all_there_is() -> None:
    outcomes = {finding.outcome for finding in FINDINGS.values()}
    assert not any(DialSettings().retry_after(outcome, 1) for outcome in (*outcomes, None))


@pytest.mark.parametrize(
    "outcome",
    sorted({finding.outcome for finding in FINDINGS.values()} - set(RETRIABLE)),
)
def test_a_call_that_may_have_reached_somebody_is_never_dialed_again(outcome: str) -> None:
    everything = DialSettings(retries=tuple(Retry(each, 5, 60) for each in RETRIABLE))
    assert everything.retry_after(outcome, 1) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "dial_settings",
    [
        DialSettings(),
        DialSettings("Europe/Berlin", 1, (BUSY, SILENT)),
        DialSettings(retries=(Retry("busy", 1, 1), Retry("no_answer", RETRIES_MAX, 1))),
        DialSettings(retries=(Retry("busy", 1, SPACING_SECONDS_MAX),)),
    ],
)
def test_settings_that_can_be_met_are_taken(dial_settings: DialSettings) -> None:
    check(dial_settings)


@pytest.mark.parametrize(
    ("dial_settings", "about"),
    [
        (DialSettings(calls_max=0), "calls_max"),
        (DialSettings(calls_max=-1), "calls_max"),
        (DialSettings(retries=(BUSY, Retry("busy", 1, 60))), "retries"),
        (DialSettings(retries=(Retry("busy", 0, 60),)), "retries"),
        (DialSettings(retries=(Retry("busy", RETRIES_MAX + 1, 60),)), "retries"),
        (DialSettings(retries=(Retry("busy", 1, 0),)), "retries"),
        (DialSettings(retries=(BUSY, Retry("no_answer", 1, SPACING_SECONDS_MAX + 1))), "retries"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(dial_settings: DialSettings, about: str) -> None:
    with pytest.raises(ParameterWrong) as raised:
        check(dial_settings)
    assert raised.value.about == about


ALL = DialSettings("Europe/Berlin", 2, (Retry("busy", 3, 600), Retry("no_answer", 1, 60)))


@pytest.mark.parametrize(
    ("arrange", "changed"),
    [
        (Arrange(), {}),
        (Arrange(time_zone="Asia/Tokyo"), {"time_zone": "Asia/Tokyo"}),
        (Arrange(time_zone=None), {"time_zone": None}),
        (Arrange(calls_max=7), {"calls_max": 7}),
        (Arrange(calls_max=None), {"calls_max": None}),
        (
            Arrange(retries=(Retry("busy", 1, 5),)),
            {"retries": (Retry("busy", 1, 5), Retry("no_answer", 1, 60))},
        ),
        (Arrange(without_retries=True), {"retries": ()}),
        (
            Arrange(retries=(Retry("congestion", 1, 5),), without_retries=True),
            {"retries": (Retry("congestion", 1, 5),)},
        ),
    ],
)
def test_arranging_changes_the_parts_that_it_names_and_no_other(
    arrange: Arrange, changed: dict[str, Any]
) -> None:
    old = msgspec.structs.replace(CAMPAIGN, dial_settings=ALL)
    assert arrange.apply(old, NOW).dial_settings == msgspec.structs.replace(ALL, **changed)


def test_two_that_arrange_different_parts_both_count() -> None:
    """Neither has seen what the other did."""
    parts = (Arrange(calls_max=9), Arrange(retries=(Retry("busy", 1, 5),)), Arrange(None))
    campaign = msgspec.structs.replace(CAMPAIGN, dial_settings=ALL)
    for each in parts:
        campaign = each.apply(campaign, NOW)
    retries = (Retry("busy", 1, 5), Retry("no_answer", 1, 60))
    assert campaign.dial_settings == DialSettings(None, 9, retries)


def test_arranging_refuses_two_retries_for_an_outcome() -> None:
    twice = Arrange(retries=(Retry("busy", 1, 5), Retry("busy", 2, 5)))
    with pytest.raises(ParameterWrong, match="one retry"):
        twice.apply(CAMPAIGN, NOW)
