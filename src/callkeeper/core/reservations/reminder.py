"""The reminder: which calls are announced to the agent who has to make them, and when.

A call is announced once for the time that it is promised for. What else is said of it, a note say,
is no reason to announce it again; another time is, and so is another agent.
"""

from collections.abc import Iterable, Mapping, Sequence

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


def by_agent(coming: Iterable[Coming]) -> Mapping[str, Sequence[Coming]]:
    """Return the same, in its order, for each who has to make any."""
    calls: dict[str, list[Coming]] = {}
    for each in coming:
        calls.setdefault(each.agent, []).append(each)
    return calls


def announced(coming: Sequence[Coming], warning_minutes: int, now: Instant) -> list[Coming]:
    """Return what of an agent's calls has its warning by now; with 0 minutes none ever has."""
    if not warning_minutes:
        return []
    until = now + warning_minutes * MINUTE_MS
    return [each for each in coming if each.promised_at <= until]


def next_warning(coming: Sequence[Coming], warning_minutes: int, now: Instant) -> Instant | None:
    """Return when the next of an agent's calls is to be announced; None where none is known."""
    if not warning_minutes:
        return None
    warnings = (each.promised_at - warning_minutes * MINUTE_MS for each in coming)
    return min((at for at in warnings if at > now), default=None)
