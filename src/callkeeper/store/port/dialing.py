"""What a database must be able to do for the dialer: the ledger of attempts.

The guards are in the verbs: an attempt is begun only by who claimed it, ended only while it is
live, and one reservation has at most one live attempt. A verb that comes too late, or twice,
changes nothing and says so.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.lease import stands
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.dialing.policy import Busyness, Terms
from callkeeper.core.dialing.watch import SURE, Doubt
from callkeeper.core.refusal import Refusal


class Claim(msgspec.Struct, frozen=True):
    """A dispatcher's wish for work: at most as many attempts as it brings ids.

    ``calls_max`` bounds the line's live attempts, ``per_second`` the rate of its calls. One that
    ``sweeps`` judges what is due even while nothing could be dialled, so that it expires in time.
    What is in ``last`` has its turn after all others: first its numbers, then its campaigns, by
    VDN and id. ``trouble`` is why the line refuses every call.
    """

    line: str
    holder: str
    at: int
    ids: tuple[str, ...]
    calls_max: int
    per_second: float
    terms: Terms
    sweeps: bool = True
    doubt: Doubt = SURE
    last: frozenset[str | tuple[int, int]] = frozenset()
    trouble: str | None = None


class Claimed(msgspec.Struct, frozen=True):
    """What a claim got. ``more``: it may be worth to ask again at once."""

    attempts: list[Attempt]
    held: int = 0
    given_up: int = 0
    more: bool = False


class Placing(msgspec.Struct, frozen=True):
    """An attempt is about to be placed by its holder; whether it may is decided once more."""

    vdn: int
    reservation_id: str
    attempt_id: str
    holder: str
    at: int
    terms: Terms
    doubt: Doubt = SURE


class Begun(msgspec.Struct, frozen=True):
    """It is on record as being placed: now, and not before, the line may be asked."""

    attempt: Attempt
    call_data: str | None
    goes_to: str | None


class Withdrawn(msgspec.Struct, frozen=True):
    """It must not be placed."""

    why: str


class Progress(msgspec.Struct, frozen=True):
    """What the line told of a live attempt; an instant that is known already stays."""

    vdn: int
    reservation_id: str
    attempt_id: str
    placed_at: int | None = None
    ringing_at: int | None = None
    answered_at: int | None = None

    def at(
        self,
        *,
        placed: int | None = None,
        ringing: int | None = None,
        answered: int | None = None,
    ) -> "Progress":
        """Return it with more instants; the first of a kind stays."""
        return msgspec.structs.replace(
            self,
            placed_at=self.placed_at or placed,
            ringing_at=self.ringing_at or ringing,
            answered_at=self.answered_at or answered,
        )


Evidence = Hangup | Literal["refused", "silence", "down"]


class Ending(msgspec.Struct, frozen=True):
    """An attempt is over. ``evidence`` is the line's word on it, or what stands for its lack.

    ``down``: the line could not be asked, surely nothing was dialled, and the reservation waits on.
    ``silence``: the channel is gone without a word; if it was answered before, that is known.
    ``heard`` is what the line told before, and may not have been put down yet; ``is_all_heard``:
    with that, all is known that it told.
    """

    vdn: int
    reservation_id: str
    attempt_id: str
    by: str
    at: int
    evidence: Evidence
    codes: FailCodes
    remark: str | None = None  # the line's sentence, kept with the attempt
    heard: Progress | None = None
    is_all_heard: bool = True


class HandBack(msgspec.Struct, frozen=True):
    """A claim is given up before it was placed."""

    vdn: int
    reservation_id: str
    attempt_id: str
    at: int


class Adoption(msgspec.Struct, frozen=True):
    """Another dispatcher answers for an attempt from now on, if it is still the old one's."""

    vdn: int
    reservation_id: str
    attempt_id: str
    old_holder: str
    holder: str


class Lease(msgspec.Struct, frozen=True):
    """A dispatcher, and until when it answers for what it holds.

    ``trouble`` is why its line refuses every call, although it can be asked.
    """

    name: str
    line: str
    begun_at: int
    said_at: int
    lease_until: int
    is_up: bool
    per_second: float  # calls that it began a second, lately
    trouble: str | None = None

    def stands(self, now: int) -> bool:
        """Whether it has not run out."""
        return stands(self.lease_until, now)


class Ledger(Protocol):
    """The verbs; those that write take a list and answer a list, in order."""

    def claim_due(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialled; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """

    def begin_attempts(self, placings: Sequence[Placing]) -> list[Begun | Withdrawn | Refusal]:
        """Put on record that attempts are being placed: from here on they may have been dialled."""

    def note_progress(self, words: Sequence[Progress]) -> list[bool | Refusal]:
        """Put down what the line told; False for an attempt that is over or never began."""

    def end_attempts(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        """End attempts and write their reservations' results; None for one that is over."""

    def hand_back(self, claims: Sequence[HandBack]) -> list[bool | Refusal]:
        """Withdraw what was claimed and never placed; False for any other."""

    def adopt_attempts(self, adoptions: Sequence[Adoption]) -> list[Attempt | Refusal | None]:
        """Take over live attempts; None where somebody was faster."""

    def renew_leases(self, leases: Sequence[Lease]) -> list[Lease | Refusal]:
        """Say that dispatchers live, and until when they answer for what they hold."""

    def wake_from_ahead(self, instants: Sequence[int]) -> list[int | Refusal]:
        """Have looked at now what is held for longer, seen from now, than its rule ever holds.

        A clock wrote that was ahead. Return how many each instant woke.
        """

    def own_time(self) -> int | None:
        """Return the instant by the database's own clock; None where it has the machine's."""

    def busyness(self, vdn: int, campaign_id: int) -> Busyness:
        """Return how many calls there are that bound those of a campaign."""

    def is_any_due(self, now: int) -> bool:
        """Whether a reservation waits to be looked at."""

    def count_due(self, now: int, limit: int) -> int:
        """Return how many reservations wait to be looked at, counting no further than a limit."""

    def attempts_held(self, line: str, holder: str, limit: int) -> list[Attempt]:
        """Return a dispatcher's live attempts, oldest first."""

    def attempts_orphaned(
        self, line: str, now: int, claimed_before: int, limit: int
    ) -> list[Attempt]:
        """Return a line's live attempts that nobody answers for, oldest first.

        Those are of dispatchers whose lease has run out, and claims older than an instant.
        """

    def attempts_of(self, vdn: int, reservation_id: str) -> list[Attempt]:
        """Return all attempts of a reservation, oldest first."""

    def leases(self) -> list[Lease]:
        """Return the dispatchers that there are, or lately were."""

    def live_by_line(self) -> dict[str, int]:
        """Return how many live attempts each line has that has any."""
