"""Agents: rows ↔ values."""

from collections.abc import Iterable, Sequence

from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session
from callkeeper.store.port.access import Agent, AgentName


class AgentRows:
    """The verbs about agents, and what reservations note of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def name(self, names: Sequence[AgentName]) -> list[AgentName | Refusal]:
        """Name agents; an agent not seen before comes into being."""
        for each in names:
            self._session.rows(
                "name_agent",
                vdn=each.vdn,
                account=each.account,
                user_name=each.user_name,
                made_at=each.made_at,
            )
        return list(names)

    def get(self, vdn: int, account: str) -> Agent | None:
        """Return an agent."""
        rows = self._session.rows("agent", vdn=vdn, account=account)
        return Agent(*rows[0]) if rows else None

    def of(self, vdn: int, after: str, limit: int) -> list[Agent]:
        """Return the first agents of a VDN whose accounts come after a text, by account."""
        rows = self._session.rows("agents", vdn=vdn, after=after, limit=limit)
        return [Agent(*row) for row in rows]

    def note(self, agents: Iterable[tuple[int, str]], now: Instant) -> None:
        """Note agents, by VDN and account, of whom a reservation tells."""
        items = [{"vdn": vdn, "account": account, "made_at": now} for vdn, account in agents]
        if items:
            self._session.each("note_agents", items)

    def lock(self, agents: Iterable[tuple[int, str]], now: Instant) -> None:
        """Lock agents, by VDN and account, until the transaction ends; one that is new is noted."""
        wanted = sorted(set(agents))
        self.note(wanted, now)
        if wanted:
            items = [{"vdn": vdn, "account": account} for vdn, account in wanted]
            self._session.each("lock_agents", items)
