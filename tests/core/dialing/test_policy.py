"""May we dial now? Every rule that says no, and which of two comes first."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.dialing.policy import (
    Busyness,
    Dial,
    GiveUp,
    Limits,
    Rule,
    Verdict,
    Wait,
    decide,
    foresee,
    promised_at,
)
from callkeeper.core.reservations.reservation import Reservation
from tests.core.reservations.test_reservation import CAMPAIGN, HOUR, LEAD, NOW, standing

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
GRACE = HOUR // 2
DAY = 24 * HOUR
LIMITS = Limits(grace_ms=GRACE)
# NOW is 2025-05-15 12:00:00 UTC, 14:00 in Berlin.
OPEN = (Window(9 * 60, 18 * 60),)
SHUT = (Window(15 * 60, 18 * 60),)


def campaign(**fields: Any) -> Campaign:
    """Return a campaign that dials today and tomorrow."""
    given: dict[str, Any] = {"begin_at": NOW - HOUR, "end_at": NOW + DAY}
    return msgspec.structs.replace(CAMPAIGN, **given | fields)


def due(**fields: Any) -> Reservation:
    """Return an automatic reservation that is due this instant."""
    given: dict[str, Any] = {"kind": "automatic", "appoint_at": NOW + LEAD, "due_at": NOW}
    return standing(**given | fields)


def verdict(
    reservation: Reservation | None = None,
    where: Campaign | None = None,
    limits: Limits = LIMITS,
    busyness: Busyness = Busyness(),  # noqa: B008 - a value
    now: int = NOW,
    zone: ZoneInfo = UTC,
) -> Verdict:
    return decide(reservation or due(), where or campaign(), zone, limits, busyness, now)


def test_a_call_that_nothing_stands_against_is_dialed() -> None:
    assert verdict() == Dial()
    assert verdict(where=campaign(workday_windows=OPEN)) == Dial()


def test_a_deleted_campaign_makes_no_call() -> None:
    gone = campaign(deleted_at=NOW - 1, status="paused")
    assert verdict(where=gone) == GiveUp("campaign_gone", "campaign 7 was deleted")


def test_an_ended_campaign_makes_no_call_and_says_by_its_own_clock_when_it_ended() -> None:
    ended = campaign(end_at=NOW)
    assert verdict(where=ended, zone=BERLIN) == GiveUp(
        "campaign_ended", "campaign 7 ended 2025-05-15 14:00:00 CEST"
    )
    assert verdict(where=campaign(end_at=NOW + 1)) == Dial()


def test_late_is_better_than_never_until_the_grace_is_over() -> None:
    last = promised_at(due(), campaign(), UTC) + GRACE
    assert last == NOW + LEAD + GRACE
    assert verdict(now=last) == Dial()
    late = verdict(now=last + 1)
    assert late == GiveUp("grace", "it is 30 min late, and the grace is 30 min")


def test_grace_counts_from_the_later_of_what_was_appointed_and_when_it_is_due() -> None:
    moved = due(due_at=NOW + 2 * HOUR)
    assert promised_at(moved, campaign(), UTC) == NOW + 2 * HOUR
    assert promised_at(due(due_at=None), campaign(), UTC) == NOW + LEAD


def test_grace_counts_from_the_opening_even_if_nobody_was_there_to_move_it() -> None:
    shut = campaign(workday_windows=SHUT)  # opens in three hours, after the appointed instant
    assert promised_at(due(), shut, UTC) == NOW + 3 * HOUR
    assert verdict(where=shut, now=NOW + 3 * HOUR + GRACE) == Dial()
    assert isinstance(verdict(where=shut, now=NOW + 3 * HOUR + GRACE + 1), GiveUp)


def test_a_call_due_within_its_hours_is_late_from_the_appointed_instant_on() -> None:
    closing = campaign(workday_windows=(Window(9 * 60, 12 * 60 + 2),))
    assert promised_at(due(), closing, UTC) == NOW + LEAD


def test_without_grace_it_is_dialed_until_the_appointed_instant() -> None:
    limits = Limits(grace_ms=0)
    assert verdict(limits=limits, now=NOW + LEAD) == Dial()
    assert isinstance(verdict(limits=limits, now=NOW + LEAD + 1), GiveUp)


@pytest.mark.parametrize(
    ("held", "was"),
    [
        ("campaign 7 is paused; resume it", "campaign 7 was paused"),
        ("VDN 25 has 3 calls, as many as it may", "VDN 25 had 3 calls, as many as it may"),
        (
            "line a refuses every call: 401; see ari.conf; it is tried again by itself",
            "line a refused every call: 401; see ari.conf",
        ),
        ("try 1 ended with busy; try 2 follows", "try 1 ended with busy"),
    ],
)
def test_what_is_too_late_says_first_what_held_it_which_is_over(held: str, was: str) -> None:
    late = verdict(due(verdict=held), now=NOW + DAY - 1)
    assert late == GiveUp("grace", f"{was}; it is over 30 min late")


@pytest.mark.parametrize("status", ["draft", "paused"])
def test_what_is_too_late_tells_of_its_campaign_though_nobody_looked_before(status: str) -> None:
    late = verdict(due(), where=campaign(status=status), now=NOW + DAY - 1)
    assert isinstance(late, GiveUp)
    assert (late.rule, late.held_by) == ("grace", status)
    assert late.why.startswith("campaign 7 was ")
    started = verdict(due(held_by="line", verdict="line a is down"), now=NOW + DAY - 1)
    assert started == GiveUp("grace", "line a was down; it is over 30 min late", "line")


@pytest.mark.parametrize(("status", "said"), [("draft", "a draft"), ("paused", "paused")])
def test_a_campaign_that_is_not_started_holds_for_a_minute(status: str, said: str) -> None:
    held = verdict(where=campaign(status=status))
    assert held == Wait("status", NOW + 60_000, f"campaign 7 is {said}; resume it")


def test_a_hold_ends_at_the_first_instant_that_is_too_late() -> None:
    last = promised_at(due(), campaign(), UTC) + GRACE
    held = verdict(where=campaign(status="paused"), now=last - 10)
    assert isinstance(held, Wait)
    assert held.until == last + 1


def test_outside_its_hours_it_waits_until_they_open() -> None:
    assert verdict(where=campaign(workday_windows=SHUT)) == Wait(
        "hours",
        NOW + 3 * HOUR,
        "outside the hours of campaign 7; it opens 2025-05-15 15:00:00 UTC",
    )
    assert verdict(where=campaign(workday_windows=SHUT), zone=BERLIN) == Wait(
        "hours",
        NOW + HOUR,
        "outside the hours of campaign 7; it opens 2025-05-15 15:00:00 CEST",
    )


def test_the_windows_of_special_days_hold_nothing() -> None:
    assert verdict(where=campaign(special_day_windows=SHUT)) == Dial()


def test_before_its_begin_it_waits_and_then_for_its_hours() -> None:
    begin = NOW + HOUR
    assert verdict(where=campaign(begin_at=begin)) == Wait(
        "hours", begin, "campaign 7 begins to dial 2025-05-15 13:00:00 UTC"
    )
    both = verdict(where=campaign(begin_at=begin, workday_windows=SHUT))
    assert both == Wait(
        "hours", NOW + 3 * HOUR, "campaign 7 begins to dial 2025-05-15 15:00:00 UTC"
    )


def test_hours_that_open_only_after_the_end_are_none() -> None:
    opens = NOW + 3 * HOUR
    hopeless = verdict(where=campaign(workday_windows=SHUT, end_at=opens))
    assert hopeless == GiveUp(
        "campaign_ended",
        "campaign 7 next dials 2025-05-15 15:00:00 UTC, and it ends 2025-05-15 15:00:00 UTC",
    )
    last = verdict(where=campaign(workday_windows=SHUT, end_at=opens + 1))
    assert isinstance(last, Wait)


def test_only_hours_move_when_it_is_due() -> None:
    assert Wait("hours", NOW, "").moves_due
    others: list[Rule] = ["status", "vdn_cap", "campaign_cap", "line", "retry"]
    assert not any(Wait(rule, NOW, "").moves_due for rule in others)


def test_as_many_calls_as_a_vdn_may_have_hold_the_next() -> None:
    limits = Limits(grace_ms=GRACE, vdn_calls_max=3)
    assert verdict(limits=limits, busyness=Busyness(vdn=2)) == Dial()
    assert verdict(limits=limits, busyness=Busyness(vdn=3)) == Wait(
        "vdn_cap", NOW, "VDN 25 has 3 calls, as many as it may"
    )


def test_as_many_calls_as_a_campaign_may_have_hold_the_next() -> None:
    limits = Limits(grace_ms=GRACE, campaign_calls_max=3)
    assert verdict(limits=limits, busyness=Busyness(vdn=99, campaign=2)) == Dial()
    assert verdict(limits=limits, busyness=Busyness(campaign=3)) == Wait(
        "campaign_cap", NOW, "campaign 7 has 3 calls, as many as it may"
    )


@pytest.mark.parametrize("own", [1, 5])
def test_a_campaigns_own_bound_stands_instead_of_the_settings(own: int) -> None:
    limits = Limits(grace_ms=GRACE, campaign_calls_max=3)
    where = campaign(dial_settings=DialSettings(calls_max=own))
    assert verdict(where=where, limits=limits, busyness=Busyness(campaign=own - 1)) == Dial()
    assert isinstance(verdict(where=where, limits=limits, busyness=Busyness(campaign=own)), Wait)


def test_without_a_bound_any_number_of_calls_is_taken() -> None:
    assert verdict(busyness=Busyness(vdn=10**6, campaign=10**6)) == Dial()


def test_of_several_rules_the_most_final_is_told() -> None:
    limits = Limits(grace_ms=GRACE, vdn_calls_max=1, campaign_calls_max=1)
    full = Busyness(1, 1)
    late = NOW + DAY
    rules = [
        (campaign(deleted_at=NOW, end_at=NOW, status="paused"), late, "campaign_gone"),
        (campaign(end_at=NOW, status="paused"), late, "campaign_ended"),
        (campaign(status="paused", end_at=late + 1), late, "grace"),
        (campaign(status="paused", workday_windows=SHUT), NOW, "status"),
        (campaign(workday_windows=SHUT), NOW, "hours"),
        (campaign(), NOW, "vdn_cap"),
    ]
    for where, now, rule in rules:
        said = verdict(where=where, limits=limits, busyness=full, now=now)
        assert not isinstance(said, Dial)
        assert said.rule == rule


def test_an_outlook_is_judged_by_the_instant_that_the_call_is_due() -> None:
    """And as if its campaign were resumed, and had no call, by then."""
    paused = campaign(status="paused", workday_windows=OPEN)
    now = due(look_at=NOW)
    evening = due(appoint_at=NOW + 7 * HOUR, due_at=NOW + 7 * HOUR, look_at=NOW + 7 * HOUR)
    late = due(appoint_at=NOW + DAY, due_at=NOW + DAY, look_at=NOW + DAY)
    assert foresee(now, paused, UTC, LIMITS, NOW) == Dial()
    held = foresee(evening, paused, UTC, LIMITS, NOW)
    assert isinstance(held, Wait)
    assert (held.rule, held.until) == ("hours", NOW + 21 * HOUR)
    never = foresee(late, paused, UTC, LIMITS, NOW)
    assert isinstance(never, GiveUp)
    assert "before the call is due at 2025-05-16 12:00:00 UTC" in never.why


def test_the_outlook_of_a_campaign_that_was_cut_short_is_that_it_never_dials() -> None:
    evening = due(appoint_at=NOW + 7 * HOUR, due_at=NOW + 7 * HOUR, look_at=NOW + 7 * HOUR)
    short = campaign(workday_windows=OPEN, end_at=NOW + 20 * HOUR)
    assert foresee(evening, short, UTC, LIMITS, NOW) == GiveUp(
        "campaign_ended",
        "campaign 7 ends 2025-05-16 08:00:00 UTC, before it next dials at 2025-05-16 09:00:00 UTC",
    )
    ended = campaign(end_at=NOW)
    assert foresee(evening, ended, UTC, LIMITS, NOW) == GiveUp(
        "campaign_ended", "campaign 7 ended 2025-05-15 12:00:00 UTC"
    )
