"""Bars by hour, on the board and of a day: each leads to as many calls as it stands for."""

import re
from html import unescape

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.reservations.changes import Cancel, Result
from tests.console.conftest import NOON
from tests.console.visitor import SUPERVISOR, Visitor, at_work, promise, rewrite, unlike_any
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order

BOARD, FIND, DAYS = (f"/console/{VDN}/{each}" for each in ("board", "find", "days"))
MINUTE = 60_000
ZONE = "Europe/Berlin"
# Summer time ends there on 2027-10-31 at 01:00 in UTC.
_FIRST_TWO = 1_824_940_800_000


@pytest.fixture(scope="module")
def sue(house: House) -> Visitor:
    """A supervisor in Berlin, where it is one in the afternoon."""
    visitor = at_work(house, "sue", SUPERVISOR)
    visitor.send("/console/me", {"name": "Sue", "language": "", "zone": ZONE})
    return visitor


@pytest.fixture(autouse=True)
def a_minute_later(clock: HandClock) -> None:
    """Days are counted once a minute."""
    clock.move(MINUTE)


def bars(page: Visitor) -> dict[str, str]:
    """Return where each bar leads, by what it says of itself."""
    svg = page.seen.text.partition("<svg")[2].partition("</svg>")[0]
    return {
        unescape(says): unescape(leads)
        for leads, says in re.findall(r'<a href="([^"]+)"[^>]*><title>([^<]*)<', svg)
    }


def found(page: Visitor) -> int:
    total = re.search(r"of (\d+) · Europe/Berlin", page.text)
    assert total, page.text
    return int(total[1])


def counted(says: str) -> int:
    return sum(int(each) for each in re.findall(r"· (\d+) ", says))


def a_day(house: House, agent: str) -> None:
    """Promise something of everything, from nine to four in Berlin."""
    at = {hour: NOON + (hour - 13) * HOUR - house.now() for hour in range(9, 17)}
    for hour, many in ((9, 2), (10, 1), (12, 3)):
        for _ in range(many):
            id_ = promise(house, at[hour], agent=agent)
            done = Result(fail_code="00000", begin_at=house.now() + at[hour])
            carry_out(house.store, order(id_, done, vdn=VDN, at=house.now()))
    gone = promise(house, at[10], kind="automatic", agent=None)
    rewrite(house, gone, "UPDATE reservation SET state = 'expired' WHERE id = ?")
    promise(house, at[10], agent=agent)
    carry_out(
        house.store, order(promise(house, at[16], agent=agent), Cancel(), vdn=VDN, at=house.now())
    )
    promise(house, at[16] + 59 * MINUTE + 59_000, agent=agent)
    promise(house, at[15], agent=agent)


def test_each_bar_leads_to_as_many_calls_as_it_stands_for(house: House, sue: Visitor) -> None:
    a_day(house, unlike_any())
    shown = bars(sue.look(BOARD))
    words = [re.sub(r"· \d+ ", "· ", each.replace(":00", "")) for each in shown]
    assert words == [
        "09 · done", "10 · done · broken or unknown", "12 · done", "15 · open", "16 · open",
    ]  # fmt: skip
    for says, leads in shown.items():
        assert found(sue.look(leads)) == counted(says), says


def test_a_board_of_one_agent_has_bars_of_that_agent(house: House, sue: Visitor) -> None:
    agent = unlike_any()
    a_day(house, unlike_any())
    a_day(house, agent)
    shown = bars(sue.look(f"{BOARD}?agent={agent}"))
    assert [counted(each) for each in shown] == [2, 2, 3, 1, 1]
    for says, leads in shown.items():
        assert f"&agent={agent}" in leads
        assert found(sue.look(leads)) == counted(says), says


def test_bars_are_in_words_and_in_a_table_to_those_who_do_not_see_them(
    house: House, sue: Visitor
) -> None:
    agent = unlike_any()
    a_day(house, agent)
    page = sue.look(f"{BOARD}?agent={agent}").seen.text
    assert re.search(r'<svg class="plot"[^>]* aria-hidden="true"', page)
    part = page.partition('<details id="hours">')[2].partition("</details>")[0]
    rows = [
        [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    ]
    assert rows == [
        ["Hour", "done", "open", "broken or unknown"],
        ["09:00", "2", "", ""],
        ["10:00", "1", "", "1"],
        ["12:00", "3", "", ""],
        ["15:00", "", "1", ""],
        ["16:00", "", "1", ""],
    ]
    assert {unescape(each) for each in re.findall(r'href="([^"]+)"', part)} == {*bars(sue).values()}


def test_hours_are_counted_once_a_minute_however_often_one_looks(
    house: House, sue: Visitor, clock: HandClock
) -> None:
    agent = unlike_any()
    a_day(house, agent)
    page = f"{BOARD}?agent={agent}"
    before = bars(sue.look(page))
    promise(house, HOUR, agent=agent)
    clock.move(MINUTE - 1_000)
    assert bars(sue.look(page)) == before
    clock.move(1_000)
    assert [*map(counted, bars(sue.look(page)))] == [2, 2, 3, 1, 1, 1]


def test_an_hour_that_comes_twice_is_two_bars(house: House, sue: Visitor) -> None:
    agent = unlike_any()
    for hour, many in ((0, 2), (1, 3)):
        for minute in range(many):
            at = _FIRST_TWO + hour * HOUR + minute * MINUTE
            promise(house, at - house.now(), agent=agent)
    shown = bars(sue.look(f"{DAYS}/2027-10-31"))
    assert list(shown) == ["02:00+02:00 · 2 to come", "02:00+01:00 · 3 to come"]
    assert [found(sue.look(each)) for each in shown.values()] == [2, 3]
    assert sue.seen.text.count('id="call-') == 3


def test_an_hour_is_a_filter_that_can_be_dropped_and_ends_with_a_new_search(
    house: House, sue: Visitor
) -> None:
    agent = unlike_any()
    a_day(house, agent)
    leads = next(iter(bars(sue.look(f"{BOARD}?agent={agent}")).values()))
    assert "an hour from 2026-11-28 09:00 ✕" in sue.look(leads).text
    hour = sue.hidden("hour")
    form = {"agent": agent, "hour": hour}
    assert found(sue.send(FIND, form)) == 2
    assert found(sue.send(FIND, form | {"from": "2026-11-28"})) == 2
    assert "No reservation matches." in sue.send(FIND, form | {"to": "2026-11-27"}).text
    assert found(sue.send(FIND, form | {"drop": "hour"})) == 9
    new = sue.seen.text.partition('class="filters"')[2].partition("</form>")[0]
    assert "hour" not in new


@pytest.mark.parametrize("hour", ["x", "-1", "9" * 18, "1.5", "%EF%BC%91"])
def test_what_is_no_hour_is_refused(sue: Visitor, hour: str) -> None:
    assert sue.look(f"{FIND}?hour={hour}").status == 422
    assert "the form cannot be read" in sue.text
