"""The reminder: which calls are announced to the agent who has to make them, and when.

A call is announced once for the time that it is promised for. What else is said of it, a note say,
is no reason to announce it again; another time is, and so is another agent.
"""

from collections.abc import Sequence

import msgspec

from callkeeper.core.instants import MINUTE_MS, Instant


class Coming(msgspec.Struct, frozen=True):
    """A call that an agent has to make, and when it is promised."""

    id: str
    agent: str
    promised_at: Instant

    @property
    def key(self) -> str:
        """What tells it, at its time, from every other of its VDN."""
        return f"{self.id}/{self.promised_at}"


def announced(
    coming: Sequence[Coming], agent: str, warning_minutes: int, now: Instant
) -> list[Coming]:
    """Return the calls of an agent whose warning has come; with 0 minutes none ever does."""
    if not warning_minutes:
        return []
    until = now + warning_minutes * MINUTE_MS
    return [each for each in coming if each.agent == agent and each.promised_at <= until]


def next_warning(
    coming: Sequence[Coming], agent: str, warning_minutes: int, now: Instant
) -> Instant | None:
    """Return when the next call of an agent is to be announced; None if that is not known yet."""
    if not warning_minutes:
        return None
    warnings = (
        each.promised_at - warning_minutes * MINUTE_MS for each in coming if each.agent == agent
    )
    return min((at for at in warnings if at > now), default=None)
