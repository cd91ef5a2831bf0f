"""Who may do what: the whole table of role and act."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from callkeeper.core.people.changes import (
    Describe,
    Disable,
    Enable,
    EndSessions,
    GiveRole,
    PersonChange,
    PersonOrder,
    Reset,
    TakeRole,
)
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.rights import Act, carried_out, keeps_wholly, may
from callkeeper.core.people.session import new_link
from callkeeper.core.refusal import NoRight, ParameterWrong

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
    "overbook": ("----", "oax-", "oax-", "oaxi"),
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


WHOLE: list[PersonChange] = [Disable(), Enable(), EndSessions(), Reset(new_link("x", "bob", 0))]
ANYWHERE = [*ROLES, Role("agent", 26, "x"), Role("administrator", 26)]


def people(*, login: str = "bob") -> some.SearchStrategy[Person]:
    """Return people of any roles, one in each VDN."""
    return some.lists(some.sampled_from(ANYWHERE), unique_by=lambda role: role.vdn).map(
        lambda roles: msgspec.structs.replace(person(*roles), login=login)
    )


def order(change: PersonChange, keeper: Person, vdn: int | None) -> PersonOrder:
    return PersonOrder("bob", change, keeper.by, 1, vdn, keeper)


@given(old=people(), keeper=people(login="ann"), vdn=some.sampled_from([None, 25, 26]))
def test_who_is_no_operator_touches_no_operator_and_nobody_elsewhere(
    old: Person, keeper: Person, vdn: int | None
) -> None:
    reach = {each.vdn for each in keeper.roles if each.kind == "administrator"}
    is_operator = keeper.role_in(None) is not None
    is_all_theirs = bool(old.roles) and {each.vdn for each in old.roles} <= reach
    assert keeps_wholly(keeper, old) is (is_operator or is_all_theirs)
    for change in WHOLE:
        if may(keeper, "keep_people", vdn) and keeps_wholly(keeper, old):
            carried_out(order(change, keeper, vdn), old)
        else:
            with pytest.raises(NoRight):
                carried_out(order(change, keeper, vdn), old)


@given(
    old=people(),
    keeper=people(login="ann"),
    vdn=some.sampled_from([None, 25, 26]),
    role=some.sampled_from(ANYWHERE),
    takes=some.booleans(),
)
def test_who_is_no_operator_changes_no_role_but_in_a_vdn_of_theirs(
    old: Person, keeper: Person, vdn: int | None, role: Role, *, takes: bool
) -> None:
    change = TakeRole(role.vdn) if takes else GiveRole(role)
    try:
        new = carried_out(order(change, keeper, vdn), old)
    except (NoRight, ParameterWrong):
        return
    changed = {each.vdn for each in set(new.roles) ^ set(old.roles)}
    if keeper.role_in(None) is None:
        assert changed <= {vdn}
        assert may(keeper, "keep_people", vdn)
        assert {each.vdn for each in old.roles} & {
            each.vdn for each in keeper.roles if each.kind == "administrator"
        }


@pytest.mark.parametrize("role", [ROLES[2], ROLES[3]])
def test_nobody_shuts_themselves_out(role: Role) -> None:
    ann = person(role)
    mine: list[PersonChange] = [Disable(), Reset(new_link("x", "ann", 0)), TakeRole(role.vdn)]
    for change in mine:
        with pytest.raises(NoRight):
            carried_out(PersonOrder("ann", change, ann.by, 1, role.vdn, ann), ann)
    carried_out(PersonOrder("ann", EndSessions(), ann.by, 1, role.vdn, ann), ann)


def test_what_is_ones_own_or_done_at_the_command_line_asks_for_no_role() -> None:
    ann = person(ROLES[0])
    assert carried_out(PersonOrder("ann", Describe("B"), ann.by, 1), ann).name == "B"
    assert carried_out(PersonOrder("ann", Disable(), "operator", 1), ann).disabled_at == 1
