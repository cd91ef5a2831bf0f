"""Booking a call: in free slots, once however often a form is sent, and what is told otherwise."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.reservation import Reservation
from tests.console.test_house_rules import rule
from tests.console.visitor import (
    OPERATOR,
    SUPERVISOR,
    Visitor,
    at_work,
    path,
    promise,
    standing,
    unlike_any,
)
from tests.house import HOUR, TASK, VDN, House

BOOK = f"/console/{VDN}/book"
NUMBER = "8613800138000"
MINUTE = 60_000
AT_TWO = 2 * HOUR  # from noon


@pytest.fixture
def login() -> str:
    return unlike_any()


@pytest.fixture
def agent_of_today(house: House, login: str) -> Visitor:
    return at_work(house, login, Role("agent", VDN, login))


@pytest.fixture
def chief(house: House, login: str) -> Visitor:
    return at_work(house, f"chief.{login}", SUPERVISOR)


@pytest.fixture(autouse=True)
def _as_before(house: House) -> Iterator[None]:
    yield
    rule(house)


def form(visitor: Visitor, query: str = "", **fields: str) -> dict[str, str]:
    """Return the form of the page as somebody fills it in."""
    page = visitor.look(f"{BOOK}{query}")
    assert page.status == 200, page.text
    return {
        "form": page.hidden("form"),
        "like": page.hidden("like"),
        "number": "+86 138-0013 8000".replace("+", ""),
        "campaign": TASK,
        "day": "2026-11-28",
        "at": "14:00",
        "zone": "UTC",
        "kind": "manual",
        "note": "",
    } | fields


def booked(house: House, visitor: Visitor) -> Reservation:
    """Return what was just booked."""
    assert visitor.status == 303, visitor.text
    return standing(house, visitor.seen.headers["location"].partition("?")[0].rpartition("/")[2])


def offers(visitor: Visitor) -> list[int]:
    """Return the times that a page offers, in ms from noon."""
    found = re.findall(r'name="offer" value="(\d+)"', visitor.seen.text)
    return [int(each) - visitor.house.now() for each in found]


def open_of(house: House, login: str) -> list[Any]:
    return house.listed(userAccountList=[login])


def test_an_agent_books_a_call_in_the_persons_name(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    sent = form(agent_of_today, note="speak\r\nslowly", agent="somebody else")
    made = booked(house, agent_of_today.send(BOOK, sent))
    assert (made.called_no, made.agent, made.kind) == (NUMBER, login, "manual")
    assert made.appoint_at == house.now() + AT_TWO
    assert made.remark == "speak\nslowly"
    (event,) = house.store.history.of(VDN, made.id)
    assert (event.by_whom, event.what) == (f"person {login}", "reserved")
    page = agent_of_today.follow()
    assert "Call at 2026-11-28 14:00" in page.text
    assert '<p role="status">Booked: the call at 2026-11-28 14:00.' in page.seen.text
    assert "Booked:" not in agent_of_today.look(path(made.id)).text


def test_a_form_that_is_sent_twice_books_once(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    sent = form(agent_of_today)

    def send(_: int) -> int:
        twin = Visitor(house)
        twin.cookie = agent_of_today.cookie
        return twin.send(BOOK, sent).status

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(send, range(4))) == {303}
    assert len(open_of(house, login)) == 1


def test_a_form_that_is_sent_again_with_something_else_asks_whether_that_is_meant(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    sent = form(agent_of_today)
    booked(house, agent_of_today.send(BOOK, sent))
    page = agent_of_today.send(BOOK, sent | {"at": "15:00"})
    assert page.status == 422
    assert "this form has booked a call already" in page.text
    assert len(open_of(house, login)) == 1
    again = page.send(BOOK, sent | {"at": "15:00", "form": page.hidden("form")})
    assert booked(house, again).appoint_at == house.now() + 3 * HOUR
    assert len(open_of(house, login)) == 2


def test_a_name_of_a_form_is_nothing_in_other_hands(
    house: House, agent_of_today: Visitor, chief: Visitor, login: str
) -> None:
    sent = form(agent_of_today)
    mine = booked(house, agent_of_today.send(BOOK, sent))
    theirs = booked(house, chief.send(BOOK, sent | {"agent": login, "anyway": "yes"}))
    assert mine.id != theirs.id


def test_where_a_slot_is_taken_three_free_times_are_offered_and_one_is_booked(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    promise(house, AT_TWO + 5 * MINUTE, agent=login)
    promise(house, AT_TWO + 15 * MINUTE, agent=login)
    sent = form(agent_of_today, note="speak slowly")
    page = agent_of_today.send(BOOK, sent)
    assert page.status == 422
    assert f"{login} has a call at that time already" in page.text
    assert offers(page) == [AT_TWO - 15 * MINUTE, AT_TWO + 30 * MINUTE, AT_TWO + 45 * MINUTE]
    assert "13:45" in page.text
    assert "speak slowly" in page.text
    assert 'name="with"' not in page.seen.text
    assert 'name="anyway"' not in page.seen.text
    taken = str(house.now() + offers(page)[0])
    made = booked(house, agent_of_today.send(BOOK, sent | {"offer": taken}))
    assert made.appoint_at == house.now() + AT_TWO - 15 * MINUTE


def test_an_offer_that_was_taken_meanwhile_is_refused_with_others(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    promise(house, AT_TWO, agent=login)
    promise(house, AT_TWO - 15 * MINUTE, agent=login)
    page = agent_of_today.send(
        BOOK, form(agent_of_today, offer=str(house.now() + AT_TWO - 15 * MINUTE))
    )
    assert page.status == 422
    assert 'value="13:45"' in page.seen.text
    assert offers(page) == [AT_TWO - 30 * MINUTE, AT_TWO + 15 * MINUTE, AT_TWO + 30 * MINUTE]


def test_a_supervisor_is_offered_other_agents_and_may_book_anyway(
    house: House, chief: Visitor, agent_of_today: Visitor, login: str
) -> None:
    assert agent_of_today.status == 303
    other, third = unlike_any(), unlike_any()
    for each in (other, third):
        at_work(house, each, Role("agent", VDN, each))
    promise(house, AT_TWO, agent=login)
    sent = form(chief, agent=login)
    page = chief.send(BOOK, sent)
    offered = re.findall(r'name="with" value="([^"]*)"', page.seen.text)
    assert set(offered) == {other, third}
    assert booked(house, chief.send(BOOK, sent | {"with": other})).agent == other
    sent = form(chief, agent=login, anyway="yes")
    assert booked(house, chief.send(BOOK, sent)).appoint_at == house.now() + AT_TWO
    assert len(open_of(house, login)) == 2


def test_an_agent_may_not_overbook(house: House, agent_of_today: Visitor, login: str) -> None:
    promise(house, AT_TWO, agent=login)
    assert agent_of_today.send(BOOK, form(agent_of_today, anyway="yes")).status == 403
    assert len(open_of(house, login)) == 1


def test_of_a_time_that_has_passed_the_nearest_to_come_are_offered(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    promise(house, 15 * MINUTE, agent=login)
    page = agent_of_today.send(BOOK, form(agent_of_today, at="09:00"))
    assert page.status == 422
    assert "that time has passed" in page.text
    assert offers(page) == [30 * MINUTE, 45 * MINUTE, 60 * MINUTE]


def test_a_campaign_makes_calls_in_its_hours_alone(house: House, agent_of_today: Visitor) -> None:
    dials = '[{"begin":780,"end":840},{"begin":960,"end":1200}]'
    house.has_campaign(7, workday_windows=dials, dial_settings='{"time_zone":"Etc/GMT+1"}')
    page = agent_of_today.send(BOOK, form(agent_of_today, campaign="7", at="15:30"))
    assert page.status == 422
    assert "campaign campaign 7 makes no calls at that time" in page.text
    assert "13:00-14:00, 16:00-20:00 Etc/GMT+1" in page.text
    assert offers(page) == [2 * HOUR + 45 * MINUTE, 5 * HOUR, 5 * HOUR + 15 * MINUTE]


def test_a_slot_takes_as_many_calls_of_a_campaign_as_the_rules_say(
    house: House, agent_of_today: Visitor
) -> None:
    promise(house, AT_TWO + 7 * MINUTE, agent="zed", kind="automatic")
    rule(house, slot_calls_max=1, slot_minutes=60)
    page = agent_of_today.send(BOOK, form(agent_of_today, at="14:30"))
    assert "the campaign has" in page.text
    assert all(each % HOUR == 0 for each in offers(page))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": ""}, "the number is missing"),
        ({"number": "+8613800138000"}, "type it as you would dial it here"),
        ({"number": "1" * 25}, "has 25 characters, at most 24 fit"),
        ({"campaign": ""}, "choose a campaign"),
        ({"campaign": "9" * 40}, "choose a campaign"),
        ({"campaign": "404"}, "there is no campaign &#39;404&#39; in VDN 25"),
        ({"day": "2026-13-28"}, "is no date"),
        ({"day": "2099-12-31", "at": "23:00", "zone": "Etc/GMT+12"}, "does not lie in the years"),
        ({"at": ""}, "is no time"),
        ({"day": "2027-03-28", "at": "02:30", "zone": "Europe/Berlin"}, "does not exist on that"),
        ({"day": "2027-10-31", "at": "02:30", "zone": "Europe/Berlin"}, "comes twice on that day"),
        ({"zone": "Mars/Base"}, "there is no time zone"),
        ({"kind": "both"}, "choose one of what is offered"),
        ({"note": "x" * 501}, "has 501 characters, at most 500 fit"),
        ({"form": ""}, "load the page again"),
        ({"form": "1795867200000-short"}, "load the page again"),
        ({"form": "x-" + "a" * 43}, "load the page again"),
        ({"offer": "x"}, "load the page again"),
        ({"like": "%"}, "load the page again"),
    ],
    ids=str,
)
def test_what_cannot_be_booked_is_told_and_the_form_stays_filled(
    house: House, agent_of_today: Visitor, login: str, fields: dict[str, str], sentence: str
) -> None:
    page = agent_of_today.send(BOOK, form(agent_of_today, note="speak slowly") | fields)
    assert page.status == 422
    assert sentence in page.seen.text
    assert fields.get("note", "speak slowly") in page.seen.text
    assert open_of(house, login) == []


def test_a_time_in_another_zone_is_told_by_the_readers_clock_too(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    promise(house, AT_TWO, agent=login)
    page = agent_of_today.send(BOOK, form(agent_of_today, at="15:00", zone="Europe/Berlin"))
    assert "That is 2026-11-28 14:00 in UTC." in page.text
    assert "Free times, by the clock of Europe/Berlin 14:45 15:15 15:30" in page.text
    assert "That is" not in agent_of_today.send(BOOK, form(agent_of_today)).text


def test_of_an_hour_that_comes_twice_the_one_that_is_meant_is_booked(
    house: House, agent_of_today: Visitor
) -> None:
    house.has_campaign(8, end_at=house.now() + 9_000 * HOUR)
    sent = form(agent_of_today, campaign="8", day="2027-10-31", at="02:30", zone="Europe/Berlin")
    second = booked(house, agent_of_today.send(BOOK, sent | {"which": "second"}))
    sent = form(agent_of_today) | {key: sent[key] for key in ("campaign", "day", "at", "zone")}
    first = booked(house, agent_of_today.send(BOOK, sent | {"which": "first"}))
    assert second.appoint_at - first.appoint_at == HOUR


def test_a_supervisor_books_for_agents_that_there_are(chief: Visitor) -> None:
    page = chief.send(BOOK, form(chief, agent="nobody known"))
    assert "choose an agent" in page.text
    assert page.status == 422


def test_what_is_open_of_a_number_is_shown(
    house: House, agent_of_today: Visitor, chief: Visitor, login: str
) -> None:
    number = f"1390{int(login.removeprefix('somebody')):07d}"
    assert (
        "No other call to this number is open."
        in agent_of_today.send(BOOK, form(agent_of_today, number=number, look="yes")).text
    )
    mine = promise(house, 5 * HOUR, agent=login, called_no=number)
    theirs = promise(house, 6 * HOUR, agent="hal", called_no=number)
    page = agent_of_today.send(BOOK, form(agent_of_today, number=number, look="yes"))
    assert page.status == 200
    assert "2026-11-28 17:00" in page.text
    assert "2026-11-28 18:00" in page.text
    assert path(mine) in page.seen.text
    assert path(theirs) not in page.seen.text
    page = chief.send(BOOK, form(chief, number=number, look="yes"))
    assert path(theirs) in page.seen.text


def test_another_call_like_one_has_its_number_and_call_data_and_shows_no_number(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    first = promise(
        house, HOUR, agent=login, called_no=NUMBER, call_data='{"name": "Ann"}', remark="again"
    )
    assert f"{BOOK}?like={first}" in agent_of_today.look(path(first)).seen.text
    sent = form(agent_of_today, f"?like={first}", number="")
    assert NUMBER not in agent_of_today.seen.text
    assert "again" in agent_of_today.text
    made = booked(house, agent_of_today.send(BOOK, sent))
    assert (made.called_no, made.call_data) == (NUMBER, '{"name": "Ann"}')
    other = form(agent_of_today, f"?like={first}", number="77770001", at="15:00")
    assert booked(house, agent_of_today.send(BOOK, other)).call_data is None


def test_nothing_is_told_of_a_call_that_is_not_theirs(
    house: House, agent_of_today: Visitor
) -> None:
    theirs = promise(house, HOUR, agent="hal", called_no=NUMBER)
    assert agent_of_today.look(f"{BOOK}?like={theirs}").status == 404
    assert agent_of_today.look(f"{BOOK}?like=%27").status == 404
    rule(house, agents_see="vdn", numbers="full")  # what is seen is not one's own for that
    assert agent_of_today.look(path(theirs)).status == 200
    assert agent_of_today.look(f"{BOOK}?like={theirs}").status == 404
    assert agent_of_today.send(BOOK, form(agent_of_today) | {"like": theirs}).status == 404


@pytest.mark.parametrize("role", [Role("agent", 26, "ann"), Role("supervisor", 26)])
def test_nobody_books_in_another_vdn(house: House, role: Role) -> None:
    stranger = at_work(house, unlike_any(), role)
    assert stranger.look(BOOK).status == 403
    sent = {"form": f"{house.now()}-{'a' * 43}", "number": NUMBER, "campaign": TASK}
    sent |= {"day": "2026-11-28", "at": "14:00", "kind": "manual", "agent": "ann"}
    assert stranger.send(BOOK, sent).status == 403


def test_an_operator_books_for_the_agents_of_a_vdn(house: House, login: str) -> None:
    promise(house, HOUR, agent=login)
    someone = at_work(house, unlike_any(), OPERATOR)
    assert booked(house, someone.send(BOOK, form(someone, agent=login))).agent == login


def test_an_automatic_call_takes_nobodys_slot(
    house: House, agent_of_today: Visitor, login: str
) -> None:
    promise(house, AT_TWO, agent=login)
    made = booked(house, agent_of_today.send(BOOK, form(agent_of_today, kind="automatic")))
    assert (made.kind, made.agent) == ("automatic", login)
    assert made.due_at is not None


def test_a_call_is_moved_to_where_its_agent_is_free(
    house: House, agent_of_today: Visitor, chief: Visitor, login: str
) -> None:
    promise(house, AT_TWO, agent=login)
    id_ = promise(house, AT_TWO + 15 * MINUTE, agent=login)
    sent = {"version": "1", "day": "2026-11-28", "at": "14:10"}
    page = agent_of_today.send(path(id_, "move"), sent)
    assert page.status == 422
    assert "has a call at that time already" in page.text
    # Its own slot is in no way.
    assert offers(page) == [AT_TWO - 15 * MINUTE, AT_TWO + 15 * MINUTE, AT_TWO + 30 * MINUTE]
    assert agent_of_today.send(path(id_, "move"), sent | {"anyway": "yes"}).status == 403
    taken = str(house.now() + offers(page)[0]) if offers(page) else ""
    assert taken == ""  # a page that refuses offers nothing
    assert standing(house, id_).version == 1
    taken = str(house.now() + AT_TWO + 30 * MINUTE)
    assert agent_of_today.send(path(id_, "move"), sent | {"offer": taken}).status == 303
    assert standing(house, id_).appoint_at == house.now() + AT_TWO + 30 * MINUTE
    sent |= {"version": "2", "anyway": "yes"}
    assert chief.send(path(id_, "move"), sent).status == 303
    event = house.store.history.of(VDN, id_)[-1]
    assert json.loads(event.detail) == {"appoint_at": house.now() + AT_TWO + 10 * MINUTE}


def test_requests_over_the_api_book_a_taken_slot_as_before(house: House, login: str) -> None:
    at = house.now() + AT_TWO
    assert house.reserve(userAccount=login, appointTime=at)
    assert house.reserve(userAccount=login, appointTime=at)
