"""People, their sessions, their guesses and their deeds, on both engines."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import msgspec
import pytest

from callkeeper.core.people.changes import (
    Describe,
    Disable,
    Enable,
    EndSessions,
    GiveRole,
    NewPerson,
    PersonChange,
    PersonOrder,
    Reset,
    TakeRole,
    TieAccount,
)
from callkeeper.core.people.guessing import FORGOTTEN_MS
from callkeeper.core.people.person import LoginTaken, NoSuchPerson, Person, Role, Tie
from callkeeper.core.people.preferences import Preferences
from callkeeper.core.people.session import (
    LINK_MS,
    SESSION_MS,
    SESSIONS_MAX,
    LinkRefused,
    NewPassword,
    Session,
    SignedIn,
    SignIn,
    SignInRefused,
    new_link,
    new_session,
)
from callkeeper.core.refusal import ParameterWrong
from callkeeper.store.port.people import Guess
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opener

_ROUNDS = 30

OPERATOR = Role("operator", None)
AGENT = Role("agent", 25, "1001")


def invited(store: SqlStore, login: str = "ann", role: Role = AGENT) -> Person:
    """Add a person, who may come by the link named after the login."""
    new = NewPerson(login, login.title(), role, new_link(f"link {login}", login, NOW), "bob", NOW)
    with store.transaction():
        (person,) = store.people.add([new])
    assert isinstance(person, Person)
    return person


def chosen(store: SqlStore, login: str = "ann", at: int = NOW, **by: Any) -> Any:
    """Choose the password ``hash`` by that link, or as is said, and begin the session ``first``."""
    new = {"password_hash": "hash", "link": f"link {login}"} | by
    with store.transaction():
        (outcome,) = store.sessions.choose(
            [NewPassword(new_session(f"first {login}", login, at), **new)]
        )
    return outcome


def signed_in(store: SqlStore, digest: str, at: int = NOW, verified: str = "hash") -> Any:
    with store.transaction():
        (outcome,) = store.sessions.add([SignIn(new_session(digest, "ann", at), verified)])
    return outcome


def changed(store: SqlStore, change: PersonChange, login: str = "ann", by: str = "bob") -> Any:
    with store.transaction():
        (outcome,) = store.people.change([PersonOrder(login, change, by, NOW + 1, vdn=25)])
    return outcome


def digests(store: SqlStore) -> list[str]:
    return [each.digest for each in store.sessions.of("ann")]


def deeds(store: SqlStore) -> list[tuple[str, str, str]]:
    return [(each.by_whom, each.what, each.subject) for each in store.deeds.latest(100)]


def test_a_person_is_known_as_they_were_added(store: SqlStore) -> None:
    assert not store.people.is_any()
    ann, bob = invited(store), invited(store, "bob", OPERATOR)
    assert store.people.is_any()
    assert ann == Person("ann", 1, "Ann", None, None, NOW, None, False, (AGENT,))  # noqa: FBT003
    assert (store.people.get("ann"), store.people.get("bob")) == (ann, bob)
    assert store.people.all() == [ann, bob]
    assert store.people.get("cem") is None


def test_a_login_is_one_persons_and_the_others_of_the_batch_stand(store: SqlStore) -> None:
    invited(store)
    new = [
        NewPerson(login, "x", AGENT, new_link(f"again {login}", login, NOW), "bob", NOW)
        for login in ("cem", "ann", "bob", "B b")
    ]
    with store.transaction():
        outcomes = store.people.add(new)
    assert [type(each) for each in outcomes] == [Person, LoginTaken, Person, ParameterWrong]
    assert [each.login for each in store.people.all()] == ["ann", "bob", "cem"]
    assert store.sessions.link("again ann") is None


def test_a_person_has_one_role_in_each_vdn(store: SqlStore) -> None:
    invited(store)
    supervisor, elsewhere = Role("supervisor", 25), Role("agent", 26, "ann")
    for role in (supervisor, elsewhere, OPERATOR):
        changed(store, GiveRole(role))
    known = store.people.get("ann")
    assert known is not None
    assert known.roles == (OPERATOR, supervisor, elsewhere)
    changed(store, TakeRole(None))
    assert changed(store, TakeRole(25)).roles == (elsewhere,)
    assert store.people.get("ann") == store.people.all()[0]
    assert isinstance(changed(store, TakeRole(25)), ParameterWrong)


def test_the_people_of_a_vdn_are_those_alone_who_have_a_role_there(store: SqlStore) -> None:
    invited(store)
    invited(store, "bob", OPERATOR)
    invited(store, "cem", Role("agent", 26, "cem"))
    both = changed(store, GiveRole(Role("agent", 26, "ann")))
    tied = changed(store, TieAccount(Tie("https://issuer", "1")), login="cem")
    assert store.people.all(25) == [both]
    assert store.people.all(26) == [both, tied]
    assert store.people.all(27) == []


def test_a_description_is_changed_and_taken_off(store: SqlStore) -> None:
    invited(store)
    described = changed(store, Describe("安", "zh-Hans", "Asia/Shanghai"))
    assert store.people.get("ann") == described
    assert (described.version, described.name, described.language) == (2, "安", "zh-Hans")
    plain = changed(store, Describe(language="", zone=""))
    assert (plain.language, plain.zone, plain.name) == (None, None, "安")
    assert store.people.get("ann") == plain


def test_preferences_are_kept_as_they_were_chosen(store: SqlStore) -> None:
    assert invited(store).preferences == Preferences()
    preferred = Preferences("dark", has_shortcuts=False, warning_minutes=0, has_sound=False)
    person = changed(store, Describe(preferences=preferred))
    assert (person.version, person.preferences) == (2, preferred)
    assert store.people.get("ann") == person == store.people.all()[0]
    assert changed(store, Describe(preferences=preferred)) == person
    assert changed(store, Describe(preferences=Preferences())).preferences == Preferences()


def test_a_change_of_nobody_is_refused_and_what_changes_nothing_is_no_deed(
    store: SqlStore,
) -> None:
    ann = invited(store)
    before = deeds(store)
    assert isinstance(changed(store, Disable(), "nobody"), NoSuchPerson)
    assert changed(store, Enable()) == changed(store, GiveRole(AGENT)) == ann
    assert deeds(store) == before


def test_what_others_do_to_a_person_is_a_deed_and_what_they_do_themselves_is_none(
    store: SqlStore,
) -> None:
    invited(store)
    chosen(store)
    for change in (GiveRole(Role("supervisor", 25)), Disable(), Enable(), EndSessions()):
        changed(store, change)
    changed(store, Describe("Ann A."), by="person ann")
    changed(store, EndSessions(), by="person ann")
    assert deeds(store) == [
        ("bob", "sessions_ended", "person ann"),
        ("bob", "person_enabled", "person ann"),
        ("bob", "person_disabled", "person ann"),
        ("bob", "role_given", "person ann"),
        ("person ann", "password_chosen", "person ann"),
        ("bob", "person_added", "person ann"),
    ]
    newest, *others = store.deeds.latest(10)
    assert store.deeds.latest(10, (newest.happened_at, newest.number)) == others
    assert [each.what for each in store.deeds.latest(9, vdn=25)][-1] == "person_added"
    assert store.deeds.latest(9, vdn=26) == []
    assert json.loads(others[2].detail) == {
        "role": {"kind": "supervisor", "vdn": 25, "agent": None, "phone": None}
    }


def test_a_transaction_that_fails_leaves_neither_change_nor_deed(store: SqlStore) -> None:
    ann = invited(store)
    before = deeds(store)
    order = PersonOrder("ann", Disable(), "bob", NOW)

    def fail() -> None:
        with store.transaction():
            store.people.change([order])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (store.people.get("ann"), deeds(store)) == (ann, before)


def test_a_link_is_good_once_and_for_a_day(store: SqlStore) -> None:
    invited(store)
    assert isinstance(chosen(store, at=NOW + LINK_MS), LinkRefused)
    first = chosen(store, at=NOW + LINK_MS - 1)
    assert first == new_session("first ann", "ann", NOW + LINK_MS - 1)
    assert isinstance(chosen(store), LinkRefused)
    link = store.sessions.link("link ann")
    assert link is not None
    assert link.used_at == NOW + LINK_MS - 1
    assert digests(store) == ["first ann"]


def test_a_link_is_its_persons_alone(store: SqlStore) -> None:
    invited(store)
    invited(store, "bob")
    assert isinstance(chosen(store, "bob", link="link ann"), LinkRefused)
    assert isinstance(chosen(store, "bob", link=None), SignInRefused)
    assert isinstance(chosen(store, link="no such link"), LinkRefused)
    assert store.sessions.password("bob") is None


def test_a_chosen_password_ends_all_older_sessions(store: SqlStore) -> None:
    invited(store)
    chosen(store)
    signed_in(store, "second")
    with store.transaction():
        store.sessions.choose(
            [NewPassword(new_session("third", "ann", NOW), "new", verified="hash")]
        )
    assert digests(store) == ["third"]
    assert store.sessions.password("ann") == "new"
    assert isinstance(signed_in(store, "fourth"), SignInRefused)


def test_nobody_signs_in_by_a_password_that_was_changed_meanwhile(store: SqlStore) -> None:
    invited(store)
    assert isinstance(signed_in(store, "early"), SignInRefused)
    chosen(store)
    assert isinstance(signed_in(store, "x", verified="older"), SignInRefused)
    assert isinstance(signed_in(store, "second"), Session)
    new = SignIn(new_session("third", "ann", NOW), "hash", rehashed="longer")
    with store.transaction():
        store.sessions.add([new])
    assert store.sessions.password("ann") == "longer"
    assert digests(store) == ["first ann", "second", "third"]


def test_a_disabled_person_has_no_session_no_link_and_no_password(store: SqlStore) -> None:
    invited(store)
    chosen(store)
    changed(store, Disable())
    assert digests(store) == []
    assert store.sessions.password("ann") is None
    assert store.sessions.link("link ann") is None
    assert isinstance(signed_in(store, "x"), SignInRefused)
    assert isinstance(changed(store, Reset(new_link("new", "ann", NOW))), ParameterWrong)
    changed(store, Enable())
    assert isinstance(signed_in(store, "x"), Session)


def test_a_reset_voids_password_sessions_and_the_link_before(store: SqlStore) -> None:
    invited(store)
    chosen(store)
    assert not changed(store, Reset(new_link("one", "ann", NOW))).has_password
    assert (store.sessions.password("ann"), digests(store)) == (None, [])
    changed(store, Reset(new_link("two", "ann", NOW)))
    assert [store.sessions.link(each) is None for each in ("link ann", "one", "two")] == [
        True,
        True,
        False,
    ]
    chosen(store, link="two")
    ann = store.people.get("ann")
    assert ann is not None
    assert ann.has_password


def test_a_session_is_found_with_its_person_until_it_is_ended(store: SqlStore) -> None:
    invited(store)
    session = chosen(store)
    assert store.sessions.get("first ann") == SignedIn(_ann(store), session)
    with store.transaction():
        store.sessions.mark([("first ann", NOW + 5), ("first ann", NOW + 3), ("none", NOW)])
    assert store.sessions.get("first ann") == SignedIn(
        _ann(store), msgspec.structs.replace(session, used_at=NOW + 5)
    )
    with store.transaction():
        store.sessions.end(["first ann", "none"])
    assert store.sessions.get("first ann") is None


def _ann(store: SqlStore) -> Person:
    ann = store.people.get("ann")
    assert ann is not None
    return ann


def test_a_person_has_so_many_sessions_and_none_that_is_over(store: SqlStore) -> None:
    invited(store)
    chosen(store)
    for number in range(SESSIONS_MAX):
        signed_in(store, f"s{number}", NOW + number + 1)
    assert digests(store) == [f"s{number}" for number in range(SESSIONS_MAX)]
    signed_in(store, "later", NOW + SESSION_MS + 2)
    assert digests(store) == ["later"]


def test_guesses_are_counted_until_they_are_forgotten(opener: Opener, store: SqlStore) -> None:
    def count(*guesses: Guess) -> list[Any]:
        with store.transaction():
            return list(store.guesses.note(guesses))

    assert count(Guess("a", NOW), Guess("b", NOW), Guess("a", NOW)) == [1, 1, 2]
    assert count(Guess("a", NOW + FORGOTTEN_MS - 1)) == [3]
    assert opener.look("SELECT digest, guesses FROM guess ORDER BY digest") == [("a", 3), ("b", 1)]
    assert count(Guess("a", NOW + FORGOTTEN_MS)) == [4]
    assert opener.look("SELECT digest FROM guess") == [("a",)]
    with store.transaction():
        store.guesses.forget(["a", "c"])
    assert count(Guess("a", NOW + FORGOTTEN_MS)) == [1]
    assert count(Guess("a", NOW + 2 * FORGOTTEN_MS)) == [1]


def test_guesses_are_shared_by_all_who_have_the_database_open(
    opener: Opener, store: SqlStore
) -> None:
    other = opener.open().store
    for number, each in enumerate((store, other, store, other), 1):
        with each.transaction():
            assert each.guesses.note([Guess("a", NOW)]) == [number]


def test_tries_in_opposite_orders_do_not_lock_up(opener: Opener, store: SqlStore) -> None:
    tried = [f"{number:02}" for number in range(20)]

    def work(writer: int) -> Counter[str]:
        mine = opener.open().store
        chance = Random(writer)  # noqa: S311 - test data
        counted = Counter[str]()
        for _ in range(_ROUNDS):
            some = chance.sample(tried, 10)
            counted.update(some)
            with mine.transaction():
                mine.guesses.note([Guess(each, NOW) for each in some])
            with mine.transaction():
                mine.guesses.forget([f"x{each}" for each in some])
            with mine.transaction():
                mine.guesses.note([Guess(f"x{each}", NOW) for each in reversed(some)])
        return counted

    with ThreadPoolExecutor(4) as threads:
        counted = sum(threads.map(work, range(4), timeout=60), Counter[str]())
    found = opener.look("SELECT digest, guesses FROM guess WHERE digest NOT LIKE 'x%'")
    assert dict(found) == counted
    with store.transaction():
        assert store.guesses.note([Guess("b", NOW), Guess("01", NOW), Guess("b", NOW)]) == [
            1,
            counted["01"] + 1,
            2,
        ]


def test_sessions_in_opposite_orders_do_not_lock_up(opener: Opener, store: SqlStore) -> None:
    logins = ("ann", "bob", "cem", "dan")
    for login in logins:
        invited(store, login)
        chosen(store, login)
    begun = [f"first {login}" for login in logins] * 2

    def work(writer: int) -> None:
        mine = opener.open().store
        chance = Random(writer)  # noqa: S311 - test data
        for turn in range(_ROUNDS):
            new = [
                NewPassword(new_session(f"{chance.random()}", login, NOW), "hash", None, "hash")
                for login in chance.sample(logins, 3)
            ]
            with mine.transaction():
                mine.sessions.mark([(each, NOW + turn) for each in chance.sample(begun[-8:], 4)])
            with mine.transaction():
                mine.sessions.choose(new)
            with mine.transaction():
                mine.sessions.end(chance.sample(begun[-8:], 3))
            begun.extend(each.session.digest for each in new)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4), timeout=60))
    kept = {each.digest for login in logins for each in store.sessions.of(login)}
    assert kept <= set(begun)
