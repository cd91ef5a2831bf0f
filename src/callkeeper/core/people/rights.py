"""Who may do what: a function of the person, the act, the VDN and the agent that it is about."""

from typing import Literal, TypeAlias

from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person, RoleKind

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

_RANKS: tuple[RoleKind, ...] = ("agent", "supervisor", "administrator", "operator")

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
    if _RANKS.index(role.kind) < _RANKS.index(LEAST[act]):
        return False
    if role.kind != "agent" or (agent is not None and agent == role.agent):
        return True
    return act == "see_reservation" and rules.agents_see == "vdn"
