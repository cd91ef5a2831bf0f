"""Asking for a call on a page: the phone of whoever asks, and how the call then stands."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.desk_call import ASKED_MS, DeskClaim
from callkeeper.core.people.changes import GiveRole
from callkeeper.core.people.person import Role
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.usecases.invitations import change_person
from tests.console.test_house_rules import rule
from tests.console.test_result import ResultForm
from tests.console.visitor import OPERATOR, Visitor, at_work, path, promise, standing, unlike_any
from tests.dialer.stage import Stage
from tests.house import VDN, House
from tests.logged import lines, logging_as_the_program_does
from tests.store.calls import BUSY, LIMITS, begin, end, ending, note, renew, word
from tests.store.orders import Opened

MINUTE = 60_000
ANSWERED = Hangup(16, "Normal Clearing")
CALLER = Role("agent", VDN, "caller", "PJSIP/1001")


@pytest.fixture(scope="module")
def caller(house: House) -> Visitor:
    """An agent with a phone."""
    return at_work(house, "caller", CALLER)


@pytest.fixture
def dialer(house: House) -> Iterator[None]:
    """A dispatcher that is well, for as long as a test takes."""
    now = house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    yield
    renew(house.store, "dora", now, line="asterisk", said_at=now)


@pytest.fixture(scope="module")
def shut(house: House) -> str:
    """A campaign that makes no calls now, at noon."""
    house.has_campaign(73, workday_windows='[{"begin":60,"end":61}]')
    return "73"


def promised(house: House, **fields: str) -> str:
    return promise(house, -5 * MINUTE, agent="caller", **fields)


def attempt_of(house: House, id_: str) -> Attempt:
    (attempt,) = house.store.attempts.of(VDN, id_)
    return attempt


def take(house: House) -> None:
    claim = DeskClaim("asterisk", "dora", house.now(), 100, 100.0, LIMITS)
    with house.store.transaction():
        house.store.desk_calls.take([claim])


def stop(visitor: Visitor, id_: str) -> None:
    assert visitor.send(path(id_, "hang-up")).status == 303


@pytest.mark.usefixtures("dialer")
def test_a_call_is_asked_for_in_the_persons_name_and_the_page_tells_how_it_stands(
    house: House, caller: Visitor
) -> None:
    id_ = promised(house)
    assert "Call" in caller.look(f"/console/{VDN}/today").text
    asked = caller.send(path(id_, "call"))
    assert (asked.status, asked.seen.headers["location"]) == (303, path(id_))
    attempt = attempt_of(house, id_)
    assert (attempt.asked_by, attempt.desk, attempt.line) == (
        "person caller",
        "PJSIP/1001",
        "asterisk",
    )
    assert "The call waits for a dialer" in caller.look(path(id_)).text
    take(house)
    assert "Your phone PJSIP/1001 rings" in caller.look(path(id_)).text
    begin(house.store, attempt_of(house, id_), at=house.now())
    assert "The customer is being called" in caller.look(path(id_)).text
    note(house.store, word(attempt, ringing_at=house.now()))
    assert "The customer's phone rings" in caller.look(path(id_)).text
    note(house.store, word(attempt, answered_at=house.now() - 72_000))
    assert "Talking for 01:12" in caller.look(path(id_)).text
    assert "dialed" in caller.look(path(id_)).text
    assert "person caller" in caller.look(path(id_)).text
    stop(caller, id_)
    assert attempt_of(house, id_).hang_up_at is not None
    assert "It is being ended" in caller.look(path(id_)).text


def test_a_dialer_makes_the_call_that_was_asked_for_on_a_page(
    house: House, clock: HandClock
) -> None:
    login = unlike_any()
    caller = at_work(house, login, Role("agent", VDN, "caller", "PJSIP/1005"))
    stage = Stage(Opened(house.store, house.session), RehearsalLine(clock))
    stage.clock = clock
    emma = stage.dialer("emma")
    stage.run(emma)
    id_ = promised(house)
    assert caller.send(path(id_, "call")).status == 303
    assert "The call waits for a dialer" in caller.follow().text
    stage.run(emma)
    assert "Your phone PJSIP/1005 rings" in caller.look(path(id_)).text
    assert standing(house, id_).state == "waiting"
    stage.run(emma, seconds=2)
    assert "The customer's phone rings" in caller.look(path(id_)).text
    stage.run(emma, seconds=2)
    assert "Talking for" in caller.look(path(id_)).text
    stage.run(emma, seconds=5)
    attempt, done = attempt_of(house, id_), standing(house, id_)
    assert (attempt.asked_by, attempt.line, attempt.outcome) == (
        f"person {login}",
        "rehearsal",
        "answered",
    )
    assert (done.state, done.fail_code, done.call_id) == ("done", "00000", attempt.id)
    page = caller.look(path(id_)).text
    assert "Hang up" not in page
    assert "talked 4 s" in page
    asyncio.run(emma.lease.end())


@pytest.mark.usefixtures("dialer")
def test_a_second_call_of_the_same_phone_is_refused_with_its_reason(house: House) -> None:
    visitor = at_work(house, unlike_any(), Role("agent", VDN, "caller", "PJSIP/1002"))
    one, other = promised(house), promised(house)
    assert visitor.send(path(one, "call")).status == 303
    refused = visitor.send(path(other, "call"))
    assert refused.status == 422
    assert "your phone is on another call" in refused.text
    stop(visitor, one)
    shown = visitor.look(path(one)).text
    assert "not dialed after all (the call was stopped before the customer's phone rang)" in shown
    assert visitor.send(path(other, "call")).status == 303
    stop(visitor, other)


@pytest.mark.usefixtures("dialer")
def test_a_call_that_no_dialer_takes_in_time_is_over_for_the_page_and_can_be_asked_for_again(
    house: House, clock: HandClock
) -> None:
    caller = at_work(house, unlike_any(), Role("agent", VDN, "caller", "PJSIP/1003"))
    id_ = promised(house)
    assert caller.send(path(id_, "call")).status == 303
    clock.move(ASKED_MS + 1)
    page = caller.look(path(id_)).text
    assert "not dialed after all (no dialer took the call in time)" in page
    assert "waits for a dialer" not in page
    assert caller.send(path(id_, "call")).status == 303
    assert "The call waits for a dialer" in caller.look(path(id_)).text
    stop(caller, id_)


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize("phone", ["Local/0090012345@from-internal", "PJSIP/0090012345@trunk"])
def test_a_phone_that_is_no_phone_is_not_rung_though_it_is_on_record(
    house: House, phone: str
) -> None:
    visitor = at_work(house, unlike_any(), Role("agent", VDN, "caller", phone))
    id_ = promised(house)
    refused = visitor.send(path(id_, "call"))
    assert (refused.status, f"your phone {phone} may not ring here" in refused.text) == (422, True)
    assert house.store.attempts.of(VDN, id_) == []


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize(
    ("numbers", "count", "shows"),
    [("full", 0, None), ("on_request", 1, None), ("never", 0, "******01")],
)
def test_a_phone_shows_a_number_by_the_rule_of_its_vdn_and_the_log_tells_whose(
    house: House, capfd: pytest.CaptureFixture[str], numbers: str, count: int, shows: str | None
) -> None:
    login = unlike_any()
    visitor = at_work(house, login, Role("agent", VDN, "caller", f"PJSIP/{login}"))
    id_ = promised(house)
    rule(house, numbers=numbers)
    with logging_as_the_program_does():
        assert visitor.send(path(id_, "call")).status == 303
    told = lines(capfd.readouterr().err)
    named = [each["reservation"] for each in told if each["event"] == "number_revealed"]
    assert named == [id_] * count
    assert attempt_of(house, id_).desk_shows == shows
    stop(visitor, id_)
    rule(house)


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize("numbers", ["full", "on_request"])
def test_a_phone_shows_no_number_to_somebody_whose_right_it_is_not(
    house: House, capfd: pytest.CaptureFixture[str], numbers: str
) -> None:
    """An operator, who is an agent here, calls for another one."""
    login = unlike_any()
    visitor = at_work(house, login, OPERATOR)
    there = GiveRole(Role("agent", VDN, "other", f"PJSIP/{login}"))
    change_person(house.store, house.clock, login, there)
    id_ = promised(house, called_no="13800138149")
    rule(house, numbers=numbers)
    with logging_as_the_program_does():
        asked = visitor.send(path(id_, "call"))
    assert (asked.status, asked.seen.headers["location"]) == (303, path(id_))
    told = lines(capfd.readouterr().err)
    assert [each for each in told if each["event"] == "number_revealed"] == []
    assert attempt_of(house, id_).desk_shows == "*******8149"
    stop(visitor, id_)
    rule(house)


def test_without_a_dialer_or_a_phone_a_call_that_is_asked_for_is_refused(
    house: House, caller: Visitor
) -> None:
    id_ = promised(house)
    refused = caller.send(path(id_, "call"))
    assert (refused.status, "no running dialer can ring your phone" in refused.text) == (422, True)
    visitor = at_work(house, unlike_any(), Role("agent", VDN, "caller"))
    refused = visitor.send(path(id_, "call"))
    assert (refused.status, "no phone of yours is on record" in refused.text) == (422, True)


@pytest.mark.usefixtures("dialer")
def test_nobody_calls_for_another_agent(house: House, caller: Visitor) -> None:
    id_ = promise(house, -5 * MINUTE)  # ann's
    for act in ("call", "hang-up"):
        assert caller.send(path(id_, act)).status == 404
    assert house.store.attempts.of(VDN, id_) == []
    assert standing(house, id_).version == 1


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize(("rules", "is_asked"), [("refuse", False), ("ask", True)])
def test_outside_the_hours_of_a_campaign_whoever_calls_is_refused_or_asked(
    house: House, shut: str, rules: str, *, is_asked: bool
) -> None:
    visitor = at_work(house, login := unlike_any(), Role("agent", VDN, "caller", f"PJSIP/{login}"))
    id_ = promised(house, campaign_id=shut)
    rule(house, outside_hours=rules)
    refused = visitor.send(path(id_, "call"))
    assert refused.status == 422
    assert refused.text.count(f"outside the hours of campaign {shut}; it opens") == 1
    assert ('name="anyway"' in refused.seen.text) == is_asked
    assert visitor.send(path(id_, "call"), {"anyway": "yes"}).status == (303 if is_asked else 422)
    assert len(house.store.attempts.of(VDN, id_)) == is_asked
    if is_asked:
        take(house)
        begin(house.store, attempt_of(house, id_), at=house.now())
        said = f"outside the hours of its campaign, as whoever asked said · person {login}"
        assert said in visitor.look(path(id_)).text
        stop(visitor, id_)
    rule(house)


@pytest.mark.usefixtures("dialer")
def test_where_the_rules_allow_it_one_calls_at_any_hour_and_the_story_tells(
    house: House, shut: str
) -> None:
    visitor = at_work(house, login := unlike_any(), Role("agent", VDN, "caller", f"PJSIP/{login}"))
    id_ = promised(house, campaign_id=shut)
    rule(house, outside_hours="allow")
    assert visitor.send(path(id_, "call")).status == 303
    rule(house)  # what was allowed when it was asked for holds
    take(house)
    begin(house.store, attempt_of(house, id_), at=house.now())
    page = visitor.look(path(id_)).text
    assert "outside the hours of its campaign, as the house rules allow" in page
    stop(visitor, id_)


@pytest.fixture
def rings(house: House) -> Visitor:
    """One with a phone that is on no other call."""
    login = unlike_any()
    return at_work(house, login, Role("agent", VDN, "caller", f"PJSIP/{login}"))


def called(house: House, caller: Visitor, id_: str, hangup: Hangup) -> Attempt:
    """Have a call that somebody asks for be made, and end."""
    assert caller.send(path(id_, "call")).status == 303
    take(house)
    attempt = house.store.attempts.of(VDN, id_)[-1]
    begin(house.store, attempt, at=house.now())
    note(house.store, word(attempt, ringing_at=house.now()))
    if hangup == ANSWERED:
        note(house.store, word(attempt, answered_at=house.now()))
    end(house.store, ending(attempt, hangup, at=house.now()))
    return attempt


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize(
    ("hangup", "typed", "code"),
    [
        (ANSWERED, {"note": "likes it"}, "00000"),
        (ANSWERED, {"end": "00603"}, "00000"),  # of its own call a line knows more
        (BUSY, {"note": "likes it"}, "00537"),
        (BUSY, {"end": "00603"}, "00603"),
    ],
)
def test_what_the_line_says_of_ones_own_call_is_not_in_ones_way(
    house: House, rings: Visitor, hangup: Hangup, typed: dict[str, str], code: str
) -> None:
    id_ = promised(house)
    form = ResultForm(rings.look(path(id_)).seen.text).fields
    called(house, rings, id_, hangup)
    assert rings.send(path(id_, "result"), form | typed).status == 303
    new = standing(house, id_)
    assert (new.state, new.fail_code, new.remark) == ("done", code, typed.get("note"))


@pytest.mark.usefixtures("dialer")
def test_another_note_or_time_is_not_in_the_way_of_ones_own_call_either(
    house: House, rings: Visitor
) -> None:
    id_ = promised(house)
    version = rings.look(path(id_)).hidden("version")
    called(house, rings, id_, BUSY)
    assert rings.send(path(id_, "note"), {"version": version, "note": "slowly"}).status == 303
    version = rings.look(path(id_)).hidden("version")
    called(house, rings, id_, BUSY)
    moved = {"version": version, "day": "2026-11-29", "at": "15:00"}
    assert rings.send(path(id_, "move"), moved).status == 303
    assert (standing(house, id_).remark, standing(house, id_).tries) == ("slowly", 2)


@pytest.mark.usefixtures("dialer")
@pytest.mark.parametrize("act", ["hang-up", "number"])
def test_what_is_typed_of_a_result_stays_when_one_hangs_up_or_looks_at_the_number(
    house: House, rings: Visitor, act: str
) -> None:
    id_ = promised(house)
    assert rings.send(path(id_, "call")).status == 303
    take(house)
    page = rings.look(path(id_)).seen.text
    button = re.findall(rf'<button\s+form="filing"\s+formaction="{path(id_, act)}"[^>]*>', page)
    assert len(button) == 1
    form = ResultForm(page).fields | {"note": "likes it"}
    shown = rings.send(path(id_, act), form)
    assert (shown.status, "likes it" in shown.seen.text) == (200, True)
    assert (attempt_of(house, id_).hang_up_at is not None) is (act == "hang-up")
    stop(rings, id_)


@pytest.mark.parametrize("act", ["call", "hang-up", "by-hand", "by-hand/end", "number"])
def test_a_result_half_typed_waits_where_a_button_beside_it_finds_one_signed_out(
    house: House, act: str
) -> None:
    kept = Visitor(house).send(path(promised(house), act), {"version": "1", "note": "likes it"})
    assert (kept.status, kept.hidden("note")) == (401, "likes it")


@pytest.mark.usefixtures("dialer")
def test_somebody_elses_call_and_word_are_in_ones_way(house: House, rings: Visitor) -> None:
    other = at_work(house, unlike_any(), Role("agent", VDN, "caller", "PJSIP/1006"))
    id_ = promised(house)
    form = ResultForm(rings.look(path(id_)).seen.text).fields | {"end": "00603"}
    called(house, other, id_, BUSY)
    assert rings.send(path(id_, "result"), form).status == 409
    form = ResultForm(rings.look(path(id_)).seen.text).fields
    version = form["version"]
    assert other.send(path(id_, "note"), {"version": version, "note": "slowly"}).status == 303
    called(house, rings, id_, BUSY)
    assert rings.send(path(id_, "result"), form).status == 409
    assert standing(house, id_).state == "waiting"


@pytest.mark.usefixtures("dialer")
def test_the_form_is_there_while_the_call_goes_on_and_asks_what_a_person_knows(
    house: House, rings: Visitor
) -> None:
    id_ = promised(house)
    assert rings.send(path(id_, "call")).status == 303
    take(house)
    attempt = attempt_of(house, id_)
    begin(house.store, attempt, at=house.now())
    form = ResultForm(rings.look(path(id_)).seen.text).fields
    assert not form.keys() & {"end", "at"}
    end(house.store, ending(attempt, BUSY, at=house.now()))
    assert rings.send(path(id_, "result"), form | {"note": "typed"}).status == 303
    new = standing(house, id_)
    assert (new.state, new.fail_code, new.remark) == ("done", "00537", "typed")
    assert new.begin_at == attempt_of(house, id_).placing_at
