"""Calls in a real browser: one key asks for one, the page tells how it stands, and ends it."""

import pytest
from playwright.sync_api import Page, expect

from callkeeper.core.people.person import Role
from tests.console.browser import Opens, is_for_everybody
from tests.console.test_house_rules import rule
from tests.console.visitor import at_work, path, promise
from tests.house import VDN, House
from tests.store.calls import renew

MINUTE = 60_000


def begun(
    house: House, opens: Opens, role: Role, button: str, *, scripts: bool
) -> tuple[str, Page]:
    """Have an agent begin a late call from their list, by key or by button; return its page."""
    assert role.agent
    agent = at_work(house, role.agent, role)
    id_ = promise(house, -5 * MINUTE, agent=role.agent)
    window = opens(scripts=scripts).bear(agent.cookie)
    page = window.look(f"/console/{VDN}/today")
    if scripts:
        window.press("j", "c")
    else:
        page.get_by_role("button", name=button).click()
    expect(page).to_have_url(f"{house.url}{path(id_)}")
    return id_, page


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_call_is_asked_for_and_ended(house: House, opens: Opens, *, scripts: bool) -> None:
    login = f"rings{scripts:d}"
    now = house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    role = Role("agent", VDN, login, f"PJSIP/100{scripts:d}")
    _, page = begun(house, opens, role, "Call", scripts=scripts)
    expect(page.get_by_role("status")).to_contain_text("The call waits for a dialer")
    if scripts:  # axe is one
        is_for_everybody(page)
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_role("button", name="Call")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("not dialed after all")
    renew(house.store, "dora", now, line="asterisk", said_at=now)


def test_outside_the_hours_a_tick_asks_and_the_call_is_made(house: House, opens: Opens) -> None:
    login, now = "night", house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    house.has_campaign(74, workday_windows='[{"begin":60,"end":61}]')
    agent = at_work(house, login, Role("agent", VDN, login, "PJSIP/1074"))
    rule(house, outside_hours="ask")
    id_ = promise(house, -5 * MINUTE, agent=login, campaign_id="74")
    page = opens(scripts=False).bear(agent.cookie).look(path(id_))
    page.get_by_role("button", name="Call").click()
    expect(page.get_by_role("alert")).to_contain_text("outside the hours of campaign 74")
    page.get_by_role("button", name="Call").click()  # the browser wants the tick
    tick = page.get_by_role("checkbox", name="Call outside the hours")
    expect(tick).to_be_focused()
    tick.check()
    page.get_by_role("button", name="Call").click()
    expect(page.get_by_role("status")).to_contain_text("The call waits for a dialer")
    page.get_by_role("button", name="Hang up").click()
    renew(house.store, "dora", now, line="asterisk", said_at=now)
    rule(house)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_call_by_hand_is_begun_and_ended_and_nothing_typed_is_lost(
    house: House, opens: Opens, *, scripts: bool
) -> None:
    role = Role("agent", VDN, f"hand{scripts:d}")
    id_, page = begun(house, opens, role, "Call by hand", scripts=scripts)
    expect(page.get_by_role("link", name="Dial 66660001")).to_be_focused()
    if scripts:
        is_for_everybody(page)
    page.locator("#result-note").fill("speaks slowly")
    page.get_by_role("button", name="The call is over").click()
    expect(page.get_by_role("button", name="The call is over")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("no line has confirmed it")
    expect(page.locator("#result-note")).to_have_value("speaks slowly")
    page.locator("#result-note").press("Control+Enter")
    if not scripts:
        page.get_by_role("button", name="File it").click()
    expect(page.get_by_role("status").first).to_contain_text("Filed")
    happened = [each.what for each in house.store.history.of(VDN, id_)]
    assert happened == ["reserved", "by_hand_began", "by_hand_ended", "result"]
