"""A call that comes due, in a real browser: said in every tab, heard and notified once."""

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from callkeeper.core.people.person import Role
from tests.console.browser import Opens
from tests.console.visitor import at_work, path, promise
from tests.house import VDN, House
from tests.waiting import until

MINUTE = 60_000
TODAY, BOOK, ME = f"/console/{VDN}/today", f"/console/{VDN}/book", "/console/me"
SAYS = "A call is due at 12:04"

# What a page notifies of, and how often it can be heard.
_HEARS = """
window.notified = [];
window.heard = 0;
window.Notification = class extends Notification {
  constructor(says, options) { super(says, options); notified.push(says) }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { heard += 1; return start.call(this, at) };
"""


def working(house: House, opens: Opens, login: str) -> Page:
    """Return the page of an agent who may be notified, and has clicked."""
    window = opens().bear(at_work(house, login, Role("agent", VDN, login)).cookie)
    window.page.context.add_init_script(_HEARS)
    window.page.context.grant_permissions(["notifications"], origin=house.url)
    return window.page


def open_tab(page: Page, address: str) -> Page:
    """Load a page, which its reader has touched, and wait until it hears."""
    with page.expect_response(lambda answer: "/console/" in answer.url):
        page.goto(address)
    page.locator("h1").click()
    return page


def alert(page: Page) -> Any:
    return page.locator("#alert > p")


def tones(context: BrowserContext) -> int:
    return sum(page.locator("body").evaluate("() => heard") for page in context.pages)


def notified(context: BrowserContext) -> list[str]:
    told = (page.locator("body").evaluate("() => notified") for page in context.pages)
    return [says for each in told for says in each]


def test_a_call_that_comes_due_is_said_in_every_tab_and_heard_and_notified_once(
    house: House, opens: Opens
) -> None:
    today = open_tab(working(house, opens, "una"), TODAY)
    book = open_tab(today.context.new_page(), BOOK)
    expect(today.locator("#live-state > span:visible")).to_contain_text("Live")
    expect(alert(today)).to_have_count(0)
    id_ = promise(house, 4 * MINUTE, agent="una")
    for page in (today, book):
        expect(page.locator("#alert")).to_have_attribute("aria-live", "assertive")
        expect(alert(page)).to_contain_text(SAYS)
        assert page.title().startswith(SAYS)
        expect(page.locator("link[rel=icon][href$='/icon-due.svg']")).to_have_count(1)
    context = today.context
    until(lambda: tones(context) == 2)  # of one sound
    assert notified(context) == [SAYS]
    book.get_by_role("button", name="Close").click()
    expect(alert(book)).to_have_count(0)
    assert not book.title().startswith(SAYS)
    today.locator("#alert").get_by_role("link", name="Open").click()
    today.wait_for_url(f"**{path(id_)}")
    # This page connects anew, and is told again: the browser has said it.
    later = promise(house, 3 * MINUTE, agent="una")
    expect(alert(today)).to_have_count(1)
    expect(alert(today)).to_contain_text("A call is due at 12:03")
    expect(alert(today).get_by_role("link")).to_have_attribute("href", path(later))


def test_the_alert_is_tested_and_its_sound_switched_off(house: House, opens: Opens) -> None:
    page = open_tab(working(house, opens, "vic"), ME)
    page.get_by_role("button", name="Test the alert").click()
    until(lambda: tones(page.context) == 2)
    page.get_by_label("It is announced by a sound too").uncheck()
    page.get_by_label("Minutes before its time").fill("10")
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    expect(page.get_by_label("Minutes before its time")).to_have_value("10")
    page.get_by_role("button", name="Test the alert").click()
    expect(alert(page)).to_contain_text("This is how a call that comes due is announced")
    expect(page.locator("[data-denied]")).to_be_hidden()
    until(lambda: len(notified(page.context)) == 1)
    assert tones(page.context) == 0


def test_a_browser_that_may_not_notify_says_so(house: House, opens: Opens) -> None:
    window = opens().bear(at_work(house, "wen", Role("agent", VDN, "wen")).cookie)
    page = window.look(ME)
    page.get_by_role("button", name="Test the alert").click()
    expect(page.get_by_role("status")).to_contain_text("shows no notifications")
    expect(alert(page)).to_have_count(1)
