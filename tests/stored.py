"""An installation beside which commands are typed: campaigns, agents, and promises of any time."""

from itertools import count
from pathlib import Path
from typing import Any

from callkeeper.clock import SystemClock
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.changes import Change
from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.port.access import AgentName
from callkeeper.store.rows.store import SqlStore
from tests.at_terminal import at_terminal
from tests.store.orders import booked, booking, carry_out, has_campaign, order
from tests.test_cli import Ended, run

VDN = 25
SPRING = 7
DAY = 24 * 3_600_000
HOUR = 3_600_000
MINUTE = 60_000


class Stored:
    """The installation, as it is filled and asked; ``now`` is when it was begun."""

    def __init__(self, data_dir: Path, **more: str) -> None:
        self.now = SystemClock().now()
        self.data_dir = data_dir
        session = open_session(Settings(data_dir=data_dir))
        self.store = SqlStore(session)
        self.store.migrate()
        self._session = session
        self._more = {"CALLKEEPER_DATA_DIR": str(data_dir), **more}
        self._numbers = count(1)
        self.has_campaign(SPRING, name="春季回访")
        self.name("ann", "Ann Li")

    def has_campaign(self, id_: int, **fields: Any) -> None:
        """Put a campaign in, which began long ago."""
        given = {"begin_at": self.now - 30 * DAY, "device_type": 3, **fields}
        has_campaign(self._session, VDN, id_, now=self.now, **given)

    def name(self, account: str, user_name: str) -> None:
        """Say what to call an agent."""
        with self.store.transaction():
            self.store.agents.name([AgentName(VDN, account, user_name, self.now)])

    def promise(self, in_ms: int, **fields: Any) -> str:
        """Book a call for so long from now, a day before that, and return its id."""
        number = next(self._numbers)
        made_at = self.now + min(0, in_ms) - DAY
        wish: dict[str, Any] = {"vdn": VDN, "appoint_at": self.now + in_ms, "agent": "ann"} | fields
        id_ = id_for(made_at, request_digest(str(number)))
        (made,) = booked(self.store, booking(number, at=made_at, id=id_, **wish))
        return made.id

    def change(self, id_: str, change: Change) -> None:
        """Change a reservation."""
        carry_out(self.store, order(id_, change, vdn=VDN, at=self.now))

    def agent_of(self, id_: str) -> str | None:
        """Return whose a reservation is."""
        (found,) = self.store.reservations.with_id(id_)
        return found.agent

    def ask(self, *arguments: str, vdn: int | None = VDN, **more: str) -> Ended:
        """Type a command."""
        of_vdn = [] if vdn is None else ["--vdn", str(vdn)]
        return run(*arguments, *of_vdn, **{**self._more, **more})

    def at_terminal(self, *arguments: str, columns: int = 80, **more: Any) -> str:
        """Type a command at a terminal, and return what is seen there."""
        of_vdn = {"CALLKEEPER_VDN": str(VDN)}
        return at_terminal(columns, *arguments, **{**self._more, **of_vdn, **more})
