"""A campaign: the outbound task that reservations belong to, with its dates, windows and numbers.

    add ─► draft ─► started ◄─► paused        resume starts a draft and a paused one
                    └──────► ended ◄──────┘   by the clock alone: its end has passed

The arrows are in changes.py; nothing else changes a status. Instants are UTC milliseconds; windows
are minutes of the day.
"""

import re
from typing import Literal

import msgspec

from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.campaigns.policies import Policies
from callkeeper.core.instants import DAY_MS, Instant

_ID = re.compile(r"[1-9][0-9]{0,17}")
ID_MAX = 10**18 - 1


Status = Literal["draft", "started", "paused"]  # as stored; "ended" is read off the clock
Obstacle = Literal["draft", "paused", "ended", "deleted"]

# The device type says what a connected call is handed to.
IVR_DEVICES = frozenset({1, 3})
SKILL_DEVICES = frozenset({2, 5, 6})
DEVICE_TYPES = tuple(sorted(IVR_DEVICES | SKILL_DEVICES))
PREVIEW = 5  # an agent sees the customer first, then dials

DAY_MINUTES = DAY_MS // 60_000


class CallerNumber(msgspec.Struct, frozen=True):
    """A number that the customer may see; of several, the smallest priority is shown."""

    number: str
    priority: int = 1


GOES_TO = re.compile(r"ivr .{1,100}|skill [0-9]{1,10}")  # CODE, or the queue's ID


class Window(msgspec.Struct, frozen=True):
    """A stretch of the day, in minutes from midnight, in which the campaign may dial.

    ``place`` tells which of a campaign's three windows of a kind it is, from 1; they may have gaps.
    """

    begin: int
    end: int
    place: int = 1

    @property
    def is_forward(self) -> bool:
        """Whether it begins before it ends, and ends on the same day."""
        return 0 <= self.begin < self.end <= DAY_MINUTES

    @property
    def hours(self) -> str:
        """The window as people write it."""
        return f"{clock_time(self.begin)}-{clock_time(self.end)}"

    def overlaps(self, other: "Window") -> bool:
        """Whether there is a minute that belongs to both."""
        return self.begin < other.end and other.begin < self.end


class Campaign(msgspec.Struct, frozen=True):
    """A campaign as it stands. ``version`` counts its changes, from 1."""

    vdn: int
    id: int
    version: int
    name: str
    description: str | None
    status: Status
    begin_at: Instant
    end_at: Instant
    device_type: int
    caller_numbers: tuple[CallerNumber, ...]
    alerting_seconds_max: int
    workday_windows: tuple[Window, ...]
    special_day_windows: tuple[Window, ...]
    policies: Policies
    made_at: Instant
    changed_at: Instant
    deleted_at: Instant | None
    goes_to: str | None = None  # GOES_TO; what an answered call is handed to
    dial_settings: DialSettings = DialSettings()

    def has_ended(self, now: Instant) -> bool:
        """Whether its end has passed; an ended campaign cannot be modified, paused or resumed."""
        return self.end_at <= now

    def obstacle(self, now: Instant) -> Obstacle | None:
        """Return what keeps it from dialing, whatever the hour."""
        return obstacle(self.status, self.end_at, now, is_deleted=self.deleted_at is not None)

    @property
    def shown_number(self) -> str | None:
        """The number that the customer sees: the first of those with the smallest priority."""
        best = min(self.caller_numbers, key=lambda each: each.priority, default=None)
        return best.number if best else None


def obstacle(
    status: Status | None, end_at: Instant | None, now: Instant, *, is_deleted: bool = False
) -> Obstacle | None:
    """Return what keeps a campaign from dialing, whatever the hour; ``status`` None: none is left.

    Deleted weighs more than ended, and that more than paused: it says whether anything helps.
    """
    if is_deleted or status is None:
        return "deleted"
    if end_at is not None and end_at <= now:
        return "ended"
    return None if status == "started" else status


def clock_time(minutes: int) -> str:
    """Return a time of the day as people write it, from the minutes since midnight."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def campaign_id(text: str) -> int | None:
    """Return the id that a text names; None for a text that is not written as one."""
    if not _ID.fullmatch(text):
        return None
    return int(text)


def same_kind(device_type: int) -> frozenset[int]:
    """Return the device types whose campaigns count as of one kind: skill queue or IVR."""
    return IVR_DEVICES if device_type in IVR_DEVICES else SKILL_DEVICES
