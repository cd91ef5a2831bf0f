"""Counts that change are spoken, in a real browser: politely, seldom, and not while paused."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Result
from tests.console.browser import Opens
from tests.console.visitor import SUPERVISOR, at_work, promise, unlike_any
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order

TODAY, BOARD = f"/console/{VDN}/today", f"/console/{VDN}/board"
MINUTE = 60_000
SILENT_MS = 10_000  # after something was spoken
_LISTEN = """() => {
  const said = window.said = []
  new MutationObserver(() => said.push(document.getElementById("live-counts").textContent))
    .observe(document.getElementById("live-counts"), { childList: true, characterData: true })
}"""


def listen(page: Page, path: str) -> Any:
    """Return where what is spoken stands; timers of the page are moved by hand."""
    page.clock.install()
    page.goto(path)
    expect(page.locator("#live-state > [data-says=on]")).to_be_visible()
    region = page.locator("#live-counts")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(region).to_have_text("")
    page.evaluate(_LISTEN)
    return region


def said(page: Page) -> list[str]:
    return list(page.evaluate("said"))


def test_an_agent_hears_changed_counts_once_in_ten_seconds(house: House, opens: Opens) -> None:
    login = unlike_any()
    first = promise(house, 5 * MINUTE, agent=login)
    page = opens().bear(at_work(house, login, Role("agent", VDN, login)).cookie).page
    region = listen(page, TODAY)
    second = promise(house, HOUR, agent=login)
    expect(region).to_have_text("0 late, 2 to come; of today's, 0 done")
    for id_ in (first, second):
        carry_out(house.store, order(id_, Result(fail_code="00537"), vdn=VDN, at=house.now()))
    count = page.locator("#live [data-count]")
    expect(count).to_have_text("0 late, 0 to come; of today's, 2 done")
    assert said(page) == ["0 late, 2 to come; of today's, 0 done"]
    page.clock.fast_forward(SILENT_MS)
    expect(region).to_have_text("0 late, 0 to come; of today's, 2 done")
    page.clock.fast_forward(SILENT_MS)  # nothing has changed since
    third = promise(house, HOUR, agent=login)
    expect(page.locator(f"#call-{third}")).to_be_visible()
    expect(region).to_have_text("0 late, 1 to come; of today's, 2 done")
    assert len(said(page)) == 3


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_supervisor_hears_what_has_changed_alone_and_nothing_while_it_is_paused(
    house: House, opens: Opens, language: str
) -> None:
    login = unlike_any()
    for _ in range(2):
        promise(house, -MINUTE, agent=login)
    page = opens(language=language).bear(at_work(house, login, SUPERVISOR).cookie).page
    region, late = listen(page, f"{BOARD}?agent={login}"), page.locator(".tile.late")
    word = late.inner_text().split()[-1]
    promise(house, -MINUTE, agent=login)
    expect(region).to_have_text(f"3 {word}")
    page.locator("#live-pause").click()
    promise(house, -MINUTE, agent=login)
    page.clock.fast_forward(7 * SILENT_MS)  # a page asks each minute anyway
    expect(late).to_contain_text("3")
    assert said(page) == [f"3 {word}"]
    page.locator("#live-pause").click()
    expect(region).to_have_text(f"4 {word}")
