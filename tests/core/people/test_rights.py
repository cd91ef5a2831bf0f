"""Who may do what: the whole table of role and act."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.rights import Act, may

ACTS: tuple[Act, ...] = get_args(Act)

# What each may in VDN 25: of their own (1001), of another agent's, where it is about no agent; and
# for the whole installation.
MAY = {
    #                   agent   supervisor administrator operator
    "see_reservation": ("o---", "oax-", "oax-", "oaxi"),
    "change_reservation": ("o---", "oax-", "oax-", "oaxi"),
    "book": ("o---", "oax-", "oax-", "oaxi"),
    "call": ("o---", "oax-", "oax-", "oaxi"),
    "show_numbers": ("o---", "oax-", "oax-", "----"),
    "see_board": ("----", "oax-", "oax-", "oaxi"),
    "see_reports": ("----", "oax-", "oax-", "oaxi"),
    "export": ("----", "oax-", "oax-", "oaxi"),
    "reassign": ("----", "oax-", "oax-", "oaxi"),
    "say_seen": ("----", "oax-", "oax-", "oaxi"),
    "pause_campaigns": ("----", "oax-", "oax-", "oaxi"),
    "define_campaigns": ("----", "----", "oax-", "oaxi"),
    "define_results": ("----", "----", "oax-", "oaxi"),
    "keep_people": ("----", "----", "oax-", "oaxi"),
    "keep_keys": ("----", "----", "oax-", "oaxi"),
    "keep_rules": ("----", "----", "oax-", "oaxi"),
    "read_deeds": ("----", "----", "oax-", "oaxi"),
    "see_lines": ("----", "----", "----", "oaxi"),
    "see_health": ("----", "----", "----", "oaxi"),
    "keep_sign_on": ("----", "----", "----", "oaxi"),
}
ROLES = (
    Role("agent", 25, "1001"),
    Role("supervisor", 25),
    Role("administrator", 25, "1009"),
    Role("operator", None),
)
PLACES = {"o": (25, "1001"), "a": (25, "1002"), "x": (25, None), "i": (None, None)}


def person(*roles: Role) -> Person:
    return Person("ann", 1, "Ann", None, None, 0, None, has_password=True, roles=roles)


def allowed(who: Person, act: Act) -> str:
    return "".join(mark if may(who, act, *PLACES[mark]) else "-" for mark in PLACES)


def test_the_table_has_every_act() -> None:
    assert tuple(MAY) == ACTS


@pytest.mark.parametrize("act", ACTS)
def test_each_role_may_what_the_table_says(act: Act) -> None:
    assert tuple(allowed(person(role), act) for role in ROLES) == MAY[act]


@given(act=some.sampled_from(ACTS), agent=some.none() | some.sampled_from(["1001", "1002"]))
def test_nobody_may_anything_in_another_vdn_but_an_operator(act: Act, agent: str | None) -> None:
    for role in ROLES[:3]:
        assert not may(person(role), act, 26, agent)
        assert not may(person(role), act, None, agent)
    assert may(person(ROLES[3]), act, 26, agent) is (act != "show_numbers")


@given(
    roles=some.sets(some.sampled_from([*ROLES, Role("agent", 26, "x"), Role("supervisor", 27)])),
    act=some.sampled_from(ACTS),
    vdn=some.sampled_from([None, 25, 26, 27, 28]),
    agent=some.sampled_from([None, "1001", "x"]),
)
def test_more_roles_take_nothing_away_and_a_disabled_person_may_nothing(
    roles: set[Role], act: Act, vdn: int | None, agent: str | None
) -> None:
    by_vdn = {each.vdn: each for each in sorted(roles, key=repr)}  # one in each
    given_roles = tuple(by_vdn.values())
    alone = any(may(person(each), act, vdn, agent) for each in given_roles)
    assert may(person(*given_roles), act, vdn, agent) is alone
    disabled = msgspec.structs.replace(person(*given_roles), disabled_at=1)
    assert not may(disabled, act, vdn, agent)


def test_an_operator_sees_numbers_where_a_role_in_that_vdn_says_so() -> None:
    both = person(Role("operator", None), Role("agent", 25, "1001"))
    assert may(both, "show_numbers", 25, "1001")
    assert not may(both, "show_numbers", 25, "1002")
    assert not may(both, "show_numbers", 26)
    assert may(both, "see_reservation", 25, "1002")


@pytest.mark.parametrize("act", ACTS)
def test_agents_see_the_reservations_of_others_where_the_rules_say_so_and_do_no_more(
    act: Act,
) -> None:
    agent, rules = person(ROLES[0]), HouseRules(agents_see="vdn")
    sees = act == "see_reservation"
    assert may(agent, act, 25, "1002", rules=rules) is sees
    assert may(agent, act, 25, None, rules=rules) is sees
    assert not may(agent, act, 26, "1002", rules=rules)
