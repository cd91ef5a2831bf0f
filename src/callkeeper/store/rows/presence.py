"""Who is there: rows ↔ values."""

from collections.abc import Sequence

from callkeeper.core.instants import Instant
from callkeeper.core.people.presence import Renewal, Sighting, latest
from callkeeper.store.engine.session import Session
from callkeeper.store.port.people import AgentThere
from callkeeper.store.rows.people import INSTALLATION, sighting


class PresenceRows:
    """The verbs about who is there."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def renew(self, renewals: Sequence[Renewal]) -> list[None]:
        """Say who is there: one statement for all of a renewal."""
        for each in renewals:
            there = [{"vdn": vdn or INSTALLATION, "login": login} for login, vdn in each.there]
            if there:
                self._session.each("renew_presence", there, lease_until=each.lease_until)
        return [None] * len(renewals)

    def agents_there(self, vdn: int, now: Instant) -> list[AgentThere]:
        """Return which agents of a VDN have a page open now."""
        rows = self._session.rows("agents_there", vdn=vdn, now=now, latest=latest(now))
        return [AgentThere(account, bool(is_away)) for account, is_away in rows]

    def agents_seen(self, vdn: int) -> dict[str, list[Sighting]]:
        """Return when those were there who are agents of a VDN."""
        seen: dict[str, list[Sighting]] = {}
        for account, *row in self._session.rows("agents_seen", vdn=vdn):
            seen.setdefault(account, []).append(sighting(row))
        return seen
