"""The hours in which a campaign may dial, by the clock on its own wall.

What counts is what that clock shows, so on the day it is turned back an hour that comes twice is
open twice, and an hour that never comes opens nothing. Instants are UTC milliseconds, windows
minutes of that clock's day.
"""

from collections.abc import Sequence
from datetime import tzinfo

from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.instants import DAY_MS, MINUTE_MS, Instant, by_clock, in_zone
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.wall_time import clock_ahead, clock_set

_HOUR_MINUTES = 60


def are_open(windows: Sequence[Window], zone: tzinfo, now: Instant) -> bool:
    """Whether one of the windows is open; without any, it always is."""
    if not windows:
        return True
    local = by_clock(now, zone)
    minute = local.hour * _HOUR_MINUTES + local.minute
    return any(each.begin <= minute < each.end for each in windows)


def next_opening(windows: Sequence[Window], zone: tzinfo, now: Instant) -> Instant:
    """Return the instant, from now on, at which a window opens; now itself if one is open."""
    while not are_open(windows, zone, now):
        begins = now + _until_begin(windows, zone, now)
        # Setting the clock may open a window in its middle, or leave its begin out.
        now = clock_set(zone, now, begins) or begins
    return now


def never_dials(campaign: Campaign, zone: tzinfo, due_at: Instant) -> Phrase | None:
    """Return why a campaign never makes a call that is due at an instant; None: it can.

    Whether it is started then is left open, for a person may resume it.
    """
    opening = next_opening(campaign.workday_windows, zone, max(due_at, campaign.begin_at))
    if opening < campaign.end_at:
        return None
    ends = in_zone(campaign.end_at, zone)
    if due_at >= campaign.end_at:
        return Phrase(
            "campaign {campaign} ends {ends}, before the call is due at {due}",
            campaign=campaign.id,
            ends=ends,
            due=in_zone(due_at, zone),
        )
    return Phrase(
        "campaign {campaign} ends {ends}, before it next dials at {opens}",
        campaign=campaign.id,
        ends=ends,
        opens=in_zone(opening, zone),
    )


def check_dials(campaign: Campaign, zone: tzinfo, due_at: Instant) -> None:
    """Refuse an appointed time whose call, due at an instant, a campaign never makes."""
    never = never_dials(campaign, zone, due_at)
    if never is not None:
        raise ParameterWrong(
            "{never}; there is no later time, send an earlier one or another campaign",
            about="appoint_at",
            never=never,
        )


def _until_begin(windows: Sequence[Window], zone: tzinfo, now: Instant) -> int:
    """Return how many milliseconds it is to the next begin, by a clock that just runs on."""
    of_day = (now + clock_ahead(zone, now)) % DAY_MS
    return min((each.begin * MINUTE_MS - of_day) % DAY_MS for each in windows)
