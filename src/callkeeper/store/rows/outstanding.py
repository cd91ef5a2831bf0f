"""What is outstanding: rows → values. Triggers write them."""

import msgspec

from callkeeper.core.dialing.desk_call import ASKED_MS
from callkeeper.core.instants import MINUTE_MS, Instant
from callkeeper.core.reservations.reminder import Coming
from callkeeper.core.reservations.reservation import State
from callkeeper.core.reservations.slot import Calls
from callkeeper.store.engine.session import Row, Session
from callkeeper.store.port.outstanding import Alike, Pulse
from callkeeper.store.port.reservations import Listed, Sought
from callkeeper.store.rows.listing import listed


class OutstandingRows:
    """The verbs about what is outstanding."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, sought: Sought, late_before: Instant, broken_before: Instant) -> list[Alike]:
        """Count those of which the same is told."""
        rows = self._session.rows(
            "count_outstanding",
            late_before=late_before,
            broken_before=broken_before,
            **msgspec.structs.asdict(sought),
        )
        return [Alike(*row) for row in rows]

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
        """Return the first in some states, by when they are late, then id."""
        rows = self._session.rows(
            "seek_outstanding",
            states=list(states),
            tried=is_tried or None,
            untried=None if is_tried is None else not is_tried or None,
            unknown=is_unknown or None,
            known=None if is_unknown is None else not is_unknown or None,
            limit=limit,
            offset=offset,
            **msgspec.structs.asdict(sought),
        )
        return [listed(row) for row in rows]

    def calls(
        self,
        vdn: int,
        within: tuple[Instant, Instant],
        campaign_id: int,
        *,
        but: str | None = None,
    ) -> list[Calls]:
        """Count what waits or is being called by minute, from one instant to before another."""
        begin_at, end_at = within
        rows = self._session.rows(
            "calls_by_minute",
            vdn=vdn,
            begin_at=begin_at,
            end_at=end_at,
            campaign_id=campaign_id,
            but=but,
        )
        return [
            Calls(int(minute) * MINUTE_MS, agent, bool(is_of_campaign), int(count))
            for minute, agent, is_of_campaign, count in rows
        ]

    def pulse(self, vdn: int, now: Instant, ahead: tuple[Instant, Instant], grace_ms: int) -> Pulse:
        """Return the pulse of a VDN; what is promised for later than the last instant is left out.

        Each statement has an instant of its own: what falls between two moves the next pulse.
        """
        due_by, until = ahead
        agents = self._session.rows(
            "pulse_of_agents",
            vdn=vdn,
            due_by=due_by,
            until=until,
            late_before=now,
            broken_before=now - grace_ms,
        )
        calls = self._session.rows("pulse_of_calls", vdn=vdn, asked_before=now - ASKED_MS)
        campaigns = self._session.rows("pulse_of_campaigns", vdn=vdn, until=until, now=now)
        return Pulse(
            {row[0]: _numbers(row[1:]) for row in agents},
            {row[0]: _numbers(row[1:]) for row in calls},
            _numbers(campaigns[0]),
        )

    def coming(self, vdn: int, within: tuple[Instant, Instant]) -> list[Coming]:
        """Return what waits for agents to ring, by time, then id."""
        begin_at, end_at = within
        rows = self._session.rows("coming", vdn=vdn, begin_at=begin_at, end_at=end_at)
        return [Coming(*row) for row in rows]

    def miskept(self, vdn: int, begin_at: Instant, end_at: Instant, limit: int) -> list[str]:
        """Return the first ids of which the table is wrong."""
        rows = self._session.rows(
            "miskept_outstanding", vdn=vdn, begin_at=begin_at, end_at=end_at, limit=limit
        )
        return [str(row[0]) for row in rows]


def _numbers(row: Row) -> tuple[int, ...]:
    return tuple(int(each or 0) for each in row)
