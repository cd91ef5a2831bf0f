"""Reassigning: what one agent promised, another one keeps; of a day, or all that waits."""

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Order, Reassign
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.access import Agent
from callkeeper.store.port.reservations import Choice, Listed, Sought
from callkeeper.store.port.store import Store

# How many change hands in one transaction: whoever writes meanwhile waits no longer than for these.
BATCH = 500
# How many that would change hands are shown and counted beforehand.
COUNTED_MAX = 10_000


class Reassigning:
    """The manual reservations of an agent that wait, within a stretch of time, and giving them."""

    def __init__(self, store: Store, sought: Sought, to_agent: str, now: Instant) -> None:
        """Raise ParameterWrong unless both agents are known, and two."""
        self._store = store
        self._sought = sought
        self._now = now
        self.giver = self._known(sought.agent or "", "from_agent")
        self.taker = self._known(to_agent, "agent")
        self._change = Reassign(self.taker.account, self.giver.account)
        if self.taker == self.giver:
            raise ParameterWrong("it is the same agent", about="agent")

    def first(self, limit: int) -> list[Listed]:
        """Return the first of those that would change hands, by time."""
        return self._waiting(self._sought, limit)

    def carry_out(self) -> int:
        """Give them, batch by batch, and return how many; a second time there are none left."""
        given = 0
        sought = self._sought
        while batch := self._waiting(sought, BATCH):
            orders = [
                Order(
                    each.reservation.vdn, each.reservation.id, self._change, "operator", self._now
                )
                for each in batch
            ]
            with self._store.transaction():
                outcomes = self._store.reservations.change(orders)
            # What was rung, moved or taken over meanwhile is refused, and is theirs no more.
            given += sum(isinstance(each, Reservation) for each in outcomes)
            sought = Sought(
                sought.vdn,
                batch[-1].reservation.appoint_at,
                sought.end_at,
                sought.agent,
                sought.campaign_id,
            )
        return given

    def _waiting(self, sought: Sought, limit: int) -> list[Listed]:
        return self._store.reservations.seek(sought, Choice(("waiting",), "manual"), limit)

    def _known(self, account: str, about: str) -> Agent:
        agent = self._store.agents.get(self._sought.vdn, account)
        if agent is None:
            raise ParameterWrong(
                "there is no agent {account!r} in VDN {vdn}; `callkeeper agent list` shows those "
                "that there are, `callkeeper agent name` adds one",
                about=about,
                account=account,
                vdn=self._sought.vdn,
            )
        return agent
