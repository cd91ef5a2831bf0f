"""People as whoever keeps them has them in the store, on both engines."""

import msgspec
import pytest

from callkeeper.core.people.changes import (
    Disable,
    EndSessions,
    GiveRole,
    GrantRoles,
    NewPerson,
    PersonChange,
    PersonOrder,
    TakeRole,
)
from callkeeper.core.people.feed import Feed
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.session import (
    SESSION_MS,
    NewPassword,
    SignIn,
    new_link,
    new_session,
)
from callkeeper.core.refusal import NoRight, Refusal
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW

ADMINISTRATOR = Role("administrator", 25)


@pytest.fixture
def ann(store: SqlStore) -> Person:
    return added(store, "ann", ADMINISTRATOR)


def added(store: SqlStore, login: str, role: Role) -> Person:
    """Return somebody who may come by the link named after the login."""
    new = NewPerson(login, login, role, new_link(f"link {login}", login, NOW), "operator", NOW)
    with store.transaction():
        (person,) = store.people.add([new])
    assert isinstance(person, Person)
    return person


def ordered(
    store: SqlStore, login: str, change: PersonChange, keeper: Person | None
) -> Person | Refusal:
    by = "operator" if keeper is None else keeper.by
    with store.transaction():
        (outcome,) = store.people.change([PersonOrder(login, change, by, NOW, 25, keeper)])
    return outcome


def test_a_role_that_came_meanwhile_counts(store: SqlStore, ann: Person) -> None:
    bob = added(store, "bob", Role("agent", 25, "bob"))
    ordered(store, "bob", GiveRole(Role("operator", None)), None)
    before = store.deeds.latest(10)
    assert isinstance(ordered(store, "bob", Disable(), ann), NoRight)
    known = store.people.get("bob")
    assert known is not None
    assert (known.version, known.disabled_at) == (bob.version + 1, None)
    assert store.deeds.latest(10) == before


SHUTTING_OUT: list[PersonChange] = [Disable(), TakeRole(25), GiveRole(Role("supervisor", 25))]


@pytest.mark.parametrize("change", SHUTTING_OUT, ids=lambda each: each.what)
@pytest.mark.parametrize("is_at_once", [False, True])
def test_whoever_gives_an_order_may_still_do_so_when_it_is_carried_out(
    store: SqlStore, ann: Person, change: PersonChange, *, is_at_once: bool
) -> None:
    added(store, "bob", Role("agent", 25, "bob"))
    shutting = PersonOrder("ann", change, "operator", NOW, 25)
    late = PersonOrder("bob", Disable(), ann.by, NOW, 25, ann)
    with store.transaction():
        outcomes = store.people.change([shutting, late] if is_at_once else [shutting])
    if not is_at_once:
        with store.transaction():
            outcomes += store.people.change([late])
    assert isinstance(outcomes[1], NoRight)
    bob = store.people.get("bob")
    assert bob is not None
    assert bob.disabled_at is None


@pytest.mark.parametrize("role", [Role("administrator", 25), Role("operator", None)])
def test_nobody_is_added_by_whoever_may_not_any_more(
    store: SqlStore, ann: Person, role: Role
) -> None:
    keeper = msgspec.structs.replace(ann, roles=(role,))
    ordered(store, "ann", TakeRole(25), None)
    link = new_link("link eve", "eve", NOW)
    with store.transaction():
        outcomes = store.people.add(
            [
                NewPerson("eve", "Eve", role, link, ann.by, NOW, keeper=keeper),
                NewPerson("fay", "Fay", role, None, "operator", NOW),
            ]
        )
    assert isinstance(outcomes[0], NoRight)
    assert isinstance(outcomes[1], Person)
    assert store.people.get("eve") is None


FURTHER = [Role("operator", None), Role("agent", 26, "bob"), Role("administrator", 26)]
AS_FAR = [Role("supervisor", 25), Role("administrator", 25), Role("agent", 25, "other")]


@pytest.mark.parametrize("role", [*FURTHER, *AS_FAR])
@pytest.mark.parametrize("is_by_group", [False, True])
@pytest.mark.parametrize("was", [Role("agent", 25, "bob"), Role("operator", None)])
def test_a_role_where_one_had_none_voids_what_ones_keepers_may_know(
    store: SqlStore, role: Role, was: Role, *, is_by_group: bool
) -> None:
    added(store, "bob", was)
    session = new_session("digest", "bob", NOW)
    with store.transaction():
        store.sessions.choose([NewPassword(session, "hash", link="link bob")])
        store.feeds.make([Feed("feed", "bob", NOW)])
    change = GrantRoles((role,), (role.vdn,)) if is_by_group else GiveRole(role)
    bob = ordered(store, "bob", change, None)
    assert isinstance(bob, Person)
    is_kept = was.kind == "operator" or role in AS_FAR
    assert bob.has_password is is_kept
    assert store.people.get("bob") == bob
    assert store.sessions.of("bob") == ([session] if is_kept else [])
    assert (store.sessions.password("bob"), store.sessions.link("link bob") is not None) == (
        ("hash", True) if is_kept else (None, False)
    )
    assert (store.feeds.of("bob") is not None) is is_kept


def test_what_one_does_to_oneself_by_a_role_is_a_deed(store: SqlStore, ann: Person) -> None:
    ordered(store, "ann", GiveRole(Role("administrator", 25, "1009")), ann)
    deed = store.deeds.latest(10)[0]
    assert (deed.by_whom, deed.what, deed.subject) == ("person ann", "role_given", "person ann")


def test_when_somebody_was_last_there_outlives_their_sessions(store: SqlStore, ann: Person) -> None:
    assert seen_at(store, "ann") is None
    first = new_session("first", "ann", NOW)
    with store.transaction():
        store.sessions.choose([NewPassword(first, "hash", link="link ann")])
    assert seen_at(store, "ann") == NOW
    with store.transaction():
        store.sessions.mark([("first", NOW + 1)])
    assert seen_at(store, "ann") == NOW + 1
    with store.transaction():
        store.sessions.end(["first"])
    assert seen_at(store, "ann") == NOW + 1
    signed_in(store, "second", NOW + 2)
    ordered(store, "ann", EndSessions(), None)
    assert seen_at(store, "ann") == NOW + 2
    signed_in(store, "third", NOW + 3)
    signed_in(store, "fourth", NOW + 3 + SESSION_MS)  # which clears the one before away
    with store.transaction():
        store.sessions.choose(
            [NewPassword(new_session("fifth", "ann", NOW), "new", verified="hash")]
        )
        store.sessions.end(["fifth"])
    assert seen_at(store, "ann") == NOW + 3 + SESSION_MS
    assert store.people.seen(["bob"]) == {}
    assert store.people.seen([]) == {}
    known = store.people.get("ann")
    assert known is not None
    assert msgspec.structs.replace(known, version=1, has_password=False) == ann


def seen_at(store: SqlStore, login: str) -> int | None:
    return store.people.seen([login])[login].seen_at


def signed_in(store: SqlStore, digest: str, at: int) -> None:
    with store.transaction():
        store.sessions.add([SignIn(new_session(digest, "ann", at), "hash")])


def test_deeds_of_one_person_are_those_that_they_did_and_that_were_done_to_them(
    store: SqlStore, ann: Person
) -> None:
    added(store, "bob", Role("agent", 25, "bob"))
    ordered(store, "bob", Disable(), ann)
    added(store, "cem", Role("agent", 26, "cem"))
    told = [(each.what, each.subject) for each in store.deeds.latest(9, whose="person ann")]
    assert told == [("person_disabled", "person bob"), ("person_added", "person ann")]
    newest = store.deeds.latest(1, whose="person bob")[0]
    place = (newest.happened_at, newest.number)
    assert [each.what for each in store.deeds.latest(9, place, 25, "person bob")] == [
        "person_added"
    ]
    assert store.deeds.latest(9, vdn=25, whose="person cem") == []
