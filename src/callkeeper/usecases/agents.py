"""Agents: what lists call them, and which there are."""

from collections.abc import Iterator

from callkeeper.clock import Clock
from callkeeper.store.port.access import Agent, AgentName
from callkeeper.store.port.store import Store

_PAGE = 1_000


def name_agent(store: Store, clock: Clock, vdn: int, account: str, user_name: str) -> None:
    """Say what to call an agent; a second time renames."""
    with store.transaction():
        store.agents.name([AgentName(vdn, account, user_name, clock.now())])


def every_agent(store: Store, vdn: int) -> Iterator[Agent]:
    """Yield the agents of a VDN, by account."""
    after = ""
    while page := store.agents.of(vdn, after, _PAGE):
        yield from page
        after = page[-1].account
