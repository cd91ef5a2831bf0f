"""What of a board moves is rendered once for all who see the same, and for nobody else."""

import re

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.changes import Disable, PersonOrder
from callkeeper.core.people.person import Role
from tests.console.test_house_rules import rule
from tests.console.visitor import OPERATOR, SUPERVISOR, Visitor, at_work, promise, unlike_any
from tests.house import HOUR, VDN, House

BOARD = f"/console/{VDN}/board"
TODAY = f"/console/{VDN}/today"
MINUTE = 60_000
NUMBER = "8613900002222"


@pytest.fixture(autouse=True)
def later(clock: HandClock) -> None:
    clock.move(3_000)


def supervisor(house: House) -> Visitor:
    return at_work(house, unlike_any(), SUPERVISOR)


def part(visitor: Visitor, path: str = BOARD, told: str = "0", **headers: str) -> str:
    """Return what a page is given that asks by itself, and was told a number."""
    seen = visitor.look(path, x_by_itself=told, **headers).seen
    assert seen.status_code == 200
    return seen.text


def as_of(text: str) -> str:
    found = re.search(r'as of <time datetime="([^"]+)"', text)
    assert found, text
    return found[1]


def test_a_page_that_asks_by_itself_is_given_what_moves_and_nothing_of_a_person(
    house: House,
) -> None:
    sue = supervisor(house)
    promise(house, -MINUTE)
    whole = sue.look(BOARD).seen.text
    text = part(sue)
    for id_ in ("live", "live-rows", "live-more"):
        piece = re.search(rf'<div id="{id_}".*?</table>\n</div>', whole, re.DOTALL)
        assert piece
        assert piece[0] in text
    assert "somebody" not in text
    assert "<form" not in re.sub(r'<form [^>]*/(?:pause|resume)">.*?</form>', "", text)
    assert len(text) < len(whole)


def test_it_is_rendered_once_for_all_until_something_moves_or_two_seconds_are_over(
    house: House, clock: HandClock
) -> None:
    promise(house, -MINUTE)
    first = part(supervisor(house))
    clock.move(1_000)
    others = [part(supervisor(house)) for _ in range(3)]
    assert {first} == {*others}
    moved = promise(house, -MINUTE)
    assert moved in part(supervisor(house))
    clock.move(1_000)
    last = part(supervisor(house))
    assert as_of(last) == as_of(part(supervisor(house))) > as_of(first)
    clock.move(2_000)
    assert as_of(part(supervisor(house))) > as_of(last)


def test_who_was_told_a_number_is_given_what_was_rendered_for_it(
    house: House, clock: HandClock
) -> None:
    promise(house, -MINUTE)
    sue, tim = supervisor(house), supervisor(house)
    first = part(sue)
    (number,) = {*re.findall(r'data-pulse="(\w+)"', first)}
    moved = promise(house, -MINUTE)
    clock.move(1_000)
    assert part(tim, told=number) == first  # not told of what moved yet, and soon told
    assert moved in part(tim, told="another")
    clock.move(2_000)
    assert moved in part(tim, told=number)


def test_nobody_is_given_what_others_may_see(house: House, clock: HandClock) -> None:
    rule(house, numbers="full")
    promise(house, -MINUTE, called_no=NUMBER)
    clock.move(3_000)
    sees, masked = supervisor(house), at_work(house, unlike_any(), OPERATOR)
    for visitors in ((sees, masked), (masked, sees)):
        shown = {each.cookie: NUMBER in part(each) for each in visitors}
        assert shown == {sees.cookie: True, masked.cookie: False}
        clock.move(3_000)


def test_a_part_that_is_asked_for_after_numbers_are_shown_no_more_has_none(house: House) -> None:
    rule(house, numbers="full")
    promise(house, -MINUTE, called_no=NUMBER)
    sue, agent = supervisor(house), unlike_any()
    assert NUMBER in part(sue)
    (number,) = {*re.findall(r'data-pulse="(\w+)"', sue.seen.text)}
    mine = at_work(house, unlike_any(), Role("agent", VDN, agent))
    promise(house, -MINUTE, called_no=NUMBER, agent=agent)
    own = re.findall(r'data-pulse="(\w+)"', mine.look(TODAY).seen.text)
    rule(house, numbers="never")
    text = part(supervisor(house))
    assert NUMBER not in text
    assert f"•{NUMBER[-4:]}" in text
    assert number not in re.findall(r'data-pulse="(\w+)"', text)  # so open boards are told
    assert own != re.findall(r'data-pulse="(\w+)"', mine.look(TODAY).seen.text)


def test_an_agent_and_whoever_was_disabled_are_given_nothing(
    house: House, clock: HandClock
) -> None:
    promise(house, -MINUTE)
    login = unlike_any()
    sue = at_work(house, login, SUPERVISOR)
    agent = at_work(house, unlike_any(), Role("agent", VDN, unlike_any()))
    part(sue)
    assert agent.look(BOARD, x_by_itself="0").status == 403
    assert agent.look("/console/26/board", x_by_itself="0").status == 403
    with house.store.transaction():
        house.store.people.change([PersonOrder(login, Disable(), "operator", house.now())])
    clock.move(3_000)
    assert sue.look(BOARD, x_by_itself="0").status == 303


def test_each_language_clock_and_choice_has_its_own(house: House) -> None:
    bob = unlike_any()
    promise(house, -MINUTE, agent=bob)
    promise(house, -3 * HOUR, agent=bob)
    promise(house, -MINUTE)
    seen: set[str] = set()
    zones = ("", "Europe/Berlin", "Asia/Shanghai")
    for number, zone in enumerate(zones):
        sue = supervisor(house)
        sue.send("/console/me", {"name": "Sue", "language": "", "zone": zone})
        for path in (BOARD, f"{BOARD}?agent={bob}", f"{BOARD}?show=late", f"{BOARD}?campaign=7"):
            for language in ("en", "zh"):
                sue.language = language
                seen.add(part(sue, path))
        assert len(seen) == 8 * (number + 1)


def test_it_is_sent_as_the_browser_takes_it(house: House) -> None:
    promise(house, -MINUTE)
    sue = supervisor(house)
    plain = part(sue, accept_encoding="identity")
    assert "content-encoding" not in sue.seen.headers
    assert part(sue, accept_encoding="gzip") == plain
    assert sue.seen.headers["content-encoding"] == "gzip"
    assert int(sue.seen.headers["content-length"]) < 6_000 < len(plain.encode())
