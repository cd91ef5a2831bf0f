"""Lines as operators see them: who dials over which, what they bear, and how calls ended."""

import re
from typing import Any, get_args

import pytest

from callkeeper.console.lines import OUTCOME_WORDS
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import Asking
from callkeeper.core.dialing.lease import LEASE_MS
from callkeeper.core.outcome import Outcome
from callkeeper.core.people.changes import GiveRole
from callkeeper.core.people.person import Role
from callkeeper.usecases.invitations import change_person
from tests.console.visitor import ADMINISTRATOR, OPERATOR, Visitor, at_work, promise
from tests.house import VDN, House
from tests.store.calls import LIMITS, renew

LINES = "/console/lines"
MINUTE = 60_000


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def dials(house: House, name: str, line: str, *, ago: int = 0, **fields: Any) -> None:
    """Let a dispatcher dial over a line, or have done so a while ago."""
    said_at = house.now() - ago
    given = {"line": line, "begun_at": said_at - MINUTE, "said_at": said_at, "per_second": 1.25}
    renew(house.store, name, said_at + LEASE_MS, **given | fields)


def asked_for(house: House, number: int, line: str) -> None:
    """Let an agent ask for a call over a line."""
    id_ = promise(house, -MINUTE)
    phone = f"PJSIP/{number}"
    asking = Asking(VDN, id_, f"1-{number}", line, phone, "person ann", house.now(), LIMITS)
    with house.store.transaction():
        (attempt,) = house.store.desk_calls.ask([asking])
    assert isinstance(attempt, Attempt)


def test_without_a_dialer_the_command_that_starts_one_is_told(operator: Visitor) -> None:
    page = operator.look(LINES)
    assert "No dialer is running" in page.text
    assert "callkeeper dial" in page.text


def test_a_line_is_shown_with_its_load_and_its_bounds_and_who_dials_over_it(
    house: House, operator: Visitor
) -> None:
    bounds: dict[str, Any] = {"calls_max": 30, "calls_per_second_max": 7.5}
    dials(house, "host1-4711", "asterisk", **bounds)
    dials(house, "host2-815", "asterisk", **bounds | {"calls_max": 40})
    dials(house, "host4-9", "line-c", ago=LEASE_MS)
    asked_for(house, 1001, "asterisk")
    asked_for(house, 1002, "asterisk")
    page = operator.look(LINES).text
    assert "No dialer is running" not in page
    shown = "asterisk up · 2 of 40 calls · 2.5 of 7.5 a second · calls that agents asked for: 2"
    assert f"{shown} host1-4711 · began 2026-11-28 11:59 · lease: 15 s left" in page
    assert "host2-815" in page
    assert "Gone since yesterday (1) host4-9 · line-c" in page


def test_how_the_calls_of_each_dispatcher_ended_is_told_and_boards_have_the_unknown_ones(
    house: House, operator: Visitor
) -> None:
    ends = {"unknown": 3, "busy": 80, "answered": 412, "no_answer": 66, "congestion": 9}
    dials(house, "ends-1", "trunk", outcomes=ends)
    dials(house, "ends-2", "trunk", outcomes={"lost_in_space": 2, "wrong_number": 1})
    dials(house, "ends-3", "trunk", outcomes={})
    page = operator.look(LINES)
    told = "answered 412 · busy 80 · no answer 66 · congestion 9 · unknown 3"
    assert f"since then: {told} ends-2" in page.text
    assert "since then: wrong number 1 · lost_in_space 2 ends-3" in page.text
    assert "since then: no call has ended yet" in page.text
    assert "look at those" not in page.text

    sees = at_work(house, "seer", OPERATOR)
    change_person(house.store, house.clock, "seer", GiveRole(Role("supervisor", VDN)))
    page = sees.look(LINES)
    assert f"unknown 3 → look at those of VDN {VDN} ends-2" in page.text
    (board,) = re.findall(r'href="(/console/\d+/board[^"]*)"', page.seen.text)
    assert "Late, broken and unknown" not in sees.look(board.partition("#")[0]).text
    assert "Show all late, broken and unknown" in sees.text


def test_every_outcome_has_its_words() -> None:
    assert tuple(OUTCOME_WORDS) == get_args(Outcome)


def test_a_dispatcher_of_before_says_neither_bounds_nor_ends(
    house: House, operator: Visitor
) -> None:
    dials(house, "older-1", "pbx-b")
    page = operator.look(LINES).text
    told = "pbx-b up · calls in progress: 0 · 1.2 a second · calls that agents asked for: 0 older-1"
    assert told in page
    assert "this dispatcher's version does not report how calls ended" in page


def test_a_line_that_is_down_says_since_when_and_why_and_what_to_do(
    house: House, operator: Visitor
) -> None:
    now, why = house.now(), "no connection to Asterisk at <http://pbx>"
    dials(house, "first-1", "line-b", is_up=False, down_at=now - 20 * MINUTE, down_why=why)
    dials(house, "other-2", "line-b", is_up=False, down_at=now - 80 * MINUTE, down_why=why)
    dials(house, "older-3", "line-d", is_up=False)
    page = operator.look(LINES).text
    assert f"line-b down since 2026-11-28 11:40 {why} · calls in progress" in page
    assert "callkeeper doctor --line asterisk --line-name line-b" in page
    assert "line-d down · calls in progress" in page
    dials(house, "other-2", "line-b")
    page = operator.look(LINES).text
    assert "line-b up · calls in progress" in page
    assert f"lease: 15 s left · down since 2026-11-28 11:40 {why}" in page


def test_a_line_that_refuses_every_call_says_why(house: House, operator: Visitor) -> None:
    dials(house, "refused-1", "rehearsal", trouble="<b>503</b>")
    page = operator.look(LINES).text
    assert "rehearsal refuses every call <b>503</b>" in page
    assert "finds out why with callkeeper doctor --line rehearsal" in page


def test_lines_are_for_operators(house: House) -> None:
    assert at_work(house, "keeper", ADMINISTRATOR).look(LINES).status == 403
