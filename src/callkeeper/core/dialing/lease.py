"""How long a dispatcher answers for what it holds. Instants are UTC milliseconds."""

from collections.abc import Mapping

import msgspec

from callkeeper.core.dialing.watch import JUMP_MS
from callkeeper.core.instants import Instant

# After so long a silence others take over.
LEASE_MS = 15_000


def latest(now: Instant) -> Instant:
    """Return the last instant that a lease given now, or a claim made now, can bear.

    What lies further ahead was written by a clock that was wrong, and binds nobody.
    """
    return now + LEASE_MS + JUMP_MS


def stands(lease_until: Instant, now: Instant) -> bool:
    """Whether a lease has not run out."""
    return now < lease_until <= latest(now)


class Lease(msgspec.Struct, frozen=True):
    """A dispatcher, and until when it answers for what it holds.

    ``trouble`` is why its line refuses every call, although it can be asked; ``down_at`` is since
    when it cannot be, and ``down_why`` why. ``calls_max`` and ``calls_per_second_max`` bound the
    line; ``outcomes`` says how many of its attempts ended how since it began. A dispatcher of an
    older version says none of the last five.
    """

    name: str
    line: str
    begun_at: Instant
    said_at: Instant
    lease_until: Instant
    is_up: bool
    per_second: float  # calls that it began a second, lately
    trouble: str | None = None
    calls_max: int | None = None
    calls_per_second_max: float | None = None
    outcomes: Mapping[str, int] | None = None
    down_at: Instant | None = None
    down_why: str | None = None

    def stands(self, now: Instant) -> bool:
        """Whether it has not run out."""
        return stands(self.lease_until, now)
