"""Whose an account at the single sign-on is, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from callkeeper.core.people.changes import (
    Disable,
    GiveRole,
    GrantRoles,
    NewPerson,
    PersonChange,
    PersonOrder,
    TieAccount,
    Untie,
)
from callkeeper.core.people.person import LoginTaken, Person, Role, Tie, TieTaken
from callkeeper.core.people.session import (
    PROOF_MS,
    SignIn,
    SignInRefused,
    new_link,
    new_session,
    signed_on_session,
)
from callkeeper.core.refusal import ParameterWrong, Refusal
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opener

ISSUER = "https://login.example.com"
TIE = Tie(ISSUER, "1")
AGENT = Role("agent", 25, "1001")
_ROUNDS = 20


def added(store: SqlStore, *new: NewPerson) -> list[Any]:
    with store.transaction():
        return [*store.people.add(new)]


def invited(login: str) -> NewPerson:
    return NewPerson(login, login, AGENT, new_link(f"link {login}", login, NOW), "bob", NOW)


def newcomer(login: str, tie: Tie = TIE) -> NewPerson:
    return NewPerson(login, login, AGENT, None, "sign-on", NOW, tie)


def changed(store: SqlStore, login: str, *changes: PersonChange) -> list[Any]:
    with store.transaction():
        orders = [PersonOrder(login, each, "operator", NOW) for each in changes]
        return [*store.people.change(orders)]


def signed_on(
    store: SqlStore, login: str, tie: Tie, digest: str, proven_at: int | None = None
) -> Any:
    session = signed_on_session(digest, login, NOW, proven_at)
    with store.transaction():
        (outcome,) = store.sessions.add([SignIn(session, None, tie=tie)])
    return outcome


def test_an_account_is_one_persons_and_a_person_has_one(store: SqlStore) -> None:
    added(store, invited("ann"), invited("bob"))
    (ann,) = changed(store, "ann", TieAccount(TIE))
    assert ann.tie == TIE
    assert store.people.get("ann") == store.people.tied(TIE) == store.people.all()[0] == ann
    assert isinstance(changed(store, "bob", TieAccount(TIE))[0], TieTaken)
    assert isinstance(changed(store, "ann", TieAccount(Tie(ISSUER, "2")))[0], ParameterWrong)
    assert changed(store, "ann", TieAccount(TIE)) == [ann]  # which is no deed
    same_subject = Tie("https://elsewhere.example", "1")
    assert changed(store, "bob", TieAccount(same_subject))[0].tie == same_subject
    told = [(each.what, each.subject) for each in store.deeds.latest(2)]
    assert told == [("person_tied", "person bob"), ("person_tied", "person ann")]
    assert ISSUER in store.deeds.latest(2)[1].detail


def test_an_account_that_is_untied_is_nobodys_and_sessions_end(store: SqlStore) -> None:
    added(store, invited("ann"), invited("bob"))
    changed(store, "ann", TieAccount(TIE))
    assert not isinstance(signed_on(store, "ann", TIE, "digest"), Refusal)
    (ann,) = changed(store, "ann", Untie())
    assert (ann.tie, store.people.tied(TIE), store.sessions.of("ann")) == (None, None, [])
    assert isinstance(changed(store, "ann", Untie())[0], ParameterWrong)
    assert changed(store, "bob", TieAccount(TIE))[0].tie == TIE


def test_a_session_keeps_when_its_person_showed_at_the_provider_who_they_are(
    store: SqlStore,
) -> None:
    added(store, newcomer("ann"))
    times = {"a": None, "b": NOW - PROOF_MS, "c": NOW - PROOF_MS + 1}
    for digest, proven_at in times.items():
        signed_on(store, "ann", TIE, digest, proven_at)
    found = store.sessions.of("ann")
    assert {each.digest: each.proven_at for each in found} == times
    assert [each.is_proven(NOW) for each in found] == [False, False, True]
    for each in found:
        signed_in = store.sessions.get(each.digest)
        assert signed_in is not None
        assert signed_in.session == each


def test_whoever_is_not_tied_to_it_begins_no_session(store: SqlStore) -> None:
    added(store, invited("ann"), invited("bob"))
    changed(store, "ann", TieAccount(TIE))
    for login, tie in (("bob", TIE), ("ann", Tie(ISSUER, "2")), ("cem", TIE)):
        assert isinstance(signed_on(store, login, tie, "digest"), SignInRefused)
    # Nobody has no password, whoever says that it is none.
    with store.transaction():
        (outcome,) = store.sessions.add([SignIn(new_session("digest", "bob", NOW), None)])
    assert isinstance(outcome, SignInRefused)
    changed(store, "ann", Disable())
    assert isinstance(signed_on(store, "ann", TIE, "digest"), SignInRefused)
    found = store.people.tied(TIE)
    assert found is not None
    assert found.disabled_at == NOW


def test_somebody_new_comes_with_an_account_or_not_at_all(store: SqlStore) -> None:
    (ann,) = added(store, newcomer("ann"))
    assert (ann.tie, ann.has_password, ann.roles) == (TIE, False, (AGENT,))
    assert store.people.get("ann") == ann
    outcomes = added(
        store, newcomer("ann", Tie(ISSUER, "2")), newcomer("bob"), newcomer("cem", Tie(ISSUER, "3"))
    )
    assert [type(each) for each in outcomes] == [LoginTaken, TieTaken, Person]
    assert store.people.tied(Tie(ISSUER, "2")) is None
    assert [each.login for each in store.people.all()] == ["ann", "cem"]


def test_granted_roles_take_the_place_of_those_where_the_sign_on_decides(store: SqlStore) -> None:
    added(store, invited("ann"))
    elsewhere = Role("supervisor", 26)
    changed(store, "ann", GiveRole(elsewhere), GiveRole(Role("operator", None)))
    grant = GrantRoles((Role("supervisor", 25),), (25, None))
    (ann,) = changed(store, "ann", grant)
    assert store.people.get("ann") == ann
    assert ann.roles == (Role("supervisor", 25), elsewhere)
    assert changed(store, "ann", grant)[0] == ann


def test_who_comes_in_several_windows_at_once_is_one_person(opener: Opener) -> None:
    stores = [opener.open().store for _ in range(2)]
    stores[0].migrate()
    for number in range(_ROUNDS):
        tie = Tie(ISSUER, str(number))

        def come(place: int, number: int = number, tie: Tie = tie) -> Any:
            return added(stores[place], newcomer(f"ann{number}-{place}", tie))[0]

        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(come, range(2)))
        assert sorted(type(each).__name__ for each in outcomes) == ["Person", "TieTaken"]
        (made,) = [each for each in outcomes if isinstance(each, Person)]
        assert stores[0].people.tied(tie) == made
        found = [stores[0].people.get(f"ann{number}-{place}") for place in range(2)]
        assert len([each for each in found if each]) == 1


@pytest.mark.parametrize(
    ("by", "is_kept"),
    [("person kim", False), ("person olga", True), ("person gone", False), ("operator", True)],
)
@pytest.mark.parametrize("more", [Role("operator", None), Role("supervisor", 26)])
def test_whoever_becomes_more_loses_an_account_that_their_keeper_tied(
    store: SqlStore, by: str, more: Role, *, is_kept: bool
) -> None:
    # A keeper may have tied an account of their own, to come in later as that person.
    added(store, invited("bob"), invited("kim"), invited("olga"))
    changed(store, "kim", GiveRole(Role("administrator", 25)))
    changed(store, "olga", GiveRole(Role("operator", None)))
    with store.transaction():
        store.people.change([PersonOrder("bob", TieAccount(TIE), by, NOW, 25)])
    changed(store, "bob", GiveRole(Role("agent", 25, "1002")))  # which is no more than before
    assert store.people.tied(TIE) is not None
    (bob,) = changed(store, "bob", GiveRole(more))
    assert (bob.tie == TIE) is is_kept
    assert store.people.get("bob") == bob
    assert isinstance(signed_on(store, "bob", TIE, "d"), SignInRefused) is not is_kept
    if not is_kept:
        assert changed(store, "bob", TieAccount(TIE))[0].tie == TIE


def test_what_groups_grant_keeps_the_account_by_which_they_do(store: SqlStore) -> None:
    added(store, newcomer("ann"))
    changed(store, "ann", GrantRoles((Role("operator", None),), (None,)))
    assert store.people.tied(TIE) is not None
