"""An agent's list: what is late first, then what comes next, and what is done."""

import re

import pytest

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Result
from tests.console.visitor import SUPERVISOR, at_work, promise, rewrite, unlike_any
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order

TODAY = f"/console/{VDN}/today"
MINUTE = 60_000


def rows(page: str) -> list[str]:
    """Return the ids of the calls that a page shows, in its order."""
    return re.findall(r'id="(?:call|done)-(\d+)"', page)


def test_the_calls_of_whoever_looks_are_shown_and_nobody_elses(house: House) -> None:
    ann, bob = at_work(house, "ann"), at_work(house, "bob", Role("agent", VDN, "bob"))
    assert "Nothing to call." in ann.look(TODAY).text
    next_, late = promise(house, 20 * MINUTE), promise(house, -5 * MINUTE, remark="speak slowly")
    broken, done = promise(house, -3 * HOUR), promise(house, -MINUTE)
    promise(house, 20 * MINUTE, agent="bob")
    carry_out(house.store, order(done, Result(fail_code="00537"), vdn=VDN, at=house.now()))
    page = ann.look(TODAY)
    assert rows(page.seen.text) == [next_, broken, late, done]
    assert "2 late, 1 to come; of today's, 1 done" in page.text
    assert "5 min late" in page.text
    assert "speak slowly" in page.text
    assert "busy" in page.text
    assert len(rows(bob.look(TODAY).seen.text)) == 1


def test_what_is_for_other_days_is_folded_and_the_next_one_stands_above(house: House) -> None:
    ida = at_work(house, "ida", Role("agent", VDN, "ida"))
    tomorrow, later = (promise(house, days * 24 * HOUR, agent="ida") for days in (1, 2))
    page = ida.look(TODAY)
    assert rows(page.seen.text) == [tomorrow, later]
    assert "On other days (1)" in page.text
    assert "Nothing more to call today." in page.text
    today = promise(house, HOUR, agent="ida")
    page = ida.look(TODAY)
    assert rows(page.seen.text) == [today, tomorrow, later]
    assert "On other days (2)" in page.text
    assert "Nothing more" not in page.text


def test_all_that_is_late_is_counted_and_more_than_fits_is_told(house: House) -> None:
    dan = at_work(house, "dan", Role("agent", VDN, "dan"))
    for number in range(205):
        promise(house, -MINUTE - number, agent="dan")
    promise(house, HOUR, agent="dan")
    page = dan.look(TODAY)
    assert len(rows(page.seen.text)) == 200
    assert "205 late, 1 to come; of today's, 0 done" in page.text
    assert "There are more than fit here" in page.text


def test_what_is_to_come_is_said_to_be_more_than_is_shown(house: House) -> None:
    fay = at_work(house, "fay", Role("agent", VDN, "fay"))
    for number in range(201):
        promise(house, HOUR + number, agent="fay")
    assert "0 late, 200+ to come" in fay.look(TODAY).text
    assert "There are more than fit here" in fay.text


def test_one_that_is_tried_again_is_in_no_minutes_that_have_passed(house: House) -> None:
    gil = at_work(house, "gil", Role("agent", VDN, "gil"))
    id_ = promise(house, -5 * MINUTE, agent="gil")
    rewrite(house, id_, "UPDATE reservation SET tries = 1 WHERE id = ?")
    page = gil.look(f"/console/{VDN}/reservations/{id_}")
    assert "is tried again" in page.text
    assert "in -" not in page.text


def test_numbers_are_masked_in_a_list(house: House) -> None:
    ann = at_work(house, "cem", Role("agent", VDN, "cem"))
    promise(house, MINUTE, agent="cem", called_no="13800138000")
    page = ann.look(TODAY).seen.text
    assert "8000" in page
    assert "13800138000" not in page


def test_times_are_by_the_clock_that_the_person_chose(house: House) -> None:
    ann = at_work(house, "eva", Role("agent", VDN, "eva"))
    promise(house, 12 * HOUR, agent="eva")
    ann.send("/console/me", {"name": "Eva", "language": "", "zone": "Pacific/Kiritimati"})
    assert "Pacific/Kiritimati" in ann.look(TODAY).text


@pytest.mark.parametrize("path", [TODAY, "/console/26/today"])
def test_whoever_is_no_agent_there_is_told_whom_to_ask(house: House, path: str) -> None:
    visitor = at_work(house, unlike_any(), SUPERVISOR).look(path)
    assert visitor.status == 403
    assert "ask your administrator" in visitor.text


@pytest.mark.parametrize("days_ago", [0, 2])
def test_a_result_that_was_filed_is_confirmed_whatever_day_its_call_was_for(
    house: House, days_ago: int
) -> None:
    login = unlike_any()
    agent = at_work(house, login, Role("agent", VDN, login))
    id_ = promise(house, -days_ago * 24 * HOUR - MINUTE, agent=login)
    next_ = promise(house, HOUR, agent=login)
    assert "Filed:" not in agent.look(f"{TODAY}?filed={id_}").text
    carry_out(house.store, order(id_, Result(fail_code="00537"), vdn=VDN, at=house.now()))
    page = agent.look(f"{TODAY}?filed={id_}")
    assert "Filed: the call at" in page.text
    assert re.search(rf'id="call-{next_}"[^>]* autofocus', page.seen.text)


def test_of_a_colleagues_call_nothing_is_confirmed(house: House) -> None:
    agent = at_work(house, unlike_any(), Role("agent", VDN, unlike_any()))
    id_ = promise(house, -MINUTE, agent="bob")
    carry_out(house.store, order(id_, Result(fail_code="00537"), vdn=VDN, at=house.now()))
    for filed in (id_, "9", "../x"):
        assert "Filed:" not in agent.look(f"{TODAY}?filed={filed}").text
