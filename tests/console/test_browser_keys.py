"""Single keys: in the row that has the focus and anywhere, and never where somebody types."""

import pytest
from playwright.sync_api import Page, expect

from callkeeper.core.people.person import Role
from tests.console.browser import Opens, Window
from tests.console.visitor import Visitor, at_work, path, promise, standing, unlike_any
from tests.house import HOUR, VDN, House

TODAY = f"/console/{VDN}/today"
MINUTE = 60_000


@pytest.fixture
def login() -> str:
    return unlike_any()


@pytest.fixture
def window(house: House, agent: Visitor, opens: Opens, login: str) -> Window:
    """A window of an agent who has nothing to do yet; the VDN has what ann's has."""
    assert agent.house is house
    return opens().bear(at_work(house, login, Role("agent", VDN, login)).cookie)


def is_chosen(page: Page, business: str) -> None:
    expect(page.locator("[name=business]:checked")).to_have_value(business)


def test_a_result_is_filed_by_three_keys(house: House, window: Window, login: str) -> None:
    late = promise(house, -5 * MINUTE, agent=login)
    other = promise(house, -4 * MINUTE, agent=login)
    page = window.look(TODAY)
    window.press("j")
    expect(page.locator(f"#call-{late}")).to_be_focused()
    window.press("r")
    expect(page.locator("#result")).to_be_focused()
    window.press("1")
    is_chosen(page, "10")
    window.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Filed")
    expect(page.locator(f"#call-{other}")).to_be_focused()
    assert (standing(house, late).state, standing(house, late).business_result) == ("done", "10")


def test_a_second_digit_chooses_below_the_first(house: House, window: Window, login: str) -> None:
    page = window.look(path(promise(house, HOUR, agent=login)))
    for key, chosen in (("1", "10"), ("1", "10/11"), ("1", "10"), ("0", ""), ("9", "")):
        window.press(key)
        is_chosen(page, chosen)


def test_keys_lead_from_row_to_row_and_to_what_is_done_there(
    house: House, window: Window, login: str
) -> None:
    first, second, third = (promise(house, n * HOUR, agent=login) for n in (1, 2, 3))
    page = window.look(TODAY)
    for key, id_ in (("j", first), ("j", second), ("j", third), ("j", third), ("k", second)):
        window.press(key)
        expect(page.locator(f"#call-{id_}")).to_be_focused()
    window.press("m")
    expect(page.locator("#day")).to_be_focused()
    window.look(TODAY)
    window.press("j", "n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("jkrmn?1")
    expect(page.locator("#note")).to_have_value("jkrmn?1")
    window.press("Control+Enter")
    expect(page.locator(f"#call-{first}")).to_be_focused()
    assert standing(house, first).remark == "jkrmn?1"
    window.press("Enter")
    expect(page).to_have_url(f"{house.url}{path(first)}")
    window.press("?")
    expect(page).to_have_url(f"{house.url}/console/help?vdn={VDN}")


def test_what_is_no_key_alone_does_nothing_nor_does_one_that_has_no_row(
    house: House, window: Window, login: str
) -> None:
    promise(house, HOUR, agent=login)
    page = window.look(TODAY)
    window.press("r", "m", "n", "1", "Enter", "J", "Control+j", "Alt+j", "Control+Enter", "x")
    expect(page.locator(":focus")).to_have_count(0)
    window.press("j", "Shift+R", "Alt+r", "k")
    expect(page).to_have_url(f"{house.url}{TODAY}")


def test_who_switches_keys_off_has_none(house: House, window: Window, login: str) -> None:
    id_ = promise(house, HOUR, agent=login)
    page = window.look("/console/me")
    page.get_by_label("Single keys").uncheck()
    page.locator("form").filter(has=page.locator("#shortcuts")).get_by_role("button").click()
    expect(page.get_by_label("Single keys")).not_to_be_checked()
    for there in (TODAY, path(id_), "/console/help"):
        window.look(there)
        keyed = "script[src$='keys.js'], [aria-keyshortcuts], [accesskey]"
        assert page.locator(keyed).count() == 0
    expect(page.locator("main")).to_contain_text("You have switched keys off.")


def test_a_page_is_as_light_or_dark_as_its_reader_wants(window: Window) -> None:
    page = window.look("/console/me")
    page.locator("#theme").select_option("dark")
    page.locator("form").filter(has=page.locator("#theme")).get_by_role("button").click()
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
