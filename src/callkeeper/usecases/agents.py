"""Agents: what lists call them."""

from callkeeper.clock import Clock
from callkeeper.store.port.access import AgentName
from callkeeper.store.port.store import Store


def name_agent(store: Store, clock: Clock, vdn: int, account: str, user_name: str) -> None:
    """Say what to call an agent; a second time renames."""
    with store.transaction():
        store.agents.name([AgentName(vdn, account, user_name, clock.now())])
