"""Slots: they share out all time in every zone, and what is offered is free."""

from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.policies import Policies
from callkeeper.core.instants import DAY_MS, HOUR_MS, INSTANT_MAX, INSTANT_MIN, MINUTE_MS, by_clock
from callkeeper.core.people.house_rules import SLOT_MINUTES, HouseRules
from callkeeper.core.people.presence import Presence
from callkeeper.core.reservations.slot import (
    OFFERED_AGENTS,
    OFFERED_TIMES,
    REACH_MS,
    Calls,
    Diary,
    Slot,
    SlotTaken,
    slot_around,
)

NOON = 1_795_867_200_000  # 2026-11-28 12:00 in UTC
SLOT = 15 * MINUTE_MS
zones = some.sampled_from(sorted(available_timezones())).map(ZoneInfo)
instants = some.integers(INSTANT_MIN + DAY_MS, INSTANT_MAX - DAY_MS)


def unheard(*agents: str) -> dict[str, Presence | None]:
    """Return agents of whom nobody knows whether they are there."""
    return dict.fromkeys(agents)


def campaign(*windows: Window, **fields: Any) -> Campaign:
    given = {"begin_at": NOON - 30 * DAY_MS, "end_at": NOON + 30 * DAY_MS} | fields
    return Campaign(
        vdn=25,
        id=7,
        version=1,
        name="VIP",
        description=None,
        status="started",
        device_type=3,
        caller_numbers=(),
        alerting_seconds_max=20,
        workday_windows=windows,
        special_day_windows=(),
        policies=Policies(),
        made_at=0,
        changed_at=0,
        deleted_at=None,
        **given,
    )


def diary(
    *calls: Calls,
    of: Campaign | None = None,
    zone: tzinfo = UTC,
    **rules: Any,
) -> Diary:
    return Diary(HouseRules(**rules), zone, (of or campaign(), zone), calls)


def ann(in_ms: int, agent: str | None = "ann", *, is_of_campaign: bool = True) -> Calls:
    return Calls(NOON + in_ms, agent, is_of_campaign, 1)


@given(zone=zones, at=instants, minutes=some.sampled_from(SLOT_MINUTES))
def test_slots_follow_each_other_and_no_two_share_a_moment(
    zone: ZoneInfo, at: int, minutes: int
) -> None:
    slot = slot_around(at, zone, minutes)
    assert slot.begin_at <= at < slot.end_at <= slot.begin_at + minutes * MINUTE_MS
    for same in (slot.begin_at, slot.end_at - 1):
        assert slot_around(same, zone, minutes) == slot
    assert slot_around(slot.begin_at - 1, zone, minutes).end_at == slot.begin_at
    assert slot_around(slot.end_at, zone, minutes).begin_at == slot.end_at


@given(zone=zones, at=instants, minutes=some.sampled_from(SLOT_MINUTES))
def test_a_slot_begins_where_the_clock_shows_a_multiple_of_its_minutes_or_is_set(
    zone: ZoneInfo, at: int, minutes: int
) -> None:
    slot = slot_around(at, zone, minutes)
    before, begin = (by_clock(each, zone) for each in (slot.begin_at - 1, slot.begin_at))
    assert begin.minute % minutes == 0 or before.utcoffset() != begin.utcoffset()


def test_an_agent_has_one_call_in_a_slot() -> None:
    found = diary(ann(5 * MINUTE_MS))
    assert not found.is_free(NOON, "ann")
    assert not found.is_free(NOON + SLOT - 1, "ann")
    assert found.is_free(NOON + SLOT, "ann")
    assert found.is_free(NOON - 1, "ann")
    assert found.is_free(NOON, "bob")
    assert found.is_free(NOON, None)
    with pytest.raises(SlotTaken) as taken:
        found.check(NOON, "ann", "Ann Li")
    assert taken.value.sentence == "Ann Li has a call at that time already"
    assert taken.value.about == "at"


def test_what_the_system_dials_is_in_nobodys_way() -> None:
    assert diary(ann(0, None)).is_free(NOON, "ann")


def test_a_campaign_takes_no_more_calls_than_it_may() -> None:
    calls = (ann(0, "bob"), ann(1, None), ann(2, "eve", is_of_campaign=False))
    assert diary(*calls, slot_calls_max=3).is_free(NOON, "ann")
    assert not diary(*calls, slot_calls_max=2).is_free(NOON, "ann")
    assert not diary(*calls, slot_calls_max=2).is_free(NOON, None)


@pytest.mark.parametrize(
    ("of", "is_free"),
    [
        (campaign(Window(12 * 60, 13 * 60)), True),
        (campaign(Window(9 * 60, 12 * 60)), False),
        (campaign(begin_at=NOON + 1), False),
        (campaign(end_at=NOON), False),
        (campaign(end_at=NOON + 1), True),
    ],
)
def test_a_campaign_makes_calls_in_its_windows_and_between_its_dates(
    of: Campaign, *, is_free: bool
) -> None:
    assert diary(of=of).is_free(NOON, "ann") is is_free


def test_of_a_campaign_that_is_gone_no_hours_are_judged() -> None:
    found = Diary(HouseRules(), UTC, (None, None), [ann(0)])
    assert found.is_free(NOON, "bob")
    assert not found.is_free(NOON, "ann")


def test_the_nearest_before_the_nearest_after_and_one_more_are_offered() -> None:
    found = diary(ann(0), ann(SLOT))
    offer = found.offer(NOON, "ann", unheard("ann", "bob", "eve", "joe"), NOON - HOUR_MS)
    assert offer.times == (NOON - SLOT, NOON + 2 * SLOT, NOON + 3 * SLOT)
    assert offer.agents == ("bob", "eve")


def test_where_nothing_is_free_before_more_is_offered_after() -> None:
    offer = diary(ann(0)).offer(NOON, "ann", {}, NOON)
    assert offer.times == (NOON + SLOT, NOON + 2 * SLOT, NOON + 3 * SLOT)


def test_of_a_time_that_has_passed_the_nearest_to_come_are_offered() -> None:
    now = NOON + 20 * MINUTE_MS
    offer = diary(ann(2 * SLOT)).offer(NOON - 5 * HOUR_MS, "ann", unheard("bob"), now)
    assert offer.times == (NOON + 3 * SLOT, NOON + 4 * SLOT, NOON + 5 * SLOT)
    assert offer.agents == ()  # at a time that has passed


def test_other_agents_with_less_to_do_are_offered_first() -> None:
    found = diary(ann(0), ann(HOUR_MS, "bob"), ann(2 * HOUR_MS, "eve"), ann(3 * HOUR_MS, "eve"))
    assert found.offer(NOON, "ann", unheard("bob", "eve", "joe"), NOON).agents == ("joe", "bob")
    assert found.offer(NOON, None, unheard("joe"), NOON).agents == ()


def test_agents_who_are_there_are_offered_first_and_for_the_next_hour_none_who_is_not() -> None:
    others: dict[str, Presence | None] = {
        "abe": "absent",
        "amy": "away",
        "bob": None,
        "eve": "present",
    }
    found = diary(ann(0), ann(HOUR_MS, "eve"))
    soon = found.offer(NOON, "ann", others, NOON - HOUR_MS + 1)
    assert soon.agents == ("eve", "bob")
    later = found.offer(NOON, "ann", others, NOON - HOUR_MS)
    assert later.agents == ("eve", "abe")
    del others["eve"], others["bob"]
    assert found.offer(NOON, "ann", others, NOON).agents == ()


@given(
    zone=zones,
    minutes=some.sampled_from(SLOT_MINUTES),
    asked=some.integers(-3 * HOUR_MS, 3 * HOUR_MS),
    taken=some.lists(some.integers(-12 * 60, 12 * 60), max_size=80),
    window=some.tuples(some.integers(0, 700), some.integers(701, 1440)),
    bound=some.none() | some.integers(1, 3),
)
def test_whatever_is_offered_is_free_to_come_within_reach_and_near(
    zone: ZoneInfo,
    minutes: int,
    asked: int,
    taken: list[int],
    window: tuple[int, int],
    bound: int | None,
) -> None:
    calls = [ann(each * MINUTE_MS, "ann" if each % 2 else "bob") for each in taken]
    found = Diary(
        HouseRules(slot_minutes=minutes, slot_calls_max=bound),
        zone,
        (campaign(Window(*window)), zone),
        calls,
    )
    at = NOON + asked
    offer = found.offer(at, "ann", unheard("ann", "bob", "eve"), NOON)
    assert len(offer.times) <= OFFERED_TIMES
    assert len(offer.agents) <= OFFERED_AGENTS
    assert list(offer.times) == sorted(set(offer.times))
    for each in offer.times:
        assert found.is_free(each, "ann")
        assert NOON <= each <= max(at, NOON) + REACH_MS
    for agent in offer.agents:
        assert agent != "ann"
        assert found.is_free(at, agent)
    later = [each for each in offer.times if each > at]
    if later:  # nothing that is nearer, and begins a slot, is free
        slot = slot_around(max(at, NOON), zone, minutes)
        while (slot := slot_around(slot.end_at, zone, minutes)).begin_at < later[0]:
            assert not found.is_free(slot.begin_at, "ann")


def test_where_the_clock_is_set_within_a_slot_it_ends_there() -> None:
    """On Lord Howe it is set by half an hour: at 15:30 and at 15:00 in UTC."""
    forward = 1_790_954_000_000 // DAY_MS * DAY_MS
    howe = ZoneInfo("Australia/Lord_Howe")
    lengths = set()
    at = forward - 2 * DAY_MS
    while at < forward + 4 * DAY_MS:
        slot = slot_around(at, howe, 60)
        assert isinstance(slot, Slot)
        lengths.add(slot.end_at - slot.begin_at)
        at = slot.end_at
    assert lengths == {HOUR_MS, HOUR_MS // 2}
