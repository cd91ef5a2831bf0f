"""The form of a result: it shows what is on record, and changes no more than what is typed."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Result
from tests.console.visitor import (
    SUPERVISOR,
    Visitor,
    at_work,
    path,
    promise,
    rewrite,
    standing,
    unlike_any,
)
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order

MINUTE = 60_000
FILED = ("fail_code", "business_result", "business_sub_result", "begin_at", "end_at", "agent")


class ResultForm(HTMLParser):
    """What a browser sends of the form, if nobody touches it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = self._area = ""
        found = re.search(r'<form[^>]*/result".*?</form>', page, re.DOTALL)
        self.feed(found[0] if found else "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option":
            if "selected" in given or self._select not in self.fields:
                self.fields[self._select] = given["value"]
        elif tag == "input" and (given["type"] != "radio" or "checked" in given):
            self.fields[given["name"]] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


def untouched(visitor: Visitor, id_: str) -> dict[str, str]:
    return ResultForm(visitor.look(path(id_)).seen.text).fields


def filed(house: House, id_: str) -> dict[str, Any]:
    reservation = standing(house, id_)
    return {name: getattr(reservation, name) for name in FILED}


def done(house: House, **result: Any) -> str:
    """Return a reservation of agent ann of which a result is on record."""
    id_ = promise(house, -5 * MINUTE)
    carry_out(house.store, order(id_, Result(**result), vdn=VDN, at=house.now()))
    return id_


@pytest.fixture
def ann(agent: Visitor) -> Visitor:
    return agent.send("/console/me", {"name": "Ann", "language": "", "zone": "Asia/Shanghai"})


@pytest.fixture
def at_midnight(ann: Visitor) -> Visitor:
    """Return agent ann where it is 00:00."""
    return ann.send("/console/me", {"name": "Ann", "language": "", "zone": "Etc/GMT-12"})


@pytest.mark.parametrize(
    "result",
    [
        {"fail_code": "00537"},
        {"fail_code": "00018", "call_id": "x"},
        {"fail_code": "00603", "business_result": "10", "business_sub_result": "11"},
        {"business_result": "10"},
    ],
    ids=str,
)
@pytest.mark.parametrize("ago_ms", [None, 59_999, 3 * 24 * HOUR + 1], ids=str)
def test_what_nobody_touches_stays_as_it_was_filed(
    house: House, ann: Visitor, result: dict[str, str], ago_ms: int | None
) -> None:
    began = {} if ago_ms is None else {"begin_at": house.now() - ago_ms, "end_at": house.now()}
    id_ = done(house, **result, **began)
    before = filed(house, id_)
    assert ann.send(path(id_, "result"), untouched(ann, id_)).status == 303
    assert filed(house, id_) == before


def test_a_business_result_that_is_defined_no_more_stays(house: House, ann: Visitor) -> None:
    id_ = done(house, fail_code="00537", business_result="10")
    rewrite(house, id_, "UPDATE reservation SET business_result = '99' WHERE id = ?")
    assert ann.send(path(id_, "result"), untouched(ann, id_) | {"end": "00603"}).status == 303
    assert (standing(house, id_).business_result, standing(house, id_).fail_code) == ("99", "00603")


def test_of_a_call_that_the_system_made_only_the_business_result_is_asked(
    house: House, ann: Visitor
) -> None:
    id_ = done(house, fail_code="00537", begin_at=house.now())
    rewrite(house, id_, "UPDATE reservation SET tries = 1, outcome = 'busy' WHERE id = ?")
    form = untouched(ann, id_)
    assert form.keys() == {"version", "form", "business", "note", "again", "again_day", "again_at"}
    assert ann.send(path(id_, "result"), form | {"business": "10/11"}).status == 303
    assert (standing(house, id_).business_result, standing(house, id_).fail_code) == ("10", "00537")


def test_another_minute_is_of_the_day_that_is_on_record(house: House, ann: Visitor) -> None:
    began = house.now() - 3 * 24 * HOUR
    id_ = done(house, fail_code="00537", begin_at=began)
    form = untouched(ann, id_)
    assert form["at"] == "20:00"
    assert ann.send(path(id_, "result"), form | {"at": "19:55"}).status == 303
    assert standing(house, id_).begin_at == began - 5 * MINUTE


def test_a_business_result_can_be_taken_away(house: House, ann: Visitor) -> None:
    id_ = done(house, fail_code="00000", business_result="10", business_sub_result="11")
    assert ann.send(path(id_, "result"), untouched(ann, id_) | {"business": ""}).status == 303
    new = standing(house, id_)
    assert (new.fail_code, new.business_result, new.business_sub_result) == ("00000", None, None)


@pytest.mark.parametrize(
    "end", ["anything", "", "0" * 60_000, "\0", "00001"], ids=lambda end: end[:9]
)
def test_an_end_that_the_form_does_not_offer_is_refused_at_its_field(
    house: House, ann: Visitor, end: str
) -> None:
    id_ = promise(house, -5 * MINUTE)
    refused = ann.send(path(id_, "result"), untouched(ann, id_) | {"end": end})
    assert refused.status == 422
    assert 'id="end-fault">choose how the call ended' in refused.seen.text
    assert standing(house, id_).state == "waiting"


@pytest.mark.parametrize("business", ["99", "10/99", "10/11/12", "\0", "9" * 60_000], ids=len)
def test_a_business_result_that_nobody_defined_is_refused_at_its_field(
    house: House, ann: Visitor, business: str
) -> None:
    id_ = promise(house, -5 * MINUTE)
    refused = ann.send(path(id_, "result"), untouched(ann, id_) | {"business": business})
    assert refused.status == 422
    assert 'id="business-fault">' in refused.seen.text
    assert standing(house, id_).state == "waiting"


@pytest.mark.parametrize("began", ["x", "1" * 19, "1", "253402300799999"])
def test_a_beginning_on_record_that_can_be_none_is_refused(
    house: House, ann: Visitor, began: str
) -> None:
    id_ = done(house, fail_code="00537", begin_at=house.now())
    refused = ann.send(path(id_, "result"), untouched(ann, id_) | {"began": began})
    assert (refused.status, "cannot be read" in refused.text) == (422, True)


def test_a_call_before_midnight_may_be_filed_after_it(house: House, at_midnight: Visitor) -> None:
    id_ = promise(house, -10 * MINUTE)
    form = untouched(at_midnight, id_)
    assert form["at"] == "00:00"
    assert (
        at_midnight.send(path(id_, "result"), form | {"at": "23:55", "end": "00000"}).status == 303
    )
    assert standing(house, id_).begin_at == house.now() - 5 * MINUTE


def test_one_that_would_be_long_ago_is_still_to_come(house: House, at_midnight: Visitor) -> None:
    id_ = promise(house, -10 * MINUTE)
    form = untouched(at_midnight, id_) | {"at": "12:00", "end": "00000"}
    refused = at_midnight.send(path(id_, "result"), form)
    assert refused.status == 422
    assert "12:00 is still to come" in refused.text
    assert standing(house, id_).state == "waiting"


def test_whoever_corrects_a_colleagues_result_does_not_become_its_agent(house: House) -> None:
    eve = at_work(house, unlike_any(), Role("supervisor", VDN, "eve"))
    theirs = done(house, fail_code="00537")
    assert eve.send(path(theirs, "result"), untouched(eve, theirs) | {"end": "00603"}).status == 303
    assert (standing(house, theirs).agent, standing(house, theirs).fail_code) == ("ann", "00603")
    nobodys = promise(house, -5 * MINUTE, agent=None)
    form = untouched(eve, nobodys) | {"end": "00603"}
    assert eve.send(path(nobodys, "result"), form).status == 303
    assert standing(house, nobodys).agent == "eve"


def test_whoever_has_no_list_is_shown_what_they_filed(house: House) -> None:
    sue = at_work(house, unlike_any(), SUPERVISOR)
    id_ = promise(house, -5 * MINUTE)
    assert sue.send(path(id_, "result"), untouched(sue, id_) | {"end": "00000"}).status == 303
    assert sue.follow().status == 200
    assert "answered" in sue.text


def test_nobody_says_by_one_click_how_a_call_ended_that_nobody_has_made(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, 24 * HOUR)
    form = untouched(ann, id_)
    assert "end" not in form
    refused = ann.send(path(id_, "result"), form | {"note": "typed"})
    assert refused.status == 422
    assert 'id="end-fault">choose how the call ended' in refused.seen.text
    assert ResultForm(refused.seen.text).fields["note"] == "typed"
    assert standing(house, id_).state == "waiting"


def test_a_business_result_is_enough_and_says_nothing_of_how_the_call_ended(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, -5 * MINUTE)
    assert ann.send(path(id_, "result"), untouched(ann, id_) | {"business": "10"}).status == 303
    new = standing(house, id_)
    assert (new.state, new.fail_code, new.business_result) == ("done", None, "10")
