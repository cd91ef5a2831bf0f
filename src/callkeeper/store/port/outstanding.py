"""What is asked of the store about what is outstanding, and what it answers.

Outstanding is what waits or is being called; and, until a person files a result or says that it was
seen, what expired, and what ended with no word of its call or a call that was refused. A range is
of the instants from which on it is late. Nothing else is read, however much is stored.
"""

from typing import Protocol

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.reservations.promise import Promise
from callkeeper.core.reservations.reminder import Coming
from callkeeper.core.reservations.reservation import Kind, State
from callkeeper.core.reservations.slot import Calls
from callkeeper.store.port.reservations import Listed, Sought


class Alike(msgspec.Struct, frozen=True):
    """So many of which the same is told: the first of them, and how many there are."""

    campaign_id: int
    campaign_name: str | None
    agent: str | None
    agent_name: str | None
    kind: Kind
    state: State
    is_tried: bool
    outcome: str | None
    promised_at: Instant
    count: int

    @property
    def promise(self) -> Promise:
        """What tells how they are kept."""
        return Promise(
            state=self.state,
            appoint_at=self.promised_at,
            due_at=None,
            tries=int(self.is_tried),
            begin_at=None,
            outcome=self.outcome,
            business_result=None,
            fail_code=None,
            changed_at=self.promised_at,
        )


class Pulse(msgspec.Struct, frozen=True):
    """Numbers that move whenever what is outstanding does; they are compared, and tell no more.

    Of what is promised and of the calls that go on, each by agent's account, "" for nobody's; and
    of campaigns.
    """

    agents: dict[str, tuple[int, ...]]
    calls: dict[str, tuple[int, ...]]
    campaigns: tuple[int, ...]


class Outstanding(Protocol):
    """The verbs about what is outstanding."""

    def count(self, sought: Sought, late_before: Instant, broken_before: Instant) -> list[Alike]:
        """Count those of which the same is told, apart also by which of both they are before."""

    def seek(
        self,
        sought: Sought,
        states: tuple[State, ...],
        limit: int,
        *,
        is_tried: bool | None = None,
        is_unknown: bool | None = None,
        offset: int = 0,
    ) -> list[Listed]:
        """Return the first in some states after so many, by when they are late, then id.

        Of those that wait only such as were tried, or not; of those that are done, such of which
        nobody knows whether they were called, or others.
        """

    def calls(
        self,
        vdn: int,
        within: tuple[Instant, Instant],
        campaign_id: int,
        *,
        but: str | None = None,
    ) -> list[Calls]:
        """Count what waits or is being called by minute, from one instant to before another.

        Apart by agent, of what agents ring; and by whether it is of a campaign. ``but``: a
        reservation that is not counted.
        """

    def pulse(self, vdn: int, now: Instant, ahead: tuple[Instant, Instant], grace_ms: int) -> Pulse:
        """Return the pulse of a VDN; what is promised for later than the last instant is left out.

        Of ``ahead`` the first is until when a promise is due. A verdict does not move it. All that
        is outstanding until then is read, and nothing else.
        """

    def coming(self, vdn: int, within: tuple[Instant, Instant]) -> list[Coming]:
        """Return what waits for agents to ring, from one instant to another, by time, then id."""

    def miskept(self, vdn: int, begin_at: Instant, end_at: Instant, limit: int) -> list[str]:
        """Return the first ids that are kept as outstanding and are not, or are and are not kept.

        It reads all reservations of the range. None is the good answer.
        """
