"""Who may do what: a function of the person, the act, the VDN and the agent that it is about."""

from typing import Literal, TypeAlias

from callkeeper.core.people.changes import (
    EndSessions,
    GiveRole,
    PersonOrder,
    Reset,
    TakeRole,
)
from callkeeper.core.people.house_rules import HouseRules, Numbers
from callkeeper.core.people.person import Person, RoleKind
from callkeeper.core.refusal import NoRight

Act: TypeAlias = Literal[
    # of an agent's own reservations
    "see_reservation",
    "change_reservation",
    "book",
    "call",
    "show_numbers",
    # of a whole VDN
    "see_board",
    "see_reports",
    "export",
    "reassign",
    "overbook",
    "say_seen",
    "pause_campaigns",
    "define_campaigns",
    "define_results",
    "keep_people",
    "keep_keys",
    "keep_rules",
    "read_deeds",
    # of the installation
    "see_lines",
    "see_health",
    "keep_sign_on",
]

DEFAULTS = HouseRules()

RANKS: tuple[RoleKind, ...] = ("agent", "supervisor", "administrator", "operator")

# The least role that may do it; each may what those before it may.
LEAST: dict[Act, RoleKind] = {
    "see_reservation": "agent",
    "change_reservation": "agent",
    "book": "agent",
    "call": "agent",
    "show_numbers": "agent",
    "see_board": "supervisor",
    "see_reports": "supervisor",
    "export": "supervisor",
    "reassign": "supervisor",
    "overbook": "supervisor",
    "say_seen": "supervisor",
    "pause_campaigns": "supervisor",
    "define_campaigns": "administrator",
    "define_results": "administrator",
    "keep_people": "administrator",
    "keep_keys": "administrator",
    "keep_rules": "administrator",
    "read_deeds": "administrator",
    "see_lines": "operator",
    "see_health": "operator",
    "keep_sign_on": "operator",
}


def may(
    person: Person,
    act: Act,
    vdn: int | None = None,
    agent: str | None = None,
    *,
    rules: HouseRules = DEFAULTS,
) -> bool:
    """Whether a person may do it: in a VDN, or for the whole installation (None).

    ``agent`` is whose reservation it is about. An agent may act on what is their own only, and sees
    the others' where the VDN's ``rules`` say so. An operator may what an administrator of each VDN
    may, but sees numbers only where a role in that VDN says so.
    """
    if person.disabled_at is not None:
        return False
    is_operator = person.role_in(None) is not None
    role = None if vdn is None else person.role_in(vdn)
    if role is None:
        return is_operator and act != "show_numbers"
    if is_operator and act != "show_numbers":
        return True
    if RANKS.index(role.kind) < RANKS.index(LEAST[act]):
        return False
    if role.kind != "agent" or (agent is not None and agent == role.agent):
        return True
    return act == "see_reservation" and rules.agents_see == "vdn"


def numbers_shown(person: Person, vdn: int, agent: str | None, rules: HouseRules) -> Numbers:
    """Return how the number of an agent's reservation is shown to a person, by the VDN's rules."""
    return rules.numbers if may(person, "show_numbers", vdn, agent) else "never"


def check_may(person: Person, act: Act, vdn: int | None = None, agent: str | None = None) -> None:
    """Refuse what a person may not do."""
    if not may(person, act, vdn, agent):
        raise NoRight


def carried_out(order: PersonOrder, old: Person) -> Person:
    """Return a person after an order, or as they are where it changes nothing.

    Raise NoRight where whoever gives it may not, or ParameterWrong.
    """
    keeper = order.keeper
    if keeper is None:
        return order.change.apply(old, order.at)
    check_may(keeper, "keep_people", order.vdn)
    if not _is_in_reach(keeper, order, old):
        raise NoRight(
            "{login} has to do with more than your VDN, so only an operator may do this",
            login=old.login,
        )
    new = order.change.apply(old, order.at)
    if old.login == keeper.login:
        _check_stays_in(order, new)
    return new


def keeps_wholly(keeper: Person, person: Person) -> bool:
    """Whether somebody may reset, disable and enable a person, and end their sessions.

    All of the person's roles are where they keep people: so nobody has an operator's password
    reset, or shuts out who works for another VDN as well. Who has no role is an operator's.
    """
    if may(keeper, "keep_people"):
        return True
    return bool(person.roles) and all(
        each.vdn is not None and may(keeper, "keep_people", each.vdn) for each in person.roles
    )


def _is_in_reach(keeper: Person, order: PersonOrder, old: Person) -> bool:
    """Whether a person, and what is done to them, is for whoever keeps a VDN's people."""
    change, is_operator = order.change, may(keeper, "keep_people")
    if isinstance(change, GiveRole | TakeRole):
        there = change.role.vdn if isinstance(change, GiveRole) else change.vdn
        # Of others than their own nobody takes people in: those would be out of reach for whoever
        # keeps them.
        is_theirs = any(may(keeper, "keep_people", each.vdn) for each in old.roles)
        return is_operator or (there is not None and there == order.vdn and is_theirs)
    return keeps_wholly(keeper, old)


def _check_stays_in(order: PersonOrder, new: Person) -> None:
    """Refuse somebody who would shut themselves out."""
    if isinstance(order.change, EndSessions):
        return
    if isinstance(order.change, Reset) or not may(new, "keep_people", order.vdn):
        raise NoRight("you would shut yourself out; somebody else who may has to do this")
