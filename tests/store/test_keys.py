"""Access keys and agents, on both engines."""

import msgspec
import pytest

from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.people.changes import GiveRole, NewPerson, PersonOrder, TakeRole
from callkeeper.core.people.person import Person, Role
from callkeeper.core.refusal import NoRight, ParameterWrong
from callkeeper.core.reservations.changes import Move
from callkeeper.store.port.access import AccessKey, AgentName, KeyOrder
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opener, book, booked, booking, carry_out, making, order


def key(ak: str, made_at: int = NOW, vdn: int | None = 1) -> AccessKey:
    return AccessKey(ak, vdn, f"sealed {ak}", None, made_at, None)


def revoking(ak: str, after: int) -> KeyOrder:
    return KeyOrder(ak, None, "person ann", NOW + after)


def limiting(ak: str, limit: Limit) -> KeyOrder:
    return KeyOrder(ak, limit, "person ann", NOW)


def names(store: SqlStore) -> list[tuple[str | None, str | None]]:
    listed = store.reservations.find(Wanted(1, 0, 10)).listed
    return [(each.reservation.agent, each.agent_name) for each in listed]


def test_a_key_is_known_as_it_was_added(store: SqlStore) -> None:
    keys = [key("A"), msgspec.structs.replace(key("B", vdn=None), note="für alle")]
    with store.transaction():
        assert store.keys.change(making(*keys)) == keys
    assert [store.keys.get("A"), store.keys.get("B")] == keys


def test_a_key_nobody_added_is_unknown(store: SqlStore) -> None:
    assert store.keys.get("Z") is None
    assert store.keys.all() == []


def test_keys_are_listed_oldest_first(store: SqlStore) -> None:
    with store.transaction():
        store.keys.change(making(key("C", NOW), key("A", NOW + 1), key("B", NOW)))
    assert [each.ak for each in store.keys.all()] == ["B", "C", "A"]


def test_a_key_is_revoked_once_and_the_first_instant_stays(store: SqlStore) -> None:
    with store.transaction():
        store.keys.change(making(key("A"), key("B")))
    with store.transaction():
        outcomes = store.keys.change([revoking("A", 1), revoking("A", 2), revoking("Z", 3)])
    with store.transaction():
        outcomes += store.keys.change([revoking("A", 4)])
    assert outcomes == [store.keys.get("A"), None, None, None]
    assert [each.revoked_at for each in store.keys.all()] == [NOW + 1, None]


@pytest.mark.parametrize("role", [Role("supervisor", 1), Role("administrator", 2), None])
def test_whoever_may_keep_keys_no_more_when_an_order_is_carried_out_changes_none(
    store: SqlStore, role: Role | None
) -> None:
    new = NewPerson("ann", "Ann", Role("administrator", 1), None, "operator", NOW)
    with store.transaction():
        (ann,) = store.people.add([new])
        store.keys.change(making(key("A"), key("B")))
    assert isinstance(ann, Person)
    late = [
        KeyOrder("A", None, ann.by, NOW, ann),
        KeyOrder("B", Limit(2.0, 5), ann.by, NOW, ann),
        KeyOrder("C", key("C"), ann.by, NOW, ann),
        KeyOrder("D", key("D", vdn=None), ann.by, NOW, ann),
    ]
    with store.transaction():
        taken = PersonOrder("ann", TakeRole(1), "operator", NOW)
        store.people.change([taken])
        if role is not None:
            store.people.change([PersonOrder("ann", GiveRole(role), "operator", NOW)])
        outcomes = store.keys.change(late)
    assert [type(each) for each in outcomes] == [NoRight] * 4
    assert store.keys.all() == [key("A"), key("B")]
    with store.transaction():
        back = PersonOrder("ann", GiveRole(Role("administrator", 1)), "operator", NOW)
        store.people.change([back])
        outcomes = store.keys.change(late)
    assert [type(each) for each in outcomes] == [AccessKey] * 3 + [NoRight]


def test_each_change_of_a_key_is_a_deed_and_one_that_changes_nothing_is_none(
    store: SqlStore,
) -> None:
    with store.transaction():
        store.keys.change(making(key("A", vdn=25)))
        store.keys.change([limiting("A", Limit(2.0)), limiting("A", Limit()), revoking("A", 0)])
        store.keys.change([revoking("A", 1), limiting("A", Limit(off=True)), revoking("Z", 0)])
    deeds = [(each.by_whom, each.what, each.vdn) for each in store.deeds.latest(9)]
    assert deeds == [
        ("person ann", "key_revoked", 25),
        ("person ann", "key_limited", 25),
        ("operator", "key_made", 25),
    ]
    assert "sealed" not in str([each.detail for each in store.deeds.latest(9)])
    assert "sealed" not in str(making(key("B")))


def test_agents_come_into_being_when_they_are_first_named(opener: Opener, store: SqlStore) -> None:
    booked(store, booking(1, agent="ann"), booking(2, agent="ann"), booking(3, agent=None))
    carry_out(store, order("r00003", Move(agent="bob")), order("r00002", Move(agent="cem")))
    agents = opener.look("SELECT vdn, account, user_name FROM agent ORDER BY account")
    assert agents == [(1, "ann", None), (1, "bob", None), (1, "cem", None)]
    with store.transaction():
        store.agents.name([AgentName(1, each, each.upper(), NOW) for each in ("ann", "bob", "cem")])
    assert names(store) == [("ann", "ANN"), ("cem", "CEM"), ("bob", "BOB")]


def test_a_name_stays_when_the_agent_is_named_in_a_reservation_again(store: SqlStore) -> None:
    with store.transaction():
        store.agents.name([AgentName(1, "ann", "Ann A.", NOW)])
    booked(store, booking(1))
    assert names(store) == [("ann", "Ann A.")]
    with store.transaction():
        store.agents.name([AgentName(1, "ann", "Ann B.", NOW)])
    assert names(store) == [("ann", "Ann B.")]


def test_an_agent_is_one_vdns_own(store: SqlStore) -> None:
    booked(store, booking(1))
    with store.transaction():
        store.agents.name([AgentName(2, "ann", "another Ann", NOW)])
    assert names(store) == [("ann", None)]


def test_an_agent_of_a_refused_item_does_not_come_into_being(
    opener: Opener, store: SqlStore
) -> None:
    book(store, booking(1), booking(2, agent="nobody", campaign_id="8"))
    carry_out(store, order("r00001", Move(agent="nobody", appoint_at=NOW - 1)))
    assert opener.look("SELECT vdn, account, user_name, made_at FROM agent") == [
        (1, "ann", None, NOW)
    ]


def test_a_limit_is_set_changed_and_taken_off(store: SqlStore) -> None:
    with store.transaction():
        store.keys.change(making(key("A"), key("B")))
        store.keys.change([revoking("B", 0)])
    for limit, allowance in (
        (Limit(0.5, 3), Allowance(0.5, 3)),
        (Limit(20.0), Allowance(20.0, 3)),
        (Limit(burst=40), Allowance(20.0, 40)),
        (Limit(off=True), None),
    ):
        with store.transaction():
            limited, revoked = store.keys.change([limiting("A", limit), limiting("B", limit)])
        assert (limited, revoked) == (store.keys.get("A"), None)
        assert [store.keys.get(ak) for ak in "AB"] == store.keys.all()
        assert [each.allowance for each in store.keys.all()] == [allowance, None]
    with store.transaction():
        assert store.keys.change([limiting("Z", Limit(off=True))]) == [None]
        (refusal,) = store.keys.change([limiting("A", Limit(burst=1))])
    assert isinstance(refusal, ParameterWrong)
