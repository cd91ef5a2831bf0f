"""A batch about attempts: the locked rows, and what has become of them so far.

Two items about one attempt in one batch see each other.
"""

import msgspec

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Move, Placing
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.history import Event
from callkeeper.store.rows.reservations import Key

About = Placing | Move


class AttemptBatch:
    """Attempts and their reservations, by key, as they are now."""

    def __init__(self, reservations: dict[Key, Reservation], attempts: dict[Key, Attempt]) -> None:
        self.reservations = reservations
        self.attempts = attempts
        self.changed_attempts: dict[Key, Attempt] = {}
        self.changed_reservations: dict[Key, Reservation] = {}
        self.events: list[Event] = []

    def live(self, item: About) -> Attempt | None:
        """Return the attempt that an item is about, if it is live and of that reservation."""
        attempt = self.attempts.get((item.vdn, item.attempt_id))
        if attempt is None or not attempt.is_live or attempt.reservation_id != item.reservation_id:
            return None
        return attempt

    def move(self, item: Move) -> Attempt | None:
        """Keep the attempt that a move is about as it then is; None where it comes too late."""
        attempt = self.live(item)
        moved = None if attempt is None else item.apply(attempt)
        return None if moved is None else self.keep_attempt(moved)

    def keep_attempt(self, attempt: Attempt) -> Attempt:
        """Keep an attempt as it is now."""
        key = (attempt.vdn, attempt.id)
        self.attempts[key] = self.changed_attempts[key] = attempt
        return attempt

    def keep(self, reservation: Reservation, *events: Event) -> None:
        """Keep a reservation as it is now, and what happened to it."""
        key = (reservation.vdn, reservation.id)
        self.reservations[key] = self.changed_reservations[key] = reservation
        self.events += events


def happened(
    reservation: Reservation, what: str, now: Instant, holder: str, **detail: object
) -> Event:
    """Return the event of a change that the dialer made; what is None is not told."""
    told = {name: value for name, value in detail.items() if value is not None}
    return Event(
        vdn=reservation.vdn,
        subject=reservation.id,
        version=reservation.version,
        happened_at=now,
        what=what,
        by_whom=f"dialer {holder}",
        detail=msgspec.json.encode(told).decode(),
    )
