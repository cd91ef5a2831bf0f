"""Who is there, on both engines: leases that are renewed together, and people who are away."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from callkeeper.core.people.changes import (
    Away,
    Disable,
    GiveRole,
    PersonChange,
    PersonOrder,
    Reset,
    TakeRole,
)
from callkeeper.core.people.person import Role, by_login
from callkeeper.core.people.presence import PRESENT_MS, Renewal, Sighting, There
from callkeeper.core.people.session import NewPassword, SignIn, new_link, new_session
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opener
from tests.store.test_staff import added

UNTIL = NOW + PRESENT_MS


def renew(store: SqlStore, *there: tuple[str, int | None], until: int = UNTIL) -> None:
    with store.transaction():
        store.presence.renew([Renewal(tuple(There(*each) for each in there), until)])


def agent(store: SqlStore, login: str, account: str | None = None, vdn: int = 25) -> None:
    added(store, login, Role("agent", vdn, account or login))


def there(store: SqlStore, now: int = NOW, vdn: int = 25) -> list[tuple[str, bool]]:
    return [tuple(each) for each in store.presence.agents_there(vdn, now)]  # type: ignore[misc]


def change(store: SqlStore, login: str, *changes: PersonChange) -> None:
    for each in changes:
        with store.transaction():
            store.people.change([PersonOrder(login, each, by_login(login), NOW)])


def test_a_lease_is_good_until_it_runs_out_or_is_renewed(store: SqlStore) -> None:
    for login in ("ann", "bob"):
        agent(store, login)
    assert there(store) == []
    renew(store, ("bob", 25), ("ann", 25))
    assert there(store, UNTIL - 1) == [("ann", False), ("bob", False)]
    renew(store, ("bob", 25), until=UNTIL + 10)
    assert there(store, UNTIL) == [("bob", False)]
    assert there(store, UNTIL + 10) == []
    renew(store)
    assert there(store, UNTIL) == [("bob", False)]


def test_a_lease_of_a_clock_that_was_ahead_is_none(store: SqlStore) -> None:
    agent(store, "ann")
    renew(store, ("ann", 25), until=UNTIL + 60_000)
    assert there(store) == []
    renew(store, ("ann", 25))  # and the next one takes its place
    assert there(store) == [("ann", False)]


def test_somebody_is_there_in_the_vdns_in_which_they_are_somebody(store: SqlStore) -> None:
    agent(store, "ann", "1001")
    change(store, "ann", GiveRole(Role("agent", 26, "2001")))
    added(store, "sue", Role("supervisor", 25))
    added(store, "otto", Role("operator", None))
    renew(store, ("ann", 25), ("ann", 27), ("sue", 25), ("otto", None), ("nobody", 25))
    assert there(store) == [("1001", False)]
    assert there(store, vdn=26) == there(store, vdn=27) == []
    logins = ["ann", "otto", "sue"]

    def present(vdn: int | None) -> list[str]:
        seen = store.people.seen(logins, vdn)
        return [each for each in logins if seen[each].presence(NOW) == "present"]

    assert (present(None), present(25), present(26)) == (logins, ["ann", "sue"], [])


def test_a_role_that_is_lost_takes_its_presence_and_none_is_renewed(store: SqlStore) -> None:
    agent(store, "ann")
    change(store, "ann", GiveRole(Role("agent", 26, "ann")))
    renew(store, ("ann", 25), ("ann", 26))
    change(store, "ann", TakeRole(25))
    renew(store, ("ann", 25))
    change(store, "ann", GiveRole(Role("agent", 25, "ann")))
    assert there(store) == []
    assert there(store, vdn=26) == [("ann", False)]
    change(store, "ann", Disable())
    assert there(store, vdn=26) == []
    assert store.presence.agents_seen(26) == {}


def test_who_is_away_stays_so_until_they_say_back_or_sign_in_anew(store: SqlStore) -> None:
    agent(store, "ann")
    begin(store, "first")
    renew(store, ("ann", 25))
    change(store, "ann", Away(is_so=True), Away(is_so=True))
    assert there(store) == [("ann", True)]
    known = store.people.get("ann")
    assert known is not None
    assert (known.away_since, known.version) == (NOW, 3)
    change(store, "ann", Away(is_so=False))
    assert there(store) == [("ann", False)]
    change(store, "ann", Away(is_so=True))
    with store.transaction():
        store.sessions.add([SignIn(new_session("second", "ann", NOW), "hash")])  # a proof
    assert there(store) == [("ann", True)]
    for typed_at, is_away in ((NOW - 1, True), (NOW, False)):
        session = new_session(f"typed {typed_at}", "ann", NOW)
        with store.transaction():
            store.sessions.add([SignIn(session, "hash", typed_at=typed_at)])
        assert there(store) == [("ann", is_away)]
    change(store, "ann", Away(is_so=True))
    another = NewPassword(new_session("another", "ann", NOW), "longer", verified="hash")
    with store.transaction():
        store.sessions.choose([another])
    assert there(store) == [("ann", True)]
    change(store, "ann", Reset(new_link("link again", "ann", NOW)))
    with store.transaction():
        by_link = new_session("by a link", "ann", NOW)
        store.sessions.choose([NewPassword(by_link, "longest", link="link again")])
    assert there(store) == [("ann", False)]
    told = [each.what for each in store.deeds.latest(9)]
    assert told == ["password_chosen", "password_chosen", "password_chosen", "person_added"]


def begin(store: SqlStore, digest: str, login: str = "ann") -> None:
    chosen = NewPassword(new_session(digest, login, NOW), "hash", link=f"link {login}")
    with store.transaction():
        store.sessions.choose([chosen])


def seen(store: SqlStore) -> dict[str, Sequence[Sighting]]:
    return dict(store.presence.agents_seen(25))


def test_all_who_have_an_agents_account_are_known_with_when_they_were_there(
    store: SqlStore,
) -> None:
    agent(store, "ann", "1001")
    agent(store, "bob", "1001")
    agent(store, "cem", "1002", vdn=26)
    added(store, "sue", Role("supervisor", 25))
    assert seen(store) == {"1001": [Sighting(), Sighting()]}
    begin(store, "first")
    renew(store, ("bob", 25), until=UNTIL - 5)
    assert seen(store)["1001"] == [
        Sighting(None, NOW, is_away=False),
        Sighting(UNTIL - 5, None, is_away=False),
    ]
    assert [each.seen_at for each in seen(store)["1001"]] == [NOW, NOW - 5]


def test_two_servers_renew_the_same_people_at_once(store: SqlStore) -> None:
    """Neither waits for the other in a circle, whatever order their people came in."""
    logins = [f"p{number:02d}" for number in range(40)]
    for login in logins:
        agent(store, login)

    def often(order: list[str]) -> None:
        for turn in range(20):
            renew(store, *((each, 25) for each in order), until=UNTIL + turn)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(often, (logins, logins[::-1])))
    assert len(there(store, UNTIL + 18)) == len(logins)


def test_a_lease_whose_role_is_just_being_taken_is_neither_renewed_nor_waited_for(
    opener: Opener, store: SqlStore
) -> None:
    for login in ("ann", "bob", "cem"):
        agent(store, login)
        change(store, login, GiveRole(Role("agent", 26, login)))
    everywhere = [(login, vdn) for login in ("ann", "bob", "cem") for vdn in (25, 26)]
    renew(store, *everywhere)
    other = opener.open().store
    taken = [("cem", 26), ("ann", 25), ("cem", 25)]  # in no order of a key
    orders = [PersonOrder(login, TakeRole(vdn), "operator", NOW) for login, vdn in taken]
    with ThreadPoolExecutor(1) as threads:
        with store.transaction():
            store.people.change(orders)
            renewing = threads.submit(renew, other, *everywhere, until=UNTIL + 5)
            if opener.url is not None:  # SQLite has one writer at a time
                renewing.result(30)
        renewing.result(30)
    leases = opener.look("SELECT login, vdn, lease_until FROM presence ORDER BY login, vdn")
    stays = [each for each in everywhere if each not in taken]
    assert [tuple(each) for each in leases] == [(*each, UNTIL + 5) for each in stays]


def test_two_servers_take_roles_and_renew_at_once_and_no_lease_is_left_over(
    opener: Opener, store: SqlStore
) -> None:
    logins, vdns = [f"p{number:02d}" for number in range(8)], range(25, 31)
    for login in logins:
        agent(store, login)
    everywhere = [(login, vdn) for login in logins for vdn in vdns]
    mine = opener.open().store

    def give_and_take() -> None:
        for turn in range(10):
            for change_to in (
                lambda login, vdn: GiveRole(Role("agent", vdn, login)),
                lambda _, vdn: TakeRole(vdn),
            ):
                orders = [
                    PersonOrder(login, change_to(login, vdn), "operator", NOW)
                    for vdn in vdns
                    for login in logins[:: -1 if turn % 2 else 1]
                ]
                with mine.transaction():
                    mine.people.change(orders)

    def go_on_renewing() -> None:
        for turn in range(60):
            renew(store, *everywhere, until=UNTIL + turn)

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(give_and_take), threads.submit(go_on_renewing)]:
            each.result(60)
    assert opener.look("SELECT login FROM presence") == []
