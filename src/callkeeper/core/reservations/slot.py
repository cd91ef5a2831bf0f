"""Slots: a VDN's day in stretches of some minutes, in each of which an agent has one call.

They follow the clock of the VDN. One is free for an agent who has no call in it, while the campaign
makes calls and has not as many in it as the VDN allows. What the system dials itself is in no
agent's way. Instants are UTC milliseconds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.hours import are_open
from callkeeper.core.instants import DAY_MS, HOUR_MS, MINUTE_MS, Instant
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.presence import Presence
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.wall_time import clock_ahead, clock_set

# How far from the time that was asked for another one is looked for.
REACH_MS = DAY_MS
OFFERED_TIMES = 3
OFFERED_AGENTS = 2


class SlotTaken(ParameterWrong):
    """The agent has another call at that time, or the campaign takes none."""


class Slot(msgspec.Struct, frozen=True):
    """A stretch of time; its end is the next one's begin."""

    begin_at: Instant
    end_at: Instant


class Calls(NamedTuple):
    """So many calls that are promised for a minute: an agent's, or such as the system dials."""

    at: Instant
    agent: str | None
    is_of_campaign: bool
    how_many: int


class Guard(msgspec.Struct, frozen=True):
    """What must hold of a slot when a call is put into it; asked again where that is written.

    ``agent`` is who rings; None: the system dials. ``name`` is what they are called.
    """

    slot: Slot
    agent: str | None
    name: str = ""
    calls_max: int | None = None  # of one campaign
    zone: str = "UTC"  # of campaigns that have none of their own

    def objection(
        self, at: Instant, campaign: Campaign | None, zone: tzinfo | None, calls: Sequence[Calls]
    ) -> Phrase | None:
        """Return what stands against a call at a time within the slot, which has these calls.

        Of a campaign that is deleted, or whose zone is not known here, the hours are not judged.
        """
        if campaign is not None and zone is not None and not makes_calls(campaign, zone, at):
            return Phrase("campaign {campaign} makes no calls at that time", campaign=campaign.name)
        if self.agent is not None and any(each.agent == self.agent for each in calls):
            return Phrase("{agent} has a call at that time already", agent=self.name or self.agent)
        count = sum(each.how_many for each in calls if each.is_of_campaign)
        if self.calls_max is not None and count >= self.calls_max:
            return Phrase(
                "the campaign has {count} calls at that time already, which is all it may",
                count=count,
            )
        return None

    def check(
        self, at: Instant, campaign: Campaign | None, zone: tzinfo | None, calls: Sequence[Calls]
    ) -> None:
        """Refuse a call that something stands against."""
        found = self.objection(at, campaign, zone, calls)
        if found is not None:
            refusal = SlotTaken.saying(found)
            refusal.about = "at"
            raise refusal


class Offer(msgspec.Struct, frozen=True):
    """What is free instead: other times of the same agent, and other agents at the same time."""

    times: tuple[Instant, ...] = ()
    agents: tuple[str, ...] = ()


class Diary:
    """The calls around a time, of all agents, and by which rules more may come."""

    def __init__(
        self,
        rules: HouseRules,
        zone: tzinfo,
        campaign: tuple[Campaign | None, tzinfo | None],
        calls: Iterable[Calls],
        *,
        zone_name: str = "UTC",
    ) -> None:
        """Take the VDN's zone, and the campaign with its own.

        ``zone_name`` is the zone of campaigns that have none.
        """
        self._rules = rules
        self._zone = zone
        self._campaign = campaign
        self._zone_name = zone_name
        self._slots: dict[Instant, list[Calls]] = {}
        self._loads: Counter[str] = Counter()
        for each in calls:
            self._slots.setdefault(self._around(each.at).begin_at, []).append(each)
            if each.agent is not None:
                self._loads[each.agent] += each.how_many

    def guard(self, at: Instant, agent: str | None, name: str = "") -> Guard:
        """Return what must hold of the slot that a time is in."""
        return Guard(self._around(at), agent, name, self._rules.slot_calls_max, self._zone_name)

    def is_free(self, at: Instant, agent: str | None) -> bool:
        """Whether nothing stands against a call at a time."""
        guard = self.guard(at, agent)
        calls = self._slots.get(guard.slot.begin_at, [])
        return guard.objection(at, *self._campaign, calls) is None

    def check(self, at: Instant, agent: str | None, name: str = "") -> Guard:
        """Refuse a call that something stands against; return what must hold when it is written."""
        guard = self.guard(at, agent, name)
        guard.check(at, *self._campaign, self._slots.get(guard.slot.begin_at, []))
        return guard

    def offer(
        self,
        at: Instant,
        agent: str | None,
        others: Mapping[str, Presence | None],
        now: Instant,
    ) -> Offer:
        """Return what is free instead of a time: the nearest before it, the nearest after, more.

        Of what has passed nothing is offered. Of the other agents it is those who are there, then
        those with the least to do; for a time within the hour none who is absent. Of whom nobody
        knows whether they are there (None), is neither.
        """
        before = next(self._free_before(at, agent, now), None)
        after = self._free_after(max(at, now), agent, now)
        times = [] if before is None else [before]
        while len(times) < OFFERED_TIMES and (found := next(after, None)) is not None:
            times.append(found)
        missed = ("away", "absent") if at < now + HOUR_MS else ()
        free = [
            each
            for each, presence in others.items()
            if presence not in missed and each != agent and self.is_free(at, each)
        ]
        free.sort(key=lambda each: (others[each] != "present", self._loads[each], each))
        may_be_at = at >= now and agent is not None
        return Offer(tuple(times), tuple(free[:OFFERED_AGENTS]) if may_be_at else ())

    def _free_before(self, at: Instant, agent: str | None, now: Instant) -> Iterator[Instant]:
        slot = self._around(at)
        while slot.begin_at > max(now, at - REACH_MS):
            slot = self._around(slot.begin_at - 1)
            if slot.begin_at >= now and self.is_free(slot.begin_at, agent):
                yield slot.begin_at

    def _free_after(self, at: Instant, agent: str | None, now: Instant) -> Iterator[Instant]:
        slot = self._around(at)
        while slot.end_at < at + REACH_MS:
            slot = self._around(slot.end_at)
            if slot.begin_at >= now and self.is_free(slot.begin_at, agent):
                yield slot.begin_at

    def _around(self, at: Instant) -> Slot:
        return slot_around(at, self._zone, self._rules.slot_minutes)


def slot_around(at: Instant, zone: tzinfo, minutes: int) -> Slot:
    """Return the slot of so many minutes, which divide an hour, that an instant is in.

    Where the clock is set within one, it ends there, and another one begins.
    """
    span_ms = minutes * MINUTE_MS
    begin_at = at - (at + clock_ahead(zone, at)) % span_ms
    end_at = begin_at + span_ms
    return Slot(
        clock_set(zone, begin_at, at) or begin_at,
        clock_set(zone, at, end_at - 1) or end_at,
    )


def makes_calls(campaign: Campaign, zone: tzinfo, at: Instant) -> bool:
    """Whether a campaign makes calls at a time, by its dates and its windows."""
    is_within = campaign.begin_at <= at < campaign.end_at
    return is_within and are_open(campaign.workday_windows, zone, at)
