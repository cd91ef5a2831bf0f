"""Calls by hand: who rings by a phone of their own says when one begins and when it is over."""

from collections.abc import Iterator

import msgspec
import pytest

from callkeeper.clock import HandClock
from callkeeper.core.instants import DAY_MS
from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Move
from tests.console.test_house_rules import rule
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
from tests.house import VDN, House
from tests.logged import lines, logging_as_the_program_does
from tests.store.calls import renew
from tests.store.orders import carry_out, check_history, order

MINUTE = 60_000
TODAY = f"/console/{VDN}/today"
LINK = 'href="tel:66660001"'


@pytest.fixture(autouse=True)
def _as_before(house: House) -> Iterator[None]:
    yield
    rule(house)


@pytest.fixture
def ben(house: House) -> Visitor:
    """An agent without a phone on record."""
    visitor = at_work(house, unlike_any(), Role("agent", VDN, "ben"))
    return visitor.send("/console/me", {"name": "", "language": "", "zone": "UTC"})


def promised(house: House, **fields: str) -> str:
    return promise(house, -5 * MINUTE, agent="ben", **fields)


def told(house: House, id_: str) -> list[str]:
    return [each.what for each in house.store.history.of(VDN, id_)]


def typed(visitor: Visitor, **fields: str) -> dict[str, str]:
    """Return the form of the result on the page that is shown, as somebody fills it in."""
    return ResultForm(visitor.seen.text).fields | fields


def test_begin_and_end_stand_in_the_history_and_the_result_has_them(
    house: House, ben: Visitor, clock: HandClock
) -> None:
    id_ = promised(house)
    assert f'action="{path(id_, "by-hand")}"' in ben.look(TODAY).seen.text
    assert LINK not in ben.look(path(id_)).seen.text  # it is masked until they ring
    assert "No phone of yours is on record" in ben.text
    began = house.now()
    assert ben.send(path(id_, "by-hand")).status == 303
    page = ben.follow().seen.text
    assert LINK in page
    assert "You call by hand since 12:0" in ben.text
    clock.move(3 * MINUTE)
    form = typed(ben.look(path(id_)), note="likes it", end="00603")
    over = ben.send(path(id_, "by-hand/end"), form)
    assert (over.status, LINK in over.seen.text) == (200, False)
    assert typed(over)["note"] == "likes it"  # nothing that was typed is lost
    assert typed(over)["end"] == "00603"
    assert "alone; no line has confirmed it" in over.text
    clock.move(2 * MINUTE)
    assert ben.send(path(id_, "result"), typed(over)).status == 303
    done = standing(house, id_)
    assert (done.state, done.begin_at, done.end_at) == ("done", began, began + 3 * MINUTE)
    assert (done.fail_code, done.outcome, done.call_id, done.tries) == ("00603", None, None, 0)
    assert told(house, id_) == ["reserved", "by_hand_began", "by_hand_ended", "result"]
    story = ben.look(path(id_)).text
    assert "call by hand begun, as they say, no line has confirmed it · person" in story
    check_history(house.store, done)


def test_what_is_typed_before_one_rings_stays_and_where_nothing_is_the_page_is_asked_for_anew(
    house: House, ben: Visitor
) -> None:
    id_ = promised(house)
    form = typed(ben.look(path(id_)), note="asks\r\nfor Ann", end="00538", again="other")
    rings = ben.send(path(id_, "by-hand"), form)
    assert (rings.status, LINK in rings.seen.text) == (200, True)
    shown = typed(rings)
    assert (shown["note"], shown["end"], shown["again"]) == ("asks\r\nfor Ann", "00538", "other")
    assert not has_moving(rings, "ended")
    ben.send(path(id_, "by-hand/end"), shown)
    assert standing(house, id_).state == "waiting"  # nothing was filed by that
    ben.send(path(id_, "result"), shown | {"again": ""})
    other = promised(house)
    assert ben.send(path(other, "by-hand"), typed(ben.look(path(other)))).status == 303


def test_beside_what_is_typed_the_rest_of_the_form_follows_the_call(
    house: House, ben: Visitor
) -> None:
    id_ = promised(house)
    rings = ben.send(path(id_, "by-hand"), typed(ben.look(path(id_)), note="asks for Ann"))
    assert typed(rings)["note"] == "asks for Ann"
    assert has_moving(rings, "ended")


def has_moving(visitor: Visitor, part: str) -> bool:
    """Whether a part of the page that is shown moves by itself."""
    return f'<div id="{part}" data-live=' in visitor.seen.text


def test_another_begin_that_is_typed_is_the_one_that_counts(
    house: House, ben: Visitor, clock: HandClock
) -> None:
    id_ = promised(house)
    ben.send(path(id_, "by-hand"))
    clock.move(3 * MINUTE)
    over = ben.send(path(id_, "by-hand/end"))
    assert ben.send(path(id_, "result"), typed(over, at="11:30")).status == 303
    done = standing(house, id_)
    assert done.begin_at is not None
    assert (done.begin_at % (60 * MINUTE), done.end_at) == (30 * MINUTE, None)


def test_a_second_press_begins_and_ends_nothing_and_another_agents_is_not_theirs(
    house: House, ben: Visitor
) -> None:
    id_ = promised(house)
    other = at_work(house, unlike_any(), Role("agent", VDN, "ben"))
    assert other.send(path(id_, "by-hand/end")).status == 422
    for _ in range(2):
        assert ben.send(path(id_, "by-hand")).status == 303
    ended = other.send(path(id_, "by-hand/end"), typed(other.look(path(id_)), note="mine"))
    assert (ended.status, typed(ended)["note"]) == (422, "mine")
    assert "no call by hand of yours goes on here" in ended.text
    assert LINK not in other.look(path(id_)).seen.text
    for _ in range(2):
        assert ben.send(path(id_, "by-hand/end")).status == 200
    assert told(house, id_) == ["reserved", "by_hand_began", "by_hand_ended"]


def test_an_end_that_nobody_says_is_not_known_and_shows_the_number_no_more(
    house: House, ben: Visitor, clock: HandClock
) -> None:
    id_ = promised(house)
    ben.send(path(id_, "by-hand"))
    assert ben.send(path(id_, "result"), typed(ben.follow())).status == 303
    assert standing(house, id_).end_at is None
    other = promised(house)
    ben.send(path(other, "by-hand"))
    clock.move(4 * 60 * MINUTE)
    renewed = at_work(house, unlike_any(), Role("agent", VDN, "ben"))
    assert LINK not in renewed.look(path(other)).seen.text


@pytest.mark.parametrize(("numbers", "count"), [("full", 0), ("on_request", 1)])
def test_the_log_tells_who_was_shown_a_number(
    house: House, ben: Visitor, capfd: pytest.CaptureFixture[str], numbers: str, count: int
) -> None:
    id_ = promised(house)
    rule(house, numbers=numbers)
    with logging_as_the_program_does():
        assert ben.send(path(id_, "by-hand")).status == 303
    events = lines(capfd.readouterr().err)
    named = [each["reservation"] for each in events if each["event"] == "number_revealed"]
    assert named == [id_] * count


def test_where_numbers_are_never_shown_nobody_rings_by_hand(house: House, ben: Visitor) -> None:
    id_ = promised(house)
    ben.send(path(id_, "by-hand"))
    rule(house, numbers="never")
    assert "tel:" not in ben.look(path(id_)).seen.text  # not even who rings just now
    ben.send(path(id_, "by-hand/end"))
    for page in (TODAY, path(id_)):
        assert "by-hand" not in ben.look(page).seen.text
    assert ben.send(path(id_, "by-hand")).status == 403
    assert told(house, id_) == ["reserved", "by_hand_began", "by_hand_ended"]


def test_the_hours_of_a_campaign_hold_and_the_word_on_them_stands_in_the_history(
    house: House, ben: Visitor
) -> None:
    house.has_campaign(75, workday_windows='[{"begin":60,"end":61}]')
    id_ = promised(house, campaign_id="75")
    refused = ben.send(path(id_, "by-hand"))
    assert (refused.status, 'name="anyway"' in refused.seen.text) == (422, False)
    assert "outside the hours of campaign 75" in refused.text
    rule(house, outside_hours="ask")
    asked = ben.send(path(id_, "by-hand"))
    assert (asked.status, f'action="{path(id_, "by-hand")}"' in asked.seen.text) == (422, True)
    assert told(house, id_) == ["reserved"]
    assert ben.send(path(id_, "by-hand"), {"anyway": "yes"}).status == 303
    event = house.store.history.of(VDN, id_)[-1]
    assert msgspec.json.decode(event.detail) == {"outside_hours": "person"}
    assert "outside the hours of its campaign, as whoever asked said" in ben.follow().text


def test_a_call_by_hand_is_for_the_promise_that_stood_then(
    house: House, ben: Visitor, clock: HandClock
) -> None:
    id_ = promised(house)
    ben.send(path(id_, "by-hand"))
    clock.move(2 * MINUTE)
    ben.send(path(id_, "by-hand/end"))
    later = house.now() + 3 * DAY_MS
    carry_out(house.store, order(id_, Move(appoint_at=later), vdn=VDN, at=house.now()))
    clock.move(3 * DAY_MS + MINUTE)
    ben = at_work(house, unlike_any(), Role("agent", VDN, "ben"))
    shown = ben.look(path(id_))
    assert "by the word of" not in shown.text
    assert ben.send(path(id_, "result"), typed(shown) | {"end": "00000"}).status == 303
    done = standing(house, id_)
    assert done.begin_at is not None
    assert (done.begin_at >= later, done.end_at) == (True, None)


def test_a_call_by_hand_of_twelve_hours_ago_is_no_begin_that_a_form_has(
    house: House, clock: HandClock
) -> None:
    id_, login = promised(house), unlike_any()
    ben = at_work(house, login, Role("agent", VDN, "ben"))
    ben.send(path(id_, "by-hand"))
    ben.send(path(id_, "by-hand/end"))
    clock.move(12 * 60 * MINUTE - 1)
    ben.sign_in(login)
    shown = typed(ben.look(path(id_)))
    clock.move(1)
    assert typed(ben.look(path(id_)))["at"] != shown["at"]
    refused = ben.send(path(id_, "result"), shown)
    assert (refused.status, standing(house, id_).state) == (422, "waiting")
    assert f"{shown['at']} is still to come; say when the call began, today" in refused.text


def test_nobody_begins_while_another_calls_and_what_one_files_is_ones_own_call(
    house: House, ben: Visitor, clock: HandClock
) -> None:
    id_ = promised(house)
    boss = at_work(house, unlike_any(), SUPERVISOR)
    began = house.now()
    ben.send(path(id_, "by-hand"))
    clock.move(5 * MINUTE)
    refused = boss.send(path(id_, "by-hand"))
    assert refused.status == 422
    assert "is calling this customer by hand; if that is over, file how it ended" in refused.text
    assert ben.send(path(id_, "by-hand/end"), typed(ben.look(path(id_)))).status == 200
    assert told(house, id_) == ["reserved", "by_hand_began", "by_hand_ended"]
    theirs = typed(boss.look(path(id_)))
    mine = typed(ben.look(path(id_)))
    assert theirs["at"] != mine["at"]
    assert boss.send(path(id_, "result"), theirs | {"at": mine["at"], "end": "00000"}).status == 303
    done = standing(house, id_)
    assert done.end_at is None  # nobody told them when it was over
    assert done.begin_at is not None
    assert done.begin_at <= began


def test_who_presses_call_while_they_call_by_hand_is_told_to_end_that_one(house: House) -> None:
    now = house.now()
    login = unlike_any()
    visitor = at_work(house, login, Role("agent", VDN, "ben", f"PJSIP/{login}"))
    id_ = promised(house)
    visitor.send(path(id_, "by-hand"))
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    refused = visitor.send(path(id_, "call"))
    assert (refused.status, LINK in refused.seen.text) == (422, True)
    assert "say first that this call is over" in refused.text
    assert house.store.attempts.of(VDN, id_) == []
    visitor.send(path(id_, "by-hand/end"))
    assert visitor.send(path(id_, "call")).status == 303
    refused = visitor.send(path(id_, "by-hand"))
    assert (refused.status, "somebody is just calling this customer" in refused.text) == (422, True)
    assert visitor.send(path(id_, "hang-up")).status == 303
    renew(house.store, "dora", now, line="asterisk", said_at=now)


def test_what_is_done_or_another_agents_is_not_begun(house: House, ben: Visitor) -> None:
    id_ = promised(house)
    ben.look(path(id_))
    ben.send(path(id_, "result"), typed(ben) | {"end": "00000"})
    assert ben.send(path(id_, "by-hand")).status == 422
    assert ben.send(path(promise(house, -MINUTE), "by-hand")).status == 404
    assert told(house, id_) == ["reserved", "result"]


def test_who_has_a_phone_and_a_dialer_is_offered_no_call_by_hand(house: House) -> None:
    now = house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    visitor = at_work(house, unlike_any(), Role("agent", VDN, "ben", "PJSIP/1075"))
    id_ = promised(house)
    for page in (TODAY, path(id_)):
        assert "by-hand" not in visitor.look(page).seen.text
    renew(house.store, "dora", now, line="asterisk", said_at=now)
