"""Slots that are guarded: what is asked of one again in the transaction that puts a call into it.

Whoever puts a call into an agent's slot holds that agent until it is written, and where the VDN
bounds the calls of a campaign, all that the VDN defines: so of two at once the second one sees what
the first has written. SQLite has one writer, and needs no lock.
"""

from collections.abc import Sequence

from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Booking, Reservation
from callkeeper.core.reservations.slot import Guard
from callkeeper.store.rows.agents import AgentRows
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.outstanding import OutstandingRows
from callkeeper.store.zones import zone_of


class SlotRows:
    """What reservations ask of slots."""

    def __init__(
        self, outstanding: OutstandingRows, campaigns: CampaignRows, agents: AgentRows
    ) -> None:
        self._outstanding = outstanding
        self._campaigns = campaigns
        self._agents = agents

    def lock(self, causes: Sequence[Booking | Order]) -> None:
        """Lock what the guards of some writes need; before anything else is locked or read."""
        guarded = [(each, guard) for each in causes for guard in each.guards]
        if not guarded:
            return
        self._campaigns.lock(each.vdn for each, guard in guarded if guard.calls_max is not None)
        self._agents.lock(
            ((each.vdn, guard.agent) for each, guard in guarded if guard.agent is not None),
            guarded[0][0].at,
        )

    def check(self, guard: Guard, new: Reservation, after_id: str | None = None) -> None:
        """Refuse a reservation whose slot is taken. What came before it is written.

        The call that it comes after is just being closed, and is in no way of it.
        """
        campaign = self._campaigns.get(new.vdn, new.campaign_id)
        slot = (guard.slot.begin_at, guard.slot.end_at)
        calls = self._outstanding.calls(new.vdn, slot, new.campaign_id, but=after_id or new.id)
        zone = None if campaign is None else zone_of(campaign, guard.zone)
        guard.check(new.appoint_at, campaign, zone, calls)
