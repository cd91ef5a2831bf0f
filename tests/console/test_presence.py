"""Who is there, as pages show it: to whoever keeps the people of a VDN, and on its board."""

from callkeeper.core.people.changes import Away, GiveRole, PersonChange, PersonOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, Renewal, There
from tests.console.visitor import ADMINISTRATOR, at_work, invited, unlike_any
from tests.house import VDN, House

PEOPLE = f"/console/{VDN}/people"
ELSEWHERE = 26


def listen(house: House, *logins: str, vdn: int = VDN) -> None:
    """Have people be there, as if each had a page of that VDN open."""
    there = tuple(There(each, vdn) for each in logins)
    with house.store.transaction():
        house.store.presence.renew([Renewal(there, house.now() + PRESENT_MS)])


def changed(house: House, login: str, change: PersonChange) -> None:
    order = PersonOrder(login, change, f"person {login}", house.now())
    with house.store.transaction():
        house.store.people.change([order])


def test_whoever_has_a_page_of_a_vdn_open_is_said_to_be_there_to_who_keeps_its_people(
    house: House,
) -> None:
    keeper, login = at_work(house, "keeper", ADMINISTRATOR), unlike_any()
    invited(house, login, Role("agent", VDN, login))
    changed(house, login, GiveRole(Role("agent", ELSEWHERE, login)))
    one = f"{PEOPLE}/{login}"
    listen(house, login, vdn=ELSEWHERE)
    assert "never seen" in keeper.look(one).text
    listen(house, login)
    assert "is here now" in keeper.look(one).text
    assert keeper.look(f"{PEOPLE}?find={login}").text.count("is here now") == 1
    changed(house, login, Away(is_so=True))
    assert "is away" in keeper.look(one).text
    house.clock.move(PRESENT_MS)  # type: ignore[attr-defined]
    assert "last seen 2026-11-28 12:00" in keeper.look(one).text
