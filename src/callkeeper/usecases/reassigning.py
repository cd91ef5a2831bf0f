"""Reassigning: what one agent promised, another one keeps; of a day, or all that waits."""

import msgspec

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.changes import Order, Reassign
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Choice, Listed, Sought
from callkeeper.store.port.store import Store
from callkeeper.usecases.agents import agent_meant
from callkeeper.usecases.promises import FIRST

# How many change hands in one transaction: whoever writes meanwhile waits no longer than for these.
BATCH = 500
# How many that would change hands are shown and counted beforehand.
COUNTED_MAX = 10_000


class Reassigning:
    """The manual reservations of an agent that wait, within a stretch of time, and giving them."""

    def __init__(self, store: Store, sought: Sought, to_agent: str, now: Instant) -> None:
        """Raise ParameterWrong unless both agents are known, and two."""
        self._store = store
        self._outstanding = store.outstanding
        self._now = now
        self.giver = agent_meant(store, sought.vdn, sought.agent or "", "from_agent")
        self.taker = agent_meant(store, sought.vdn, to_agent, "agent")
        self._sought = msgspec.structs.replace(sought, agent=self.giver.account)
        self._change = Reassign(self.taker.account, self.giver.account)
        self._change.check(None, DefinedResults(), now)

    def first(self, limit: int) -> list[Listed]:
        """Return the first of those that would change hands, by time."""
        return self._waiting(self._sought, limit, set())

    def automatic(self) -> int:
        """Return how many automatic ones of the first agent wait, which the system dials itself."""
        return len(
            self._store.reservations.seek(
                self._sought, Choice(("waiting",), "automatic"), COUNTED_MAX
            )
        )

    def overdue_before(self) -> int:
        """Return how many are overdue that were promised before, and stay the first agent's."""
        before = min(self._sought.begin_at, self._now) - 1
        sought = msgspec.structs.replace(self._sought, begin_at=FIRST, end_at=before)
        return sum(
            each.count
            for each in self._outstanding.count(sought, self._now, self._now)
            if (each.kind, each.state, each.is_tried) == ("manual", "waiting", False)
        )

    def carry_out(self) -> int:
        """Give them, batch by batch, and return how many; a second time there are none left."""
        given = 0
        sought = self._sought
        refused: set[str] = set()
        while batch := self._waiting(sought, BATCH, refused):
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
            refused |= {
                order.id
                for order, each in zip(orders, outcomes, strict=True)
                if not isinstance(each, Reservation)
            }
            sought = Sought(
                sought.vdn,
                batch[-1].reservation.appoint_at,
                sought.end_at,
                sought.agent,
                sought.campaign_id,
            )
        return given

    def _waiting(self, sought: Sought, limit: int, refused: set[str]) -> list[Listed]:
        found = self._store.reservations.seek(sought, Choice(("waiting",), "manual"), limit)
        return [each for each in found if each.reservation.id not in refused]
