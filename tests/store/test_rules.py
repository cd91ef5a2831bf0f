"""House rules, on both engines."""

import json
from collections.abc import Callable

import msgspec

from callkeeper.core.people.changes import Disable, GiveRole, PersonOrder
from callkeeper.core.people.house_rules import HouseRules, KeptRules, RulesOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import SignIn, new_session
from callkeeper.core.refusal import Overtaken, TooLong
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW
from tests.store.test_people import AGENT, chosen, invited

RULES = HouseRules(zone="Asia/Shanghai", numbers="never", customer_member="name")


def keep(
    store: SqlStore, rules: HouseRules = RULES, seen_version: int = 0, vdn: int = 25
) -> object:
    with store.transaction():
        (outcome,) = store.rules.change([RulesOrder(vdn, rules, seen_version, "person ann", NOW)])
    return outcome


def test_a_vdn_that_has_made_no_rules_has_the_defaults(store: SqlStore) -> None:
    assert store.rules.of(25) == KeptRules(25, 0, HouseRules())


def test_rules_are_kept_with_a_deed_that_tells_what_was_and_what_is(store: SqlStore) -> None:
    assert keep(store) == store.rules.of(25) == KeptRules(25, 1, RULES)
    assert store.rules.of(26) == KeptRules(26)
    keep(store, msgspec.structs.replace(RULES, zone=None), 1)
    newest, oldest = store.deeds.latest(9, vdn=25)
    assert (newest.by_whom, newest.what, newest.subject) == (
        "person ann",
        "rules_changed",
        "house_rules",
    )
    assert json.loads(newest.detail) == {"zone": ["Asia/Shanghai", None]}
    assert json.loads(oldest.detail)["numbers"] == ["on_request", "never"]


def test_the_same_rules_again_are_no_deed(store: SqlStore) -> None:
    keep(store)
    assert keep(store, RULES, 1) == KeptRules(25, 1, RULES)
    assert len(store.deeds.latest(9)) == 1


def test_of_two_who_change_them_at_once_the_second_is_told(store: SqlStore) -> None:
    orders = [RulesOrder(25, HouseRules(zone=each), 0, "person ann", NOW) for each in "ab"]
    with store.transaction():
        first, second = store.rules.change(orders)
    assert isinstance(first, KeptRules)
    assert isinstance(second, Overtaken)
    assert store.rules.of(25).rules.zone == "a"


def test_what_is_no_rule_is_refused_and_leaves_no_trace(store: SqlStore) -> None:
    assert isinstance(keep(store, HouseRules(customer_member="x" * 61)), TooLong)
    assert store.rules.of(25).version == 0
    assert store.deeds.latest(9) == []


def test_a_rule_of_a_newer_program_stays(store: SqlStore, run: Callable[[str], None]) -> None:
    keep(store)
    run("""UPDATE house_rules SET rules = '{"zone": "UTC", "later": 7}' WHERE vdn = 25""")
    assert store.rules.of(25).rules == HouseRules(zone="UTC")
    keep(store, HouseRules(zone="Asia/Tokyo"), 1)
    (rules,) = store.rules._session.rows("house_rules", vdn=25)  # noqa: SLF001 - as it is stored
    stored = json.loads(rules[1])
    assert (stored["later"], stored["zone"]) == (7, "Asia/Tokyo")


def test_a_choice_of_a_newer_program_leaves_the_other_rules_as_they_are(
    store: SqlStore, run: Callable[[str], None]
) -> None:
    keep(store)
    run(
        """UPDATE house_rules SET rules = '{"numbers": "at_night", "zone": "UTC", "later": 7}'"""
        " WHERE vdn = 25"
    )
    assert store.rules.of(25).rules == HouseRules(zone="UTC")
    keep(store, HouseRules(zone="Asia/Tokyo"), 1)
    ((_, stored),) = store.rules._session.rows("house_rules", vdn=25)  # noqa: SLF001 - as stored
    assert json.loads(stored) == {"numbers": "at_night", "zone": "Asia/Tokyo", "later": 7}


def test_a_session_has_the_zone_and_language_of_a_vdn_of_the_person(store: SqlStore) -> None:
    invited(store, role=Role("operator", None))
    roles = (AGENT, Role("supervisor", 26))
    with store.transaction():
        store.people.change([PersonOrder("ann", GiveRole(each), "bob", NOW) for each in roles])
    chosen(store)
    session = new_session("digest", "ann", NOW)
    with store.transaction():
        store.sessions.add([SignIn(session, "hash")])
    keep(store, HouseRules(language="zh_CN"), vdn=25)
    keep(store, HouseRules(zone="Asia/Tokyo", language="en"), vdn=26)
    keep(store, HouseRules(zone="Europe/Berlin"), vdn=27)
    found = store.sessions.get("digest")
    assert found is not None
    assert (found.zone, found.language) == ("Asia/Tokyo", "zh_CN")
    with store.transaction():
        store.people.change([PersonOrder("ann", Disable(), "bob", NOW)])
    assert store.sessions.get("digest") is None
