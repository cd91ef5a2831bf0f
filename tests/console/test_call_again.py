"""A result with *call again*: the customer's next call is booked with it, and neither alone."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from callkeeper.core.people.person import Role
from tests.console.test_result import ResultForm
from tests.console.visitor import (
    SUPERVISOR,
    Visitor,
    at_work,
    path,
    promise,
    standing,
    unlike_any,
)
from tests.house import HOUR, VDN, House

MINUTE = 60_000
ZONE = "Europe/Berlin"


@pytest.fixture
def login() -> str:
    return unlike_any()


@pytest.fixture
def ann(house: House, agent: Visitor, login: str) -> Visitor:
    """Return an agent with a list of her own, whose clock shows 13:00."""
    assert agent.house is house
    visitor = at_work(house, login, Role("agent", VDN, login))
    return visitor.send("/console/me", {"name": "Ann", "language": "", "zone": ZONE})


def form_of(visitor: Visitor, id_: str) -> dict[str, str]:
    return ResultForm(visitor.look(path(id_)).seen.text).fields | {"end": "00537"}


def waiting(visitor: Visitor) -> list[str]:
    return re.findall(r'id="call-(\d+)"', visitor.look(f"/console/{VDN}/today").seen.text)


def test_the_next_call_is_booked_and_both_tell_of_each_other(
    house: House, ann: Visitor, login: str
) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login, called_no="13800132771", call_data='{"a":"b"}')
    form = form_of(ann, id_) | {"again": str(house.now() + HOUR), "note": "after lunch"}
    assert ann.send(path(id_, "result"), form).status == 303
    (new_id,) = waiting(ann)
    old, new = standing(house, id_), standing(house, new_id)
    assert (old.state, old.remark, new.remark) == ("done", "after lunch", "after lunch")
    assert (new.kind, new.appoint_at, new.agent) == ("manual", house.now() + HOUR, login)
    assert (new.called_no, new.call_data) == (old.called_no, old.call_data)
    assert f'href="{path(new_id)}"' in ann.look(path(id_)).seen.text
    assert f'href="{path(id_)}"' in ann.look(path(new_id)).seen.text


def test_a_double_click_books_once_and_is_told_of_nothing(
    house: House, ann: Visitor, login: str
) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login)
    form = form_of(ann, id_) | {"again": str(house.now() + HOUR)}
    answers = [ann.send(path(id_, "result"), form).status for _ in range(2)]
    assert answers == [303, 303]
    assert len(waiting(ann)) == 1
    assert standing(house, id_).version == 2


def test_whoever_goes_back_and_types_something_else_is_told(
    house: House, ann: Visitor, login: str
) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login)
    form = form_of(ann, id_) | {"again": str(house.now() + HOUR)}
    assert ann.send(path(id_, "result"), form).status == 303
    assert ann.send(path(id_, "result"), form | {"end": "00603", "again": ""}).status == 409
    assert (standing(house, id_).fail_code, len(waiting(ann))) == ("00537", 1)


def test_another_time_is_typed_by_ones_own_clock(house: House, ann: Visitor, login: str) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login)
    form = form_of(ann, id_)
    assert (form["again_day"], form["again_at"]) == ("2026-11-29", "12:55")
    other = {"again": "other", "again_day": "2026-11-30", "again_at": "09:30"}
    assert ann.send(path(id_, "result"), form | other).status == 303
    (new_id,) = waiting(ann)
    nine_thirty = datetime(2026, 11, 30, 9, 30, tzinfo=ZoneInfo(ZONE))
    assert standing(house, new_id).appoint_at == nine_thirty.timestamp() * 1000


@pytest.mark.parametrize(
    ("again", "fault"),
    [
        ({"again": "1"}, ""),
        ({"again": "soon"}, ""),
        ({"again": "946684800000"}, "again-fault"),
        ({"again": "other", "again_day": "2026-13-01", "again_at": "09:30"}, "again_day-fault"),
        ({"again": "other", "again_day": "2026-12-01", "again_at": "25:00"}, "again_at-fault"),
        ({"again": "other", "again_day": "2026-11-01", "again_at": "09:30"}, "again-fault"),
        ({"again": "other", "again_day": "2027-03-28", "again_at": "02:30"}, "again_at-fault"),
        ({"again": "other", "again_day": "2027-10-31", "again_at": "02:30"}, "again_which-fault"),
        ({"again": "other", "again_day": "", "again_at": ""}, "again_day-fault"),
    ],
    ids=str,
)
def test_a_time_that_cannot_be_is_refused_and_nothing_is_filed(
    house: House, ann: Visitor, login: str, again: dict[str, str], fault: str
) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login)
    form = form_of(ann, id_) | {"note": "typed"} | again
    refused = ann.send(path(id_, "result"), form)
    assert refused.status == 422
    assert f'id="{fault}"' in refused.seen.text or not fault
    kept = ResultForm(refused.seen.text).fields
    assert (kept["end"], kept["note"]) == ("00537", "typed")
    assert standing(house, id_).version == 1
    assert waiting(ann) == [id_]


def test_a_slot_that_is_taken_is_answered_with_free_ones_and_one_of_them_is_taken(
    house: House, ann: Visitor, login: str
) -> None:
    id_ = promise(house, -5 * MINUTE, agent=login)
    promise(house, HOUR, agent=login)
    form = form_of(ann, id_) | {"again": str(house.now() + HOUR)}
    refused = ann.send(path(id_, "result"), form)
    assert refused.status == 422
    assert "has a call at that time already" in refused.text
    assert standing(house, id_).version == 1
    offered = re.findall(r'name="offer" value="(\d+)"', refused.seen.text)
    assert len(offered) == 3
    form = ResultForm(refused.seen.text).fields | {"offer": offered[0]}
    assert ann.send(path(id_, "result"), form).status == 303
    assert sorted(standing(house, each).appoint_at for each in waiting(ann)) == sorted(
        [house.now() + HOUR, int(offered[0])]
    )


def test_a_supervisor_books_the_next_call_for_the_agent_whose_it_is(
    house: House, ann: Visitor, login: str
) -> None:
    sue = at_work(house, unlike_any(), SUPERVISOR)
    id_ = promise(house, -5 * MINUTE, agent=login)
    form = form_of(sue, id_) | {"again": str(house.now() + HOUR)}
    assert sue.send(path(id_, "result"), form).status == 303
    (new_id,) = waiting(ann)
    assert standing(house, new_id).agent == login
    nobodys = promise(house, -5 * MINUTE, agent=None)
    form = form_of(sue, nobodys) | {"again": str(house.now() + HOUR)}
    refused = sue.send(path(nobodys, "result"), form)
    assert (refused.status, standing(house, nobodys).version) == (422, 1)
    assert "nobody would make the next one" in refused.text
