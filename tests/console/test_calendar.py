"""The calendar of an agent: its link, and what programs that subscribe to it are told."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import httpx2
import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from callkeeper.clock import HandClock
from callkeeper.console.calendar import written
from callkeeper.core.instants import DAY_MS, INSTANT_MAX, INSTANT_MIN, by_clock
from callkeeper.core.people.feed import AHEAD_MS, BACK_MS
from callkeeper.core.people.person import Person, Role
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.transfer import Transfer
from callkeeper.store.port.reservations import Listed
from callkeeper.usecases.calendars import Entry, Subscribed
from tests.console.test_house_rules import rule
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
from tests.house import HOUR, TASK, VDN, House
from tests.store.orders import carry_out, order

LINK = "/console/me/calendar"
NUMBER = "8613800138000"


@pytest.fixture
def login() -> str:
    return unlike_any()


@pytest.fixture
def somebody(house: House, login: str) -> Visitor:
    return at_work(house, login, Role("agent", VDN, login))


def link(visitor: Visitor) -> str:
    """Make a link, and return it without where we are."""
    page = visitor.send(LINK, {"make": "yes"})
    assert page.status == 200
    found = re.search(r'value="([^"]*/console/calendar/[^"]*)"', page.seen.text)
    assert found
    assert found[1].startswith(visitor.house.url)
    return found[1].removeprefix(visitor.house.url)


def fetch(house: House, address: str, **headers: str) -> httpx2.Response:
    """Fetch as a program does: with no cookie."""
    return house.http.get(f"{house.url}{address}", headers=headers)


def read(house: House, address: str) -> Any:
    answer = fetch(house, address)
    assert answer.status_code == 200, answer.text
    return icalendar.Calendar.from_ical(answer.content)


def events(calendar: Any) -> dict[str, Any]:
    """Return the events of a calendar by the ids of their reservations."""
    return {str(each["UID"]).partition(".")[0]: each for each in calendar.walk("VEVENT")}


def test_a_vdn_that_was_moved_is_in_no_calendar_any_more(house: House, login: str) -> None:
    elsewhere = VDN + 1
    house.has_campaign(int(TASK), vdn=elsewhere)
    somebody = at_work(house, login, Role("agent", elsewhere, login))
    theirs = promise(house, 2 * HOUR, agent=login, vdn=elsewhere)
    address = link(somebody)
    assert events(read(house, address)).keys() == {theirs}
    with house.store.transaction():
        house.store.transfers.put(Transfer(elsewhere, "t1", "gone", house.now()))
    assert events(read(house, address)) == {}
    with house.store.transaction():
        house.store.transfers.end(elsewhere)


def test_a_calendar_has_the_calls_of_an_agent_as_programs_read_them(
    house: House, somebody: Visitor, login: str
) -> None:
    rule(house, slot_minutes=30)
    somebody.send("/console/me", {"name": "Ann", "language": "", "zone": "Europe/Berlin"})
    ahead = promise(house, 2 * HOUR, agent=login, called_no=NUMBER)
    done = promise(house, -2 * HOUR, agent=login)
    carry_out(house.store, order(done, Result(fail_code="00000"), vdn=VDN, at=house.now()))
    promise(house, HOUR, agent="hal")
    promise(house, HOUR, agent=login, kind="automatic")
    address = link(somebody)
    answer = fetch(house, address)
    rule(house)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert NUMBER not in answer.text
    # What the library leaves away, or writes as no duration, unless told.
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n" in answer.text
    assert "X-PUBLISHED-TTL:PT15M\r\n" in answer.text
    calendar: Any = icalendar.Calendar.from_ical(answer.content)
    assert str(calendar["NAME"]) == str(calendar["X-WR-CALNAME"]) == "My calls"
    assert str(calendar["COLOR"]) == "steelblue"
    found = events(calendar)
    assert found.keys() == {ahead, done}
    event = found[ahead]
    host = house.url.removeprefix("http://").partition(":")[0]
    assert str(event["UID"]) == f"{ahead}.{VDN}@{host}"
    assert event["SEQUENCE"] == 1
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt == datetime.fromtimestamp((house.now() + 2 * HOUR) / 1000, UTC)
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=30)
    made = datetime.fromtimestamp(standing(house, ahead).changed_at // 1000, UTC)
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == made
    assert str(event["SUMMARY"]) == "Call •••••••••8000, campaign 1106025109"
    assert (event["STATUS"], event["CLASS"], event["TRANSP"]) == ("CONFIRMED", "PRIVATE", "OPAQUE")
    assert str(event["URL"]) == f"{house.url}{path(ahead)}"
    assert found[done]["TRANSP"] == "TRANSPARENT"
    assert [str(each["TZID"]) for each in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]


def test_what_changes_is_told_as_a_later_version_and_what_is_cancelled_for_a_week(
    house: House, clock: HandClock, somebody: Visitor, login: str
) -> None:
    moved, gone = (promise(house, 20 * DAY_MS, agent=login) for _ in range(2))
    later = Move(appoint_at=house.now() + 21 * DAY_MS)
    carry_out(house.store, order(moved, later, vdn=VDN, at=house.now()))
    carry_out(house.store, order(gone, Cancel(), vdn=VDN, at=house.now()))
    address = link(somebody)
    found = events(read(house, address))
    assert (found[moved]["SEQUENCE"], found[moved]["STATUS"]) == (2, "CONFIRMED")
    assert (found[gone]["SEQUENCE"], found[gone]["STATUS"]) == (2, "CANCELLED")
    rewrite(house, gone, "UPDATE reservation SET changed_at = 1 WHERE id = ?")
    assert events(read(house, address)).keys() == {moved}
    assert clock.now() == house.now()


def test_a_calendar_goes_from_a_week_back_to_sixty_days_ahead(
    house: House, somebody: Visitor, login: str
) -> None:
    within = {promise(house, each, agent=login) for each in (-BACK_MS + HOUR, AHEAD_MS - HOUR)}
    for each in (-BACK_MS - HOUR, AHEAD_MS + HOUR):
        promise(house, each, agent=login)
    assert events(read(house, link(somebody))).keys() == within


def test_of_very_many_calls_the_nearest_are_told(
    house: House, somebody: Visitor, login: str
) -> None:
    near = {promise(house, HOUR + each, agent=login) for each in range(480)}
    near |= {promise(house, -each - 1, agent=login) for each in range(20)}
    promise(house, 2 * HOUR, agent=login)
    promise(house, -2 * HOUR, agent=login)
    assert events(read(house, link(somebody))).keys() == near


def test_a_link_that_was_revoked_replaced_or_never_was_is_answered_alike(
    house: House, somebody: Visitor
) -> None:
    first = link(somebody)
    second = link(somebody)
    assert fetch(house, second).status_code == 200
    assert "There is a link, made on" in somebody.look("/console/me").text
    assert second not in somebody.seen.text
    assert somebody.send(LINK, {"end": "yes"}).status == 303
    assert "There is a link" not in somebody.look("/console/me").text
    answers = [
        fetch(house, each)
        for each in (
            first,
            second,
            f"/console/calendar/{'a' * 27}.ics",
            "/console/calendar/%00.ics",
        )
    ]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1
    assert len({tuple(sorted(dict(each.headers) | {"date": ""})) for each in answers}) == 1


def test_whoever_is_no_agent_has_an_empty_calendar_and_is_offered_none(house: House) -> None:
    chief = at_work(house, unlike_any(), SUPERVISOR)
    promise(house, HOUR)
    assert "Your calls in a calendar" not in chief.look("/console/me").text
    assert events(read(house, link(chief))) == {}


def test_a_calendar_is_in_the_language_of_its_reader(
    house: House, somebody: Visitor, login: str
) -> None:
    somebody.send("/console/me", {"name": "Ann", "language": "zh_CN", "zone": ""})
    promise(house, HOUR, agent=login)
    calendar = read(house, link(somebody))
    assert str(calendar["NAME"]) == "我的预约"
    (event,) = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]).startswith("外呼")


def test_a_program_that_fetches_without_end_is_told_to_wait(
    house: House, clock: HandClock, somebody: Visitor
) -> None:
    address = link(somebody)
    codes = [fetch(house, address).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    refused = fetch(house, address)
    wait = int(refused.headers["retry-after"])
    assert "this calendar is fetched too often" in refused.text
    assert "日历" in fetch(house, address, **{"accept-language": "zh-CN"}).text
    clock.move(wait * 1000)
    assert fetch(house, address).status_code == 200


def test_a_cookie_is_neither_needed_nor_kept_alive(house: House, somebody: Visitor) -> None:
    address = link(somebody)
    assert "set-cookie" not in fetch(house, address).headers
    assert house.http.post(f"{house.url}{address}").status_code == 404  # it is no page


def told(at: int, zone: str) -> Any:
    """Return a calendar with one call in it."""
    reservation = Reservation(
        vdn=VDN,
        id="1",
        version=1,
        kind="manual",
        state="waiting",
        campaign_id=7,
        called_no=NUMBER,
        agent="ann",
        appoint_at=at,
        due_at=None,
        tries=0,
        call_data=None,
        remark=None,
        caller_no=None,
        fail_code=None,
        call_id=None,
        business_result=None,
        business_sub_result=None,
        begin_at=None,
        end_at=None,
        request="",
        made_at=at,
        changed_at=at,
    )
    ann = Person("ann", 1, "Ann", None, None, 0, None, has_password=True)
    entry = Entry(Listed(reservation, None, None, None, None, None), 15)
    found = Subscribed(ann, None, None, at - 30 * DAY_MS, at + 30 * DAY_MS, [entry])
    text = written(found, ZoneInfo(zone), "https://calls.example", str)
    return icalendar.Calendar.from_ical(text)


@settings(max_examples=60)
@given(
    zone=some.sampled_from(sorted(available_timezones())),
    at=some.integers(INSTANT_MIN + 40 * DAY_MS, INSTANT_MAX - 40 * DAY_MS),
)
def test_by_what_a_calendar_says_of_the_clock_a_time_means_its_instant(zone: str, at: int) -> None:
    at -= at % 1000
    calendar = told(at, zone)
    (event,) = calendar.walk("VEVENT")
    begin = event["DTSTART"]
    meant = by_clock(at, UTC).replace(tzinfo=None)
    if "TZID" not in begin.params:
        assert begin.dt.replace(tzinfo=None) == meant
        return
    local = begin.dt.replace(tzinfo=None)
    assert local - in_force(calendar, local) == meant


@pytest.mark.parametrize("minutes", [-61, -60, -31, -1, 0, 1, 30, 59, 60, 61, 120])
@pytest.mark.parametrize("at", [1_806_195_600_000, 1_824_944_400_000], ids=["spring", "autumn"])
def test_around_the_hour_at_which_clocks_are_set_no_call_is_an_hour_off(
    at: int, minutes: int
) -> None:
    """In Berlin: on 28 March 2027 and on 31 October 2027, at 1:00 in UTC."""
    test_by_what_a_calendar_says_of_the_clock_a_time_means_its_instant.hypothesis.inner_test(  # type: ignore[attr-defined]
        "Europe/Berlin", at + minutes * 60_000
    )


def in_force(calendar: Any, local: datetime) -> timedelta:
    """Return how far a clock is ahead at a time, as RFC 5545 has it read.

    That is the observance that began last, by the clock before it was set; a time that comes twice
    is the first of the two.
    """
    (clock,) = calendar.walk("VTIMEZONE")
    begun = [each for each in clock.subcomponents if each["DTSTART"].dt <= local]
    newest = max(begun, key=lambda each: each["DTSTART"].dt)
    ahead: timedelta = newest["TZOFFSETTO"].td
    return ahead
