"""The store over named statements: every family of the port, on either engine.

The life of a row: a reservation is read and locked, the core says what becomes of it, and the
whole batch is written back together with one event for each change. The database holds what must
hold even when the core is wrong: keys, uniqueness, the set of states.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from callkeeper.store.engine.session import Session
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.progress import Tell, tell_nobody
from callkeeper.store.rows.agents import AgentRows
from callkeeper.store.rows.attempts import AttemptRows
from callkeeper.store.rows.backlog import Backlog
from callkeeper.store.rows.business_results import BusinessResultRows
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.deeds import DeedRows
from callkeeper.store.rows.desk_calls import DeskCallRows
from callkeeper.store.rows.due import DueRows
from callkeeper.store.rows.feeds import FeedRows
from callkeeper.store.rows.guesses import GuessRows
from callkeeper.store.rows.history import HistoryRows
from callkeeper.store.rows.keys import KeyRows
from callkeeper.store.rows.leases import LeaseRows
from callkeeper.store.rows.outstanding import OutstandingRows
from callkeeper.store.rows.people import PersonRows
from callkeeper.store.rows.presence import PresenceRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.rows.rules import RulesRows
from callkeeper.store.rows.sessions import SessionRows
from callkeeper.store.rows.slots import SlotRows
from callkeeper.store.rows.transfers import TransferRows


class SqlStore:
    """The port, fulfilled: siblings over one session, each given the others that it needs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        backlog = Backlog(session)
        self.history = history = HistoryRows(session)
        self.deeds = deeds = DeedRows(session)
        self.campaigns = campaigns = CampaignRows(session, history, deeds)
        self.business_results = BusinessResultRows(session, history, campaigns, deeds)
        self.agents = agents = AgentRows(session)
        self.outstanding = outstanding = OutstandingRows(session)
        slots = SlotRows(outstanding, campaigns, agents)
        self.reservations = reservations = ReservationRows(
            session, history, campaigns, self.business_results, agents, slots
        )
        self.due = DueRows(session, history, reservations, backlog)
        self.attempts = AttemptRows(session, history, reservations, campaigns, backlog)
        self.desk_calls = DeskCallRows(session, history, reservations, backlog)
        self.leases = LeaseRows(session)
        self.people = people = PersonRows(session, deeds)
        self.keys = KeyRows(session, people, deeds)
        self.rules = rules = RulesRows(session, campaigns, deeds)
        self.sessions = SessionRows(session, people, rules)
        self.presence = PresenceRows(session)
        self.feeds = FeedRows(session, people, deeds)
        self.guesses = GuessRows(session)
        self.transfers = TransferRows(session)

    @property
    def file(self) -> Inode | None:
        """Which file the database is."""
        return self._session.file

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction on the calling thread."""
        return self._session.transaction()

    def migrate(self, tell: Tell = tell_nobody) -> list[str]:
        """Bring the schema up to date."""
        return self._session.migrate(tell=tell)

    def spread(self) -> list[str]:
        """Spread tables that are not yet over several machines, and return which."""
        return self._session.spread()

    def schema_version(self) -> int:
        """Return the number of the last migration."""
        return int(self._session.rows("schema_version")[0][0])

    def write_probes(self, probes: Sequence[None]) -> list[None]:
        """Change a row of no meaning, once for all of them."""
        self._session.rows("write_probe")
        return list(probes)

    def database_now(self) -> int:
        """Return the database's own instant, in UTC milliseconds."""
        return int(self._session.rows("database_now")[0][0])

    def own_time(self) -> int | None:
        """Return the instant by the database's own clock; None where it has the machine's."""
        ((instant,),) = self._session.rows("own_time")
        return None if instant is None else int(instant)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()
