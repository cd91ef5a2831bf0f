"""Agents: what lists call them, which there are, and to whom calls may be given."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from callkeeper.clock import Clock
from callkeeper.core.refusal import ParameterWrong
from callkeeper.store.port.access import Agent, AgentName
from callkeeper.store.port.store import Store

_PAGE = 1_000
_CHOICES_MAX = 1_000


class AgentChoice(NamedTuple):
    """An agent to whom a call may be given, and what they, or others too, are called."""

    account: str
    name: str


def name_agent(store: Store, clock: Clock, vdn: int, account: str, user_name: str) -> None:
    """Say what to call an agent; a second time renames."""
    with store.transaction():
        store.agents.name([AgentName(vdn, account, user_name, clock.now())])


def agent_meant(store: Store, vdn: int, text: str, about: str) -> Agent:
    """Return the agent that a person means by the account or the name. Raise ParameterWrong.

    Somebody who was invited as one is an agent before the first reservation tells of them, and is
    meant by the account alone: what they call themselves, anybody may. A name that the VDN has
    given to several means none of them, and neither does one that is another's account: whoever
    reserved over the API for a name made an agent of it.
    """
    agent = store.agents.get(vdn, text)
    if agent is None and text in _people_of(store, vdn):
        agent = Agent(vdn, text, None, 0)
    others = (each for each in every_agent(store, vdn) if each.account != text)
    having = list(islice((each for each in others if each.user_name == text), 2))
    if agent is not None and having:
        raise ParameterWrong(
            "{name!r} is the account of one agent in VDN {vdn} and the name of another one, "
            "{account}; give {account} if that one is meant, or first call it something else "
            "with `callkeeper agent name`",
            about=about,
            name=text,
            vdn=vdn,
            account=having[0].account,
        )
    if agent is not None:
        return agent
    if len(having) == 1:
        return having[0]
    if having:
        raise ParameterWrong(
            "several agents in VDN {vdn} are called {name!r}; give the account, as "
            "`callkeeper agent list` shows it",
            about=about,
            name=text,
            vdn=vdn,
        )
    raise ParameterWrong(
        "there is no agent {account!r} in VDN {vdn}; `callkeeper agent list` shows those "
        "that there are, `callkeeper agent name` adds one",
        about=about,
        account=text,
        vdn=vdn,
    )


def agent_choices(store: Store, vdn: int) -> list[AgentChoice]:
    """Return the first agents of a VDN to whom calls may be given, by name.

    Somebody who was invited as one is an agent before the first reservation tells of them.
    """
    names = _people_of(store, vdn)
    for agent in islice(every_agent(store, vdn), _CHOICES_MAX):
        names[agent.account] = agent.user_name or names.get(agent.account) or agent.account
    choices = (AgentChoice(*each) for each in names.items())
    return sorted(choices, key=lambda each: (each.name, each.account))


def account_meant(store: Store, vdn: int, text: str) -> str:
    """Return the account that somebody typed, or of the one agent whom the VDN calls so.

    An account is meant before any name, and no name that people gave themselves is taken for one.
    Raise ParameterWrong.
    """
    if is_agent(store, vdn, text):
        return text
    named = (each.account for each in every_agent(store, vdn) if each.user_name == text)
    having = list(islice(named, 2))
    if len(having) == 1:
        return having[0]
    if having:
        raise ParameterWrong(
            "{name!r} is what {one} and {other} are called in VDN {vdn}; give the account",
            about="agent",
            name=text,
            one=having[0],
            other=having[1],
            vdn=vdn,
        )
    raise ParameterWrong(
        "there is no agent {account!r} in VDN {vdn}; choose one of the list",
        about="agent",
        account=text,
        vdn=vdn,
    )


def is_agent(store: Store, vdn: int, account: str) -> bool:
    """Whether a call may be given to an account, also where it is none of the first."""
    return store.agents.get(vdn, account) is not None or account in _people_of(store, vdn)


def _people_of(store: Store, vdn: int) -> dict[str, str]:
    """Return what people are called who are agents there, by account."""
    people = (each for each in store.people.all(vdn) if each.disabled_at is None)
    roles = ((each.role_in(vdn), each.name) for each in people)
    return {role.agent: name for role, name in roles if role is not None and role.agent is not None}


def all_agents(store: Store, vdn: int) -> list[Agent]:
    """Return the agents of a VDN, and those who were invited as one, by account."""
    found = {account: Agent(vdn, account, None, 0) for account in _people_of(store, vdn)}
    found |= {each.account: each for each in every_agent(store, vdn)}
    return sorted(found.values(), key=lambda each: each.account)


def every_agent(store: Store, vdn: int) -> Iterator[Agent]:
    """Yield the agents of a VDN of whom something has told, by account."""
    after = ""
    while page := store.agents.of(vdn, after, _PAGE):
        yield from page
        after = page[-1].account
