"""Presence: whether somebody is there, as far as a page that listens tells of them.

A page that is open renews a lease for whoever has it open; a lid that is closed renews nothing.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from callkeeper.core.instants import SECOND_MS, Instant

# How long after the last renewal somebody counts as absent.
PRESENT_MS = 30 * SECOND_MS
# How often a process says who has a page of its open.
RENEW_MS = 10 * SECOND_MS
# Clocks of two servers may differ by so much.
_APART_MS = 2 * SECOND_MS

Presence = Literal["present", "away", "absent"]


class There(NamedTuple):
    """Somebody who is there, in a VDN where they have a role; an operator in none (None)."""

    login: str
    vdn: int | None


class Renewal(msgspec.Struct, frozen=True):
    """Who is there, and until when that is so unless it is said again."""

    there: tuple[There, ...]
    lease_until: Instant


class Sighting(msgspec.Struct, frozen=True):
    """When somebody was there: by a page that listens, and by what they last clicked.

    ``is_away``: they said so, and have not said since that they are back.
    """

    lease_until: Instant | None = None
    clicked_at: Instant | None = None
    is_away: bool = False

    def presence(self, now: Instant) -> Presence:
        """Return whether they are there. Who is away, and has closed the page, is absent."""
        if self.lease_until is None or not now < self.lease_until <= latest(now):
            return "absent"
        return "away" if self.is_away else "present"

    @property
    def seen_at(self) -> Instant | None:
        """When they were last there; None: never."""
        said_at = None if self.lease_until is None else self.lease_until - PRESENT_MS
        return max((each for each in (said_at, self.clicked_at) if each is not None), default=None)


def lately(sightings: Iterable[Sighting]) -> Sighting:
    """Return what several sightings of one person come to."""
    return max(sightings, key=lambda each: each.lease_until or 0)


def latest(now: Instant) -> Instant:
    """Return until when a lease that is given now can be; what is later, a wrong clock gave."""
    return now + PRESENT_MS + _APART_MS


def presence_of(sightings: Iterable[Sighting], now: Instant) -> Presence:
    """Return whether one of several is there who answer for the same: one is enough."""
    found = {each.presence(now) for each in sightings}
    if "present" in found:
        return "present"
    return "away" if "away" in found else "absent"
