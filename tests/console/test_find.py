"""Calls are found by number, agent, campaign and day, page by page, and go into a file."""

import csv
import re
from io import StringIO

import pytest

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Result
from callkeeper.store.port.access import AgentName
from tests.console.test_house_rules import rule
from tests.console.visitor import SUPERVISOR, Visitor, at_work, promise, unlike_any
from tests.house import HOUR, TASK, VDN, House
from tests.store.orders import carry_out, order

FIND = f"/console/{VDN}/find"
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def sue(house: House) -> Visitor:
    return at_work(house, "sue", SUPERVISOR)


def found(visitor: Visitor) -> list[str]:
    return re.findall(r'id="call-(\d+)"', visitor.seen.text)


def test_calls_are_found_by_what_is_typed_and_each_filter_can_be_dropped(
    house: House, sue: Visitor
) -> None:
    agent, number = unlike_any(), "8613900001111"
    first = promise(house, HOUR, agent=agent, called_no=number)
    later = promise(house, 3 * DAY, agent=agent, called_no=number)
    other = promise(house, 2 * HOUR, agent=agent)
    carry_out(house.store, order(first, Result(fail_code="00537"), vdn=VDN, at=house.now()))
    for form, expected in (
        ({"number": "86 139-0000 1111"}, [first, later]),
        ({"agent": agent}, [first, other, later]),
        ({"agent": agent, "number": number, "only": "yes"}, [later]),
        ({"agent": agent, "only": "yes"}, [other, later]),
        ({"agent": agent, "from": "2026-11-29"}, [later]),
        ({"agent": agent, "to": "2026-11-28", "campaign": TASK}, [first, other]),
        ({"agent": agent, "campaign": "999"}, []),
        ({"agent": agent, "number": number, "drop": "number"}, [first, other, later]),
    ):
        assert sue.send(FIND, form).status == 200
        assert found(sue) == expected, form
    assert number not in sue.send(FIND, {"agent": agent}).seen.text


def test_an_agent_is_found_by_what_the_vdn_calls_them_and_a_name_of_two_finds_nothing(
    house: House, sue: Visitor
) -> None:
    one, other, third = unlike_any(), unlike_any(), unlike_any()
    names = [(one, f"Wang {one}"), (other, f"Li {other}"), (third, f"Li {other}")]
    with house.store.transaction():
        house.store.agents.name([AgentName(VDN, *each, house.now()) for each in names])
    id_ = promise(house, HOUR, agent=one)
    promise(house, HOUR, agent=other)
    for typed, expected in ((one, [id_]), (f"Wang {one}", [id_]), (f"Li {other}", [])):
        assert sue.send(FIND, {"agent": typed}).status == 200
        assert found(sue) == expected, typed
    offered = f'<option value="{one}">Wang {one} ({one})'
    assert offered in sue.seen.text
    rule(house, agents_see="vdn")
    try:  # who see all of the VDN are told of no colleagues beside that
        agent = at_work(house, unlike_any(), Role("agent", VDN, other))
        assert found(agent.send(FIND, {"agent": one})) == [id_]
        assert offered not in agent.seen.text
    finally:
        rule(house)


def test_an_address_may_ask_for_all_but_a_number(house: House, sue: Visitor) -> None:
    agent = unlike_any()
    id_ = promise(house, HOUR, agent=agent)
    sue.look(f"{FIND}?agent={agent}&number=1&only=1&from=2026-11-28&to=2026-11-28&campaign={TASK}")
    assert found(sue) == [id_]


@pytest.mark.parametrize("only", ["", "yes"])
def test_more_than_a_page_is_found_page_by_page(house: House, sue: Visitor, only: str) -> None:
    agent = unlike_any()
    ids = [promise(house, HOUR + 1000 * number, agent=agent) for number in range(55)]
    form = {"agent": agent, "only": only}
    assert found(sue.send(FIND, form)) == ids[:50]
    assert "1 to 50 of 55" in sue.text
    assert found(sue.send(FIND, form | {"offset": "50"})) == ids[50:]
    assert "51 to 55 of 55" in sue.text
    assert "There are no more" in sue.send(FIND, form | {"offset": "9" * 15}).text


def test_an_agent_finds_what_is_their_own_whatever_is_typed(house: House) -> None:
    login = unlike_any()
    own = at_work(house, login, Role("agent", VDN, login))
    mine, theirs = promise(house, HOUR, agent=login), promise(house, HOUR, agent="somebody else")
    for form in ({}, {"agent": "somebody else"}, {"number": "66660001"}, {"only": "yes"}):
        assert mine in found(own.send(FIND, form))
        assert theirs not in found(own)
    assert "as a file" not in own.text
    assert own.send(f"{FIND}/csv").status == 403


def test_numbers_are_in_full_on_an_agents_own_calls_alone(house: House) -> None:
    login, mine, theirs = unlike_any(), "8613900003333", "8613900004444"
    own = at_work(house, login, Role("agent", VDN, login))
    promise(house, 40 * DAY, agent=login, called_no=mine)
    promise(house, 40 * DAY, agent="somebody else", called_no=theirs)
    rule(house, agents_see="vdn", numbers="full")
    try:
        page = own.send(FIND, {"from": "2027-01-07"})
        assert len(found(page)) == 2
        assert (mine in page.seen.text, theirs in page.seen.text) == (True, False)
    finally:
        rule(house)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"number": "call me"}, "is not allowed"),
        ({"number": "\0"}, "is not allowed"),
        ({"number": "1" * 60_000}, "at most"),
        ({"agent": "a\0b"}, "is not allowed"),
        ({"campaign": "x"}, "choose one of the campaigns"),
        ({"from": "2026-13-01"}, "is no date"),
        ({"to": "0001-01-01"}, "is no date"),
        ({"from": "2026-11-29", "to": "2026-11-28"}, "ends before it begins"),
        ({"offset": "x"}, "cannot be read"),
    ],
    ids=str,
)
def test_what_cannot_be_looked_for_is_refused_with_what_was_typed(
    sue: Visitor, form: dict[str, str], says: str
) -> None:
    refused = sue.send(FIND, form | {"only": "yes"})
    assert (refused.status, says in refused.text) == (422, True), refused.text
    assert 'value="outstanding" checked' in refused.seen.text


def test_what_is_found_goes_into_a_file_that_carries_out_nothing(
    house: House, sue: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    agent = unlike_any()
    id_ = promise(house, HOUR, agent=agent, called_no="8613900002222", remark="=HYPERLINK(1)")
    taken = sue.send(f"{FIND}/csv", {"agent": agent}).seen
    assert taken.headers["content-type"].startswith("text/csv")
    heads, row = csv.reader(StringIO(taken.text.removeprefix("\ufeff")))
    told = dict(zip(heads, row, strict=True))
    assert (told["id"], told["note"]) == (f"id {id_}", "'=HYPERLINK(1)")
    assert told["time"] == "2026-11-28T13:00:00Z"
    assert told["number"].endswith("2222")
    assert "86139" not in taken.text
    assert "reservations_exported" in "".join(capfd.readouterr())
    assert sue.send(f"{FIND}/csv", {"from": "x"}).status == 422
