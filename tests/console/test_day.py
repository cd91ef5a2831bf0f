"""The report of a day: by the reader's day, as tables, bars and a file."""

import csv
import re
from typing import Any

import pytest

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Cancel, Change, Result
from callkeeper.store.port.access import AgentName
from tests.console.visitor import SUPERVISOR, Visitor, at_work, promise
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order

DAYS = f"/console/{VDN}/days"
MINUTE = 60_000
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def sue(house: House) -> Visitor:
    """A supervisor in Berlin, on a day with something of everything."""

    def done(in_ms: int, change: Change, **fields: Any) -> None:
        id_ = promise(house, in_ms, **fields)
        carry_out(house.store, order(id_, change, vdn=VDN, at=house.now()))

    house.has_campaign(5, name=FORMULA)
    with house.store.transaction():
        house.store.agents.name([AgentName(VDN, "ann", "Ann Li", house.now())])
    begun = house.now() - HOUR
    done(-HOUR, Result(fail_code="00000", begin_at=begun))
    done(-3 * HOUR, Result(fail_code="00537", begin_at=begun), campaign_id="5")
    done(HOUR, Cancel(), agent="bob")
    promise(house, -2 * HOUR, agent="bob")
    promise(house, 2 * HOUR)
    promise(house, 24 * HOUR)
    visitor = at_work(house, "sue", SUPERVISOR)
    visitor.send("/console/me", {"name": "Sue", "language": "", "zone": "Europe/Berlin"})
    return visitor


def tiles(page: Visitor) -> dict[str, int]:
    found = re.findall(r'class="tile[^>]*><strong>(\d+)</strong> ([^<]*)<', page.seen.text)
    return {words: int(count) for count, words in found}


def table(page: Visitor, name: str) -> list[list[str]]:
    """Return the cells of the rows below a title."""
    part = re.split(r"<h2>", page.seen.text.partition(f"<h2>{name}</h2>")[2])[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    return [
        [re.sub(r"<[^>]*>", "", each).strip() for each in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in rows
    ]


def sheet(page: Visitor) -> list[list[str]]:
    return list(csv.reader(page.seen.content.decode("utf-8-sig").splitlines()))


def test_a_day_is_counted_by_what_its_promises_came_to(sue: Visitor) -> None:
    expected = {"kept": 1, "kept late": 1, "to come": 1, "broken": 1, "deleted": 1}
    assert tiles(sue.look(f"{DAYS}/today")) == expected
    assert sue.look(f"{DAYS}/2026-11-28").text.count("2026-11-28 in VDN 25")
    assert tiles(sue) == expected
    hours = table(sue, "By the hour")
    assert hours[0] == ["Hour", "kept", "kept late", "to come", "broken", "deleted"]
    assert [each[0] for each in hours[1:]] == ["10:00", "11:00", "12:00", "14:00", "15:00"]
    assert table(sue, "Agent")[1:] == [
        ["Ann Li", "1", "1", "1", "", ""],
        ["bob", *["", ""], "", "1", "1"],
    ]
    assert [each[0] for each in table(sue, "Campaign")[1:]] == [FORMULA, "campaign 1106025109"]
    assert "66660001" not in sue.seen.text


def test_each_bar_is_as_high_as_its_hour_has_promises(sue: Visitor) -> None:
    svg = sue.look(f"{DAYS}/today").seen.text.partition("<svg")[2].partition("</svg>")[0]
    pieces = re.findall(r'<rect class="(?!room)(\w+)".*? height="([^"]+)"', svg)
    assert pieces == [
        (each, "160.0") for each in ("kept_late", "broken", "kept", "cancelled", "waiting")
    ]


def test_other_days_are_a_click_away_and_one_to_come_tells_what_is_booked(sue: Visitor) -> None:
    sue.look(f"{DAYS}/today")
    before, after = (f"{DAYS}/2026-11-{day}" for day in (27, 29))
    assert f'href="{before}"' in sue.seen.text
    assert tiles(sue.look(after)) == {"to come": 1}
    assert "Nothing was promised for this day." in sue.look(before).text


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2026-11-28", 24)]
)
def test_a_day_has_as_many_hours_as_its_clock_shows(sue: Visitor, day: str, hours: int) -> None:
    rows = sheet(sue.look(f"{DAYS}/{day}/csv"))
    assert len({row[1] for row in rows if row[0] == "hour"}) == hours


def test_the_file_has_the_same_numbers_and_no_formula(sue: Visitor) -> None:
    rows = sheet(sue.look(f"{DAYS}/today/csv"))
    assert sue.seen.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="callkeeper-25-2026-11-28.csv"' in sue.seen.headers["content-disposition"]
    assert dict(zip(rows[0], rows[1], strict=True))["kept_late"] == "1"
    assert ["campaign", "5", f"'{FORMULA}"] in [row[:3] for row in rows]
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize(
    "day", ["2026-02-30", "0001-01-01", "9999-12-31", "1999-12-31", "2100-01-01", "28", "x", "%00"]
)
def test_what_is_no_day_leads_to_no_page(sue: Visitor, day: str) -> None:
    assert sue.look(f"{DAYS}/{day}").status == 404
    assert sue.look(f"{DAYS}/{day}/csv").status == 404


def test_an_agent_sees_no_report(house: House) -> None:
    agent = at_work(house, "abe", Role("agent", VDN, "abe"))
    assert agent.look(f"{DAYS}/today").status == 403
    assert agent.look(f"{DAYS}/today/csv").status == 403
