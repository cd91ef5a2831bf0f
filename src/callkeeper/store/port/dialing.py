"""What is asked of the store for the dialer: what is due, attempts, and leases.

The guards are in the verbs: an attempt is begun only by who claimed it, ended only while it is
live, and one reservation has at most one live attempt. A verb that comes too late, or twice,
changes nothing and says so. Instants are UTC milliseconds.
"""

from collections.abc import Sequence
from typing import Protocol

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import (
    Adoption,
    Begun,
    Ending,
    HandBack,
    Placing,
    Progress,
    Withdrawn,
)
from callkeeper.core.dialing.desk_call import Asking, DeskClaim, Stopping, TakenCalls
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.dialing.policy import Busyness
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Reservation


class Due(Protocol):
    """The verbs about what is due."""

    def claim(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialed; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """

    def is_any(self, now: Instant) -> bool:
        """Whether a reservation waits to be looked at."""

    def count(self, now: Instant, limit: int) -> int:
        """Return how many reservations wait to be looked at, counting no further than a limit."""

    def awaited(self, vdn: int, campaign_id: int, limit: int, due_by: Instant | None = None) -> int:
        """Return how many automatic calls a campaign has to make, or had due by an instant.

        It counts no further than a limit.
        """

    def busyness(self, vdn: int, campaign_id: int) -> Busyness:
        """Return how many calls there are that bound those of a campaign."""

    def wake_from_ahead(self, instants: Sequence[Instant]) -> list[int | Refusal]:
        """Have looked at now what is held for longer, seen from now, than its rule ever holds.

        A clock wrote that was ahead. Return how many each instant woke.
        """


class Attempts(Protocol):
    """The ledger of attempts; verbs that write take a list and answer a list, in order."""

    def begin(self, placings: Sequence[Placing]) -> list[Begun | Withdrawn | Refusal]:
        """Put on record that attempts are being placed: from here on they may have been dialed."""

    def note_progress(self, words: Sequence[Progress]) -> list[bool | Refusal]:
        """Put down what the line told; False for an attempt that is over or never began."""

    def end(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        """End attempts and write their reservations' results; None for one that is over."""

    def hand_back(self, claims: Sequence[HandBack]) -> list[bool | Refusal]:
        """Withdraw what was claimed and never placed; False for any other."""

    def adopt(self, adoptions: Sequence[Adoption]) -> list[Attempt | Refusal | None]:
        """Take over live attempts; None where somebody was faster."""

    def held(self, line: str, holder: str, limit: int) -> list[Attempt]:
        """Return a dispatcher's live attempts, oldest first."""

    def orphaned(
        self, line: str, now: Instant, claimed_before: Instant, limit: int
    ) -> list[Attempt]:
        """Return a line's live attempts that nobody answers for, oldest first.

        Those are of dispatchers whose lease has run out, and claims older than an instant, or than
        an agent's phone rings. What agents asked for and no dispatcher has taken is none of them.
        """

    def of(self, vdn: int, reservation_id: str) -> list[Attempt]:
        """Return all attempts of a reservation, oldest first."""

    def live_by_line(self) -> dict[str, int]:
        """Return how many live attempts each line has that has any."""


class DeskCalls(Protocol):
    """The verbs about calls that agents ask for, until an agent's phone was answered."""

    def ask(self, askings: Sequence[Asking]) -> list[Attempt | Refusal]:
        """Add attempts that wait for a dispatcher; refuse CallRefused, NoSuchReservation."""

    def begin_by_hand(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        """Put down that calls by hand begin, of customers whom nobody else calls just then.

        Refuse CallRefused, NoSuchReservation, Overtaken.
        """

    def take(self, claims: Sequence[DeskClaim]) -> list[TakenCalls | Refusal]:
        """Take what agents asked for, within the line's bounds; give up what waited for too long.

        Nothing is taken while another dispatcher's claim is under way.
        """

    def stop(self, stoppings: Sequence[Stopping]) -> list[Attempt | Refusal | None]:
        """End desk calls that nobody has taken, and note of others that they are to be ended.

        None: the reservation has none, or that was noted before.
        """

    def live(self, line: str, limit: int) -> list[Attempt]:
        """Return the live desk calls of a line: first those to do something about; oldest first."""

    def live_by_line(self) -> dict[str, int]:
        """Return how many live desk calls each line has that has any."""


class Leases(Protocol):
    """The verbs about dispatchers, and until when they answer for what they hold."""

    def renew(self, leases: Sequence[Lease]) -> list[Lease | Refusal]:
        """Say that dispatchers live, and until when they answer for what they hold."""

    def all(self) -> list[Lease]:
        """Return the dispatchers that there are, or lately were."""
