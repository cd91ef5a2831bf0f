"""Bars of the board in a real browser: whoever clicks one sees the calls that it stands for."""

import re

from playwright.sync_api import expect

from callkeeper.core.people.person import Role
from tests.console.browser import NARROW, WIDE, Opens, is_for_everybody
from tests.console.visitor import SUPERVISOR, at_work, promise
from tests.house import HOUR, VDN, House

BOARD = f"/console/{VDN}/board"


def test_a_bar_leads_to_its_calls_on_any_screen(house: House, opens: Opens) -> None:
    at_work(house, "ann", Role("agent", VDN, "ann"))
    for hour, many in ((-5, 1), (2, 4), (3, 2)):
        for each in range(many):
            promise(house, hour * HOUR + each)
    window = opens().bear(at_work(house, "sue", SUPERVISOR).cookie)
    for width in (WIDE, NARROW):
        page = window.look(BOARD)
        is_for_everybody(page, [width])
        bar = page.locator("svg a").nth(1)
        expect(bar.locator("title")).to_have_text("14:00 · 4 open")
        bar.click()
        expect(page).to_have_url(re.compile(r"/find\?hour=\d+$"))
        expect(page.locator("main li[data-row]")).to_have_count(4)
        expect(page.get_by_role("status")).to_contain_text("1 to 4 of 4")
