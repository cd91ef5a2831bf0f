"""A call by hand: a person rings by a phone of their own, and says when it begins and when it ends.

No line confirms it, so nothing is believed of it but that somebody said so. The history alone has
it; the promise stands until a result is filed.
"""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from callkeeper.core.instants import HOUR_MS, Instant
from callkeeper.core.people.house_rules import AnyHourBy
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.reservation import Reservation

BEGAN, ENDED = "by_hand_began", "by_hand_ended"
# How long a call is believed to go on whose end nobody has said.
_LASTS_MS = 4 * HOUR_MS


class HandCallBegins(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person says that they ring the customer now; ``outside_hours``: by whose word then."""

    what: ClassVar[str] = BEGAN

    outside_hours: AnyHourBy | None = None

    def check(self, _old: Reservation | None, _defined: object, _now: Instant) -> None:
        """Take any; there is nothing in it that could be wrong."""

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as it was, but that something happened; again a second time."""
        return _told(old, now)


class HandCallEnds(msgspec.Struct, frozen=True):
    """A person says that the call which they began is over."""

    what: ClassVar[str] = ENDED

    def check(self, _old: Reservation | None, _defined: object, _now: Instant) -> None:
        """Take any; there is nothing in it that could be wrong."""

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as it was, but that something happened."""
        return _told(old, now)


class HandCall(msgspec.Struct, frozen=True):
    """A call by hand, as somebody said of it; ``ended_at`` is None where nobody has said that."""

    by: str
    began_at: Instant
    ended_at: Instant | None = None

    def goes_on(self, by: str, now: Instant) -> bool:
        """Whether it is a person's own, and they have not said that it is over."""
        return self.by == by and self.ended_at is None and now - self.began_at < _LASTS_MS


def last_hand_call(happened: Iterable[tuple[str, str, Instant]]) -> HandCall | None:
    """Return the last call by hand of which no result was filed and after which nobody dialed.

    ``happened`` is the history, oldest first: what, by whom, and when.
    """
    call = None
    for what, by, at in happened:
        if what == BEGAN:
            call = HandCall(by, at)
        elif what == ENDED and call is not None and call.by == by and call.ended_at is None:
            call = msgspec.structs.replace(call, ended_at=at)
        elif what in ("result", "dialed"):
            call = None
    return call


def _told(old: Reservation, now: Instant) -> Reservation:
    if old.kind != "manual":
        raise ParameterWrong("the system makes this call; it is no agent's", about="id")
    if old.state != "waiting":
        raise ParameterWrong("the call of this reservation has been made", about="id")
    return old.changed(now)
