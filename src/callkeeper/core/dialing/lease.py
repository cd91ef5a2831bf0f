"""How long a dispatcher answers for what it holds."""

import msgspec

from callkeeper.core.dialing.watch import JUMP_MS

# After so long a silence others take over.
LEASE_MS = 15_000


def latest(now: int) -> int:
    """Return the last instant that a lease given now, or a claim made now, can bear.

    What lies further ahead was written by a clock that was wrong, and binds nobody.
    """
    return now + LEASE_MS + JUMP_MS


def stands(lease_until: int, now: int) -> bool:
    """Whether a lease has not run out."""
    return now < lease_until <= latest(now)


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
