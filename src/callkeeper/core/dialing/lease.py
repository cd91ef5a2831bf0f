"""How long a dispatcher answers for what it holds."""

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
