"""What is asked of the store about reservations, and what it answers.

Instants are UTC milliseconds.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from callkeeper.core.campaigns.campaign import Status
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.promise import Promise
from callkeeper.core.reservations.reservation import Booking, Kind, Reservation, State


class Booked(msgspec.Struct, frozen=True):
    """The reservation that a booking made, or had made before (``again``)."""

    reservation: Reservation
    again: bool


class Wanted(msgspec.Struct, frozen=True):
    """Which reservations of a VDN to list; what is None does not filter. All filters hold at once.

    ``begin_at`` and ``end_at`` bound the appointed time, both included.
    """

    vdn: int
    offset: int
    limit: int
    called_no: str | None = None
    agents: list[str] | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None
    campaign_id: int | None = None


class Listed(msgspec.Struct, frozen=True):
    """A reservation with the names that a list shows beside it."""

    reservation: Reservation
    campaign_name: str | None
    campaign_status: Status | None
    campaign_end_at: Instant | None
    campaign_deleted_at: Instant | None
    agent_name: str | None


class Sought(msgspec.Struct, frozen=True):
    """Which part of a VDN's reservations to look through, by appointed time, both bounds included.

    An agent or a campaign that is None does not narrow it. Whoever asks keeps the part small, by
    what ``reach`` says: all of it is read.
    """

    vdn: int
    begin_at: Instant
    end_at: Instant
    agent: str | None = None
    campaign_id: int | None = None


class Choice(msgspec.Struct, frozen=True):
    """Which of the reservations that are looked through: in these states, of this kind.

    ``outcomes``: of those that are done only those whose call ended so. ``is_unfiled``: no business
    result is on record. ``newest``: the last.
    """

    states: tuple[State, ...]
    kind: Kind | None = None
    outcomes: tuple[str, ...] | None = None
    is_unfiled: bool = False
    newest: bool = False


class Unsettled(msgspec.Struct, frozen=True):
    """How much a VDN has that was due before an instant, and when its last change was.

    ``waiting`` is to be dialed, ``calling`` being dialed, ``manual`` for an agent to ring.
    """

    vdn: int
    waiting: int
    calling: int
    manual: int
    changed_at: Instant


By = Literal["hour", "campaign", "agent"]


class Tally(msgspec.Struct, frozen=True):
    """So many of which the same is told: ``promise`` stands for each of them.

    ``hour`` counts from the begin of the range; it is 0, and a campaign and an agent are None,
    where they are not counted by that.
    """

    hour: int
    campaign_id: int | None
    campaign_name: str | None
    agent: str | None
    agent_name: str | None
    promise: Promise
    count: int


class Page(msgspec.Struct, frozen=True):
    """A page of a list, and how many there are in all."""

    total: int
    listed: list[Listed]


class Reservations(Protocol):
    """The verbs about reservations."""

    def add(self, bookings: Sequence[Booking]) -> list[Booked | Refusal]:
        """Add reservations and their first event. The same request again answers the first."""

    def change(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        """Carry out changes, in order, each with its event.

        One whose request was carried out before changes nothing and answers what stands.
        """

    def get(self, vdn: int, reservation_id: str) -> Listed | None:
        """Return a reservation of whatever state, with its names."""

    def find(self, wanted: Wanted) -> Page:
        """Return a page of reservations, by appointed time, then id; cancelled ones never."""

    def miscounted_days(self, vdn: int, begin_at: Instant, end_at: Instant) -> list[Instant]:
        """Return the instants at which days of a range begin whose tallies are wrong.

        It counts the reservations of those days, which are UTC's. No day is the good answer.
        """

    def vdns(self) -> list[int]:
        """Return the VDNs that have reservations, in order."""

    def reach(self, sought: Sought, count: int, *, backwards: bool = False) -> Instant | None:
        """Return the appointed time of the one after so many, from the begin on or the end back.

        None: there are no more than so many.
        """

    def seek(self, sought: Sought, choice: Choice, limit: int) -> list[Listed]:
        """Return the first that are chosen, or the last, by appointed time, then id."""

    def tally(self, sought: Sought, by: By, now: Instant, grace_ms: int) -> list[Tally]:
        """Count all, cancelled ones too, by what tells how they are kept by now.

        It reads all of them; the database counts, and few rows come back.
        """

    def beginning_with(self, vdn: int, digits: str, limit: int) -> list[Reservation]:
        """Return the first whose ids begin with some digits, of whatever state, by id."""

    def ending_with(self, sought: Sought, digits: str, limit: int) -> list[Reservation]:
        """Return the first whose ids end with some digits, of whatever state, by time."""

    def with_id(self, reservation_id: str) -> list[Reservation]:
        """Return the reservations with an id, of whatever VDN and state; at most one a VDN."""

    def unsettled(self, before: Instant, vdn: int | None) -> list[Unsettled]:
        """Return what each VDN, or one, has that was due before an instant.

        It reads all reservations, and is for after a restore.
        """

    def due_before(
        self, before: Instant, vdn: int | None, after: tuple[int, str], limit: int
    ) -> list[Reservation]:
        """Return what waits to be dialed and was due before an instant, by VDN and id.

        ``after`` is the VDN and id after which to begin.
        """
