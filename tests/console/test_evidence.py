"""What the line says of a call stands beside its form, and what nobody has said of it is asked."""

from itertools import count
from typing import Any

import pytest

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.people.person import Role
from tests.console.test_result import ResultForm
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
from tests.house import TASK, VDN, House
from tests.store.calls import BUSY, LEAD, begin, claim, due, end, ending, note, word

MINUTE = 60_000
TODAY = f"/console/{VDN}/today"
ANSWERED = Hangup(16, "Normal Clearing")

_numbers = count(1)


@pytest.fixture
def ann(agent: Visitor) -> Visitor:
    return agent.send("/console/me", {"name": "Ann", "language": "", "zone": ""})


def tried(house: House, hangup: Hangup, *, agent: str = "ann", answered: bool = False) -> str:
    """Have the system make a call of an agent's that began 4 minutes ago and took 3."""
    at = house.now() - 4 * MINUTE
    number = next(_numbers)
    wish: dict[str, Any] = {"vdn": VDN, "campaign_id": TASK, "agent": agent, "at": at}
    (made,) = due(house.store, number, id=f"tried{number}", appoint_at=at + LEAD, **wish)
    (attempt,) = [
        each for each in claim(house.store, at=at).attempts if each.reservation_id == made.id
    ]
    begin(house.store, attempt, at=at)
    note(house.store, word(attempt, ringing_at=at + 2_000))
    if answered:
        note(house.store, word(attempt, answered_at=at + 8_000))
    ended: Attempt | None = end(house.store, ending(attempt, hangup, at=at + 3 * MINUTE))[0]
    assert ended is not None
    return made.id


def test_a_reservations_tries_are_told_with_the_raw_cause(house: House, ann: Visitor) -> None:
    page = ann.look(path(tried(house, BUSY))).text
    said = "busy (cause 17, User busy, SIP 486), 2026-11-28 11:56:00 \u2013 11:59:00"
    assert f"The line says {said}" in page
    assert f"2026-11-28 11:56:00 line rehearsal, rang 178 s, {said}" in page


def test_what_was_answered_is_listed_until_somebody_says_more(house: House) -> None:
    ann = at_work(house, login := unlike_any(), Role("agent", VDN, login))
    id_ = tried(house, ANSWERED, agent=login, answered=True)
    other = tried(house, BUSY, agent=login)
    page = ann.look(TODAY).seen.text
    assert f'id="unfiled-{id_}"' in page
    assert f'id="done-{id_}"' not in page
    assert f'id="done-{other}"' in page
    assert "the line says: answered" in ann.text
    form = ResultForm(ann.look(path(id_)).seen.text).fields
    assert not form.keys() & {"end", "at"}
    assert (
        ann.send(path(id_, "result"), form | {"business": "10", "note": "likes it"}).status == 303
    )
    page = ann.follow().seen.text
    assert f'id="unfiled-{id_}"' not in page
    assert f'id="done-{id_}"' in page
    now = standing(house, id_)
    assert (now.fail_code, now.business_result, now.remark) == ("00000", "10", "likes it")


def test_where_a_vdn_defines_no_results_none_is_missing(house: House) -> None:
    house.has_campaign(9, vdn=27)
    zoe = at_work(house, unlike_any(), Role("agent", 27, "zoe"))
    assert "Result missing" not in zoe.look("/console/27/today").text


def test_one_that_would_be_tried_again_is_closed_by_whoever_reached_the_customer(
    house: House, ann: Visitor
) -> None:
    id_ = promise(house, -5 * MINUTE, kind="automatic")
    tried_once = (
        "UPDATE reservation SET tries = 1, fail_code = '00537', outcome = 'busy' WHERE id = ?"
    )
    rewrite(house, id_, tried_once)
    form = ResultForm(ann.look(path(id_)).seen.text).fields
    assert "nobody calls again" in ann.text
    assert ann.send(path(id_, "result"), form).status == 303
    assert (standing(house, id_).state, standing(house, id_).fail_code) == ("done", "00537")


def test_what_the_line_says_of_a_call_that_an_agent_asked_for_is_filled_in(
    house: House, ann: Visitor
) -> None:
    id_ = tried(house, BUSY)
    as_if_asked_for = "kind = 'manual', state = 'waiting', due_at = NULL, look_at = NULL"
    rewrite(house, id_, f"UPDATE reservation SET {as_if_asked_for} WHERE id = ?")  # noqa: S608
    form = ResultForm(ann.look(path(id_)).seen.text).fields
    assert (form["end"], form["at"]) == ("00537", "11:56")


def test_no_form_says_in_the_lines_name_what_it_has_not_said(house: House, ann: Visitor) -> None:
    id_ = promise(house, -5 * MINUTE)
    form = ResultForm(ann.look(path(id_)).seen.text).fields | {"end": "as the line says"}
    refused = ann.send(path(id_, "result"), form)
    assert (refused.status, standing(house, id_).state) == (422, "waiting")


def test_the_second_of_two_sees_what_is_on_record_beside_what_he_typed(
    house: House, ann: Visitor
) -> None:
    sue = at_work(house, unlike_any(), SUPERVISOR)
    id_ = promise(house, -5 * MINUTE)
    form = ResultForm(sue.look(path(id_)).seen.text).fields
    first = form | {"end": "00537", "business": "10", "note": "rang twice", "at": "11:57"}
    assert ann.send(path(id_, "result"), first).status == 303
    late = sue.send(path(id_, "result"), form | {"end": "00603", "note": "nobody there"})
    assert late.status == 409
    assert (
        "On record now busy, Sold, 2026-11-28 11:57"
        " Note on record rang twice Changed last by person ann"
    ) in late.text
    kept = ResultForm(late.seen.text).fields
    assert (kept["end"], kept["note"]) == ("00603", "nobody there")
