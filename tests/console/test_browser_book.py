"""Booking in a real browser: told that a slot is taken, and taking one that is offered."""

import pytest
from playwright.sync_api import expect

from callkeeper.core.people.person import Role
from tests.console.browser import Opens, is_for_everybody
from tests.console.visitor import at_work, promise, standing, unlike_any
from tests.house import HOUR, VDN, House

BOOK = f"/console/{VDN}/book"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_who_is_told_that_a_slot_is_taken_takes_an_offered_time(
    house: House, opens: Opens, *, scripts: bool
) -> None:
    login = unlike_any()
    visitor = at_work(house, login, Role("agent", VDN, login))
    promise(house, 2 * HOUR, agent=login)
    window = opens(scripts=scripts).bear(visitor.cookie)
    page = window.look(f"/console/{VDN}/today" if scripts else BOOK)
    if scripts:
        window.press("b")
    expect(page.locator("#number")).to_be_focused()
    page.keyboard.type("138 0013 8000")
    page.locator("#at").fill("14:00")
    page.locator("#note").fill("speak slowly")
    window.press("Tab")
    page.get_by_role("button", name="Book it").click()

    expect(page.get_by_role("alert")).to_contain_text("has a call at that time already")
    expect(page.locator("#at")).to_be_focused()
    expect(page.locator("#note")).to_have_value("speak slowly")
    free = page.get_by_role("group", name="Instead").get_by_role("button")
    expect(free).to_have_text(["13:45", "14:15", "14:30"])
    if scripts:
        is_for_everybody(page)
    page.locator("#note").fill("speak very slowly")  # what is typed meanwhile is not lost
    free.nth(1).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("14:15")
    made = standing(house, page.url.partition("?")[0].rpartition("/")[2])
    assert (made.remark, made.appoint_at) == ("speak very slowly", house.now() + 2 * HOUR + 900_000)
    page.get_by_role("link", name="Book another like it").click()
    expect(page.locator("#note")).to_have_value("speak very slowly")
    expect(page.locator("#number")).to_have_value("")
