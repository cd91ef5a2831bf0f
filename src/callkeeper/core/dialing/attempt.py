"""An attempt: one try at calling. ``attempt_changes`` has its moves, ``desk_call`` its asking.

Its id is also the id of the channel, so that it can be looked up at the line after a crash.
Instants are UTC milliseconds.
"""

from typing import Literal

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.outcome import Outcome
from callkeeper.core.people.house_rules import AnyHourBy

# Holds what an agent asked for until a dispatcher takes it.
NOBODY = ""

AttemptState = Literal[
    "claimed",  # a dispatcher has the reservation; surely not dialed
    "placing",  # the line was, or is about to be, asked; perhaps dialed
    "placed",  # the line confirmed it
    "ended",  # it has an outcome; nothing changes it any more
]


class Attempt(msgspec.Struct, frozen=True):
    """An attempt as it stands. ``number`` counts a reservation's tries, from 1.

    ``desk`` is the phone of the agent who asked for the call, which rings before the customer's;
    None: the system makes the call by itself. ``desk_shows`` is what that phone shows in place of
    the customer's number; None: the number.
    """

    vdn: int
    id: str
    reservation_id: str
    campaign_id: int
    number: int
    line: str
    holder: str  # the dispatcher that answers for it
    state: AttemptState
    called_no: str
    caller_no: str | None
    alerting_seconds: int
    due_at: Instant
    claimed_at: Instant
    placing_at: Instant | None = None
    placed_at: Instant | None = None
    ringing_at: Instant | None = None  # the far end rang, or was heard before it answered
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    outcome: Outcome | None = None
    fail_code: str | None = None
    cause: int | None = None
    cause_text: str | None = None
    sip_code: int | None = None
    asked_by: str | None = None  # who asked for it, as the history has it
    desk: str | None = None
    hang_up_at: Instant | None = None  # when somebody asked to end it
    any_hour_by: AnyHourBy | None = None  # None: within the hours of its campaign
    desk_shows: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether it has no outcome yet."""
        return self.state != "ended"

    @property
    def is_heard(self) -> bool:
        """Whether the far end rang or answered, as far as is known."""
        return self.ringing_at is not None or self.answered_at is not None


class Hangup(msgspec.Struct, frozen=True):
    """How the line says that a channel ended; a Q.850 cause, its text, a SIP status if known."""

    cause: int
    text: str = ""
    sip_code: int | None = None
