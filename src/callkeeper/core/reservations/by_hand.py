"""A call by hand: a person rings by a phone of their own, and says when it begins and when it ends.

No line confirms it, so nothing is believed of it but that somebody said so. The history alone has
it; the promise stands until a result is filed.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from callkeeper.core.instants import HOUR_MS, MINUTE_MS, Instant
from callkeeper.core.people.house_rules import AnyHourBy
from callkeeper.core.people.person import by_login
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.reservation import Reservation

BEGAN, ENDED = "by_hand_began", "by_hand_ended"
# How long ago a call may have begun of which a result is filed that says no date.
LATELY_MS = 12 * HOUR_MS
# How often one may be begun of a reservation: each is an event, and shows the number.
BEGUN_MOST = 50
_APART_MS = MINUTE_MS
# How long a call is believed to go on whose end nobody has said.
_LASTS_MS = 4 * HOUR_MS

# An event of a history: what, by whom, when, and its values.
Told = tuple[str, str, Instant, Mapping[str, Any]]


class HandCallBegins(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """A person says that they ring the customer now; ``outside_hours``: by whose word then."""

    what: ClassVar[str] = BEGAN

    outside_hours: AnyHourBy | None = None

    def check(self, _old: Reservation | None, _defined: object, _now: Instant) -> None:
        """Take any; there is nothing in it that could be wrong."""

    def apply(self, old: Reservation, now: Instant) -> Reservation:
        """Return the reservation as it was, but that something happened; again a second time."""
        return _told(old, now)


class HandCallEnds(msgspec.Struct, frozen=True, tag=True):
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

    def lasts(self, now: Instant) -> bool:
        """Whether nobody has said that it is over, and it may go on yet."""
        return self.ended_at is None and now - self.began_at < _LASTS_MS

    def goes_on(self, by: str, now: Instant) -> bool:
        """Whether it is a person's own, and they have not said that it is over."""
        return self.by == by and self.lasts(now)

    def is_told_by(self, by: str, now: Instant) -> bool:
        """Whether it is a person's own, and so lately that a result of theirs is of it."""
        return self.by == by and now - self.began_at < LATELY_MS


def last_hand_call(happened: Iterable[Told]) -> HandCall | None:
    """Return the last call by hand that was for the promise as it stands; None: there is none.

    It is for it no longer once a result was filed or somebody dialed, and once the call was
    promised for another time or by another agent. ``happened`` is the history, oldest first.
    """
    call, promised = None, (None, None)
    for what, by, at, values in happened:
        was = promised
        promised = values.get("agent", was[0]), values.get("appoint_at", was[1])
        if what == BEGAN:
            call = HandCall(by, at)
        elif what == ENDED and call is not None and call.by == by and call.ended_at is None:
            call = msgspec.structs.replace(call, ended_at=at)
        elif what in ("result", "dialed") or promised != was:
            call = None
    return call


def against_ringing(happened: Iterable[Told], by: str, now: Instant) -> Phrase | None:
    """Return that a customer is not to be rung as somebody calls them by hand; None: nobody does.

    ``by``: who would have them rung.
    """
    call = last_hand_call(happened)
    if call is None or not call.lasts(now):
        return None
    if call.by == by:
        return Phrase("you are calling this customer by hand; say first that this call is over")
    return Phrase(
        "{who} is calling this customer by hand; if that is over, file how it ended or move the "
        "call",
        who=call.by.removeprefix(by_login("")),
    )


def against_beginning(happened: Iterable[Told], by: str, now: Instant) -> Phrase | None:
    """Return what stands against another call by hand in a reservation's history."""
    happened = list(happened)
    against = against_ringing(happened, by, now)
    if against is not None:
        return against
    begun = [at for what, _, at, _ in happened if what == BEGAN]
    if len(begun) >= BEGUN_MOST:
        return Phrase(
            "{most} calls by hand were begun for this promise; file how the last one ended, and "
            "book the next",
            most=BEGUN_MOST,
        )
    if begun and now - begun[-1] < _APART_MS:
        return Phrase("a call by hand began less than a minute ago; begin the next in a minute")
    return None


def _told(old: Reservation, now: Instant) -> Reservation:
    if old.kind != "manual":
        raise ParameterWrong("the system makes this call; it is no agent's", about="id")
    if old.state != "waiting":
        raise ParameterWrong("the call of this reservation has been made", about="id")
    return old.changed(now)
