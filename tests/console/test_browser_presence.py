"""Who is there, in a real browser: while a page of theirs is open, unless they are away."""

from playwright.sync_api import Page, expect

from callkeeper.clock import HandClock
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, RENEW_MS
from tests.console.browser import Opens, is_for_everybody
from tests.console.visitor import SUPERVISOR, at_work, promise
from tests.house import VDN, House
from tests.waiting import until

MINUTE = 60_000
BOARD, BOOK, HELP = f"/console/{VDN}/board", f"/console/{VDN}/book", "/console/help"
AWAY = "You are away: you count as absent"


def said(page: Page, login: str) -> str:
    row = page.locator("#live-more tr", has=page.get_by_role("link", name=login, exact=True))
    return row.locator("td").last.inner_text()


def test_an_agent_is_there_while_a_page_of_theirs_is_open(
    house: House, opens: Opens, clock: HandClock
) -> None:
    login = "ida"
    promise(house, 40 * MINUTE, agent=login)
    visitor = at_work(house, login, Role("agent", VDN, login))
    board = opens().bear(at_work(house, "sue", SUPERVISOR).cookie).look(BOARD)
    expect(board.locator("#live-state > span:visible")).to_contain_text("Live")
    absent = board.locator(".strip > li", has_text=f"{login} is absent")
    expect(absent).to_contain_text("Calls due within the hour: 1.")
    page = opens().bear(visitor.cookie).look(BOOK)  # any page of an agent listens
    metrics = f"{house.url}/metrics"
    until(lambda: "callkeeper_console_streams 2.0" in house.http.get(metrics).text)
    clock.move(RENEW_MS)  # when it is said of all who are there
    until(lambda: lease_of(house, login) == house.now() + PRESENT_MS)
    expect(absent).to_have_count(0)
    assert said(board, login) == "online now"
    page.get_by_role("button", name="Away").click()
    page.wait_for_url("**/today")
    expect(page.locator(".away")).to_contain_text(AWAY)
    is_for_everybody(page)
    expect(board.locator(".strip > li", has_text=f"{login} is away")).to_be_visible()
    page.goto(HELP)
    page.get_by_role("button", name="I am back").click()
    expect(page.locator(".away")).to_have_count(0)
    expect(board.locator(".strip")).to_have_count(0)
    page.close()
    until(lambda: "callkeeper_console_streams 1.0" in house.http.get(metrics).text)
    clock.move(PRESENT_MS)
    expect(absent).to_be_visible()
    board.get_by_role("link", name=f"Reassign {login}").click()
    expect(board.locator("#rows > tr")).to_have_count(1)
    expect(board.get_by_role("button", name="Reassign")).to_be_visible()


def lease_of(house: House, login: str) -> int:
    return house.store.people.seen([login], VDN)[login].lease_until or 0
