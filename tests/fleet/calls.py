"""Automatic calls that fall due while the fleet is in trouble, booked through the balancer."""

from itertools import count
from typing import NamedTuple

from callkeeper.client import Client
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.usecases.keys import issue
from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS_BRIEFLY
from tests.fleet.fleet import Fleet
from tests.store.orders import HOUR, has_campaign
from tests.waiting import until

VDN = 26
UNKNOWN = "34608"
_SECOND = 1_000


class Tally(NamedTuple):
    """What came of the calls."""

    calls: int
    lost: list[str]  # neither rung, nor with the result that says so
    unknown: list[str]  # not rung, and nobody can tell so; never tried again
    rung_twice: list[str]


class Calls:
    """What was promised to customers of another VDN than the crew's."""

    def __init__(self, fleet: Fleet, settings: Settings, far_end: FarEnd) -> None:
        self._store = fleet.store
        self._far_end = far_end
        self._clock = fleet.clock
        session = open_session(settings)
        now = self._clock.now()
        has_campaign(session, VDN, 1, begin_at=now, end_at=now + 1000 * HOUR)
        session.close()
        key = issue(fleet.store, open_seal(settings), fleet.clock, VDN)
        self._client = Client(f"http://127.0.0.1:{fleet.port}", key.ak, key.secret, VDN)
        self._numbers = count(1)
        self._ids: dict[str, str] = {}  # by the number that was to be called

    def reserve(self, calls: int) -> None:
        """Book some that are due at once; the client sends again what was lost."""
        for _ in range(calls):
            number = f"137{next(self._numbers):06d}{ANSWERS_BRIEFLY}"
            at = self._clock.now() + 60 * _SECOND
            self._ids[number] = self._client.reserve(
                number, at=at, campaign=1, agent="ann", automatic=True
            )

    def unsettled(self) -> set[str]:
        """Return the ids of those that have not come to their end."""
        return {id_ for id_ in self._ids.values() if self._state(id_) != "done"}

    def settle(self) -> None:
        """Wait until each of them has come to its end."""
        until(lambda: not self.unsettled(), 90)

    def count(self) -> Tally:
        """Return what came of them, by the books of the far end of the trunk."""
        rung = self._far_end.rung()
        missed = {id_: number for number, id_ in self._ids.items() if not rung[number]}
        unknown = [id_ for id_ in missed if self._reservation(id_).fail_code == UNKNOWN]
        return Tally(
            calls=len(self._ids),
            lost=sorted(missed.keys() - set(unknown)),
            unknown=unknown,
            rung_twice=[id_ for number, id_ in self._ids.items() if rung[number] > 1],
        )

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _state(self, reservation_id: str) -> str:
        return self._reservation(reservation_id).state

    def _reservation(self, reservation_id: str) -> Reservation:
        (reservation,) = self._store.reservations.with_id(reservation_id)
        return reservation
