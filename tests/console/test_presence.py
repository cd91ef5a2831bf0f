"""Who is there, as pages show it: to whoever keeps the people of a VDN, and on its board."""

import re
from datetime import UTC, datetime
from html import unescape

from callkeeper.core.people.changes import Away, GiveRole, PersonChange, PersonOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, Renewal, There
from callkeeper.core.people.session import PROOF_MS
from tests.console.visitor import (
    ADMINISTRATOR,
    PASSWORD,
    SUPERVISOR,
    Visitor,
    at_work,
    invited,
    promise,
    unlike_any,
)
from tests.house import TASK, VDN, House

PEOPLE = f"/console/{VDN}/people"
BOARD = f"/console/{VDN}/board"
BOOK = f"/console/{VDN}/book"
ELSEWHERE = 26
MINUTE = 60_000


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


def strip(page: Visitor) -> list[str]:
    """Return what stands on top of the board of agents who are not there."""
    found = page.seen.text.partition('<ul class="strip"')[2].partition("</ul>")[0]
    items = re.sub(r"<(?!/?li)[^>]*>", " ", found).split("<li>")[1:]
    told = [" ".join(unescape(each.partition("</li>")[0]).split()) for each in items]
    return [each for each in told if "within the hour" in each]


def seen(page: Visitor, login: str) -> str:
    """Return what the board says of when an agent was there."""
    row = re.search(rf"<tr><th[^>]*><a [^>]*agent={login}.*?</tr>", page.seen.text, re.DOTALL)
    assert row, page.text
    return " ".join(re.sub("<[^>]*>", " ", row[0].rpartition("<td>")[2]).split())


def test_the_board_says_whose_calls_will_be_missed_and_leads_to_them(house: House) -> None:
    sue, login, other = at_work(house, "sue", SUPERVISOR), unlike_any(), unlike_any()
    agent = at_work(house, login, Role("agent", VDN, login))
    ids = [promise(house, 20 * MINUTE + each, agent=login) for each in range(2)]
    ids.insert(0, promise(house, MINUTE, agent=login))
    promise(house, 20 * MINUTE, agent=other)
    house.clock.move(2 * MINUTE)  # type: ignore[attr-defined]
    sue.look(BOARD)
    assert strip(sue) == [
        f"{login} is absent. Calls: 1 late, 2 due within the hour. Reassign {login}"
    ]
    assert (seen(sue, login), seen(sue, other)) == ("2 min ago", "nobody signs in as this agent")
    (lead,) = re.findall(rf'href="([^"]*show=open[^"]*agent={login}[^"]*)"', sue.seen.text)
    sue.look(unescape(lead))
    assert re.findall(r'<tr id="call-(\d+)"', sue.seen.text) == ids
    assert 'action="' + f"{BOARD}/reassign?show=open&amp;agent={login}" in sue.seen.text
    assert f"Late, and due within the hour: {login}" in sue.text
    listen(house, login)
    assert (strip(sue.look(BOARD)), seen(sue, login)) == ([], "online now")
    agent.send("/console/me/away", {"away": "1"})
    assert strip(sue.look(BOARD))[0].startswith(f"{login} is away. Calls: 1 late, 2 due")
    assert seen(sue, login) == "away"
    house.clock.move(PRESENT_MS + 90 * MINUTE)  # type: ignore[attr-defined]
    assert seen(sue.look(BOARD), login) == "1 h ago"
    assert strip(sue) == []  # they are broken by now


def test_an_agent_says_that_they_are_away_and_sees_it_until_they_are_back(house: House) -> None:
    login = unlike_any()
    agent = at_work(house, login, Role("agent", VDN, login))
    away = "You are away: you count as absent"

    def is_away() -> bool:
        person = house.store.people.get(login)
        assert person is not None
        return person.away_since is not None

    assert away not in agent.look("/console/me").text
    assert agent.send("/console/me/away", {"away": "1"}).status == 303
    assert (is_away(), agent.seen.headers["location"]) == (True, f"/console/{VDN}/today")
    assert away in agent.look("/console/help").text
    assert 'name="away"' not in agent.seen.text
    agent.send("/console/me/away")
    assert (is_away(), away in agent.look("/console/help").text) == (False, False)
    agent.send("/console/me/away", {"away": "1"})
    again = Visitor(house).sign_in(login)
    assert (is_away(), away in again.look("/console/help").text) == (False, False)


def test_who_is_away_and_proves_who_they_are_is_away_still(house: House) -> None:
    login = unlike_any()
    chief = at_work(house, login, Role("administrator", VDN, login))
    chief.send("/console/me/away", {"away": "1"})
    house.clock.move(PROOF_MS)  # type: ignore[attr-defined]
    before = chief.cookie
    form = {"login": unlike_any(), "kind": "supervisor", "proof": PASSWORD}
    assert chief.send(PEOPLE, form).status == 200
    assert chief.cookie != before
    assert "You are away" in chief.look("/console/help").text


def test_who_is_no_agent_has_no_button_to_be_away(house: House) -> None:
    sam = at_work(house, unlike_any(), SUPERVISOR)
    assert 'action="/console/me/away"' not in sam.look("/console/help").seen.text


def test_of_agents_who_are_free_within_the_hour_those_who_are_there_are_offered(
    house: House,
) -> None:
    chief = at_work(house, unlike_any(), SUPERVISOR)
    login, here, gone, away = (unlike_any() for _ in range(4))
    for each in (login, here, gone, away):
        invited(house, each, Role("agent", VDN, each), name=f"Mia Ott {each}")
    listen(house, here, away)
    changed(house, away, Away(is_so=True))
    promise(house, 20 * MINUTE, agent=login)
    at = datetime.fromtimestamp((house.now() + 20 * MINUTE) / 1000, UTC)
    page = chief.look(BOOK)
    form = {
        "form": page.hidden("form"),
        "number": "13800138000",
        "campaign": TASK,
        "day": at.strftime("%Y-%m-%d"),
        "at": at.strftime("%H:%M"),
        "zone": "UTC",
        "kind": "manual",
        "agent": login,
    }
    offered = re.findall(r'name="with" value="([^"]*)"', chief.send(BOOK, form).seen.text)
    assert here in offered
    assert f">Mia Ott {here} ({here})</button>" in chief.seen.text  # others may take the name
    assert not {gone, away} & set(offered)
