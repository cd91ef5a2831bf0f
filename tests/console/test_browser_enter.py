"""Enter in a field does what its form is for, in a real browser, and nothing else."""

import pytest
from playwright.sync_api import expect

from callkeeper.clock import HandClock
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import PROOF_MS
from callkeeper.store.port.access import AgentName
from tests.console.browser import Opens
from tests.console.visitor import (
    ADMINISTRATOR,
    PASSWORD,
    SUPERVISOR,
    at_work,
    path,
    promise,
    standing,
    unlike_any,
)
from tests.house import HOUR, VDN, House


@pytest.fixture
def login() -> str:
    return unlike_any()


def test_a_time_that_is_typed_after_the_first_was_taken_is_the_one_that_is_booked(
    house: House, opens: Opens, login: str
) -> None:
    agent = at_work(house, login, Role("agent", VDN, login))
    id_ = promise(house, -HOUR, agent=login)
    promise(house, 2 * HOUR, agent=login)
    page = opens(scripts=False).bear(agent.cookie).look(path(id_))
    page.locator("[name=end][value='00000']").check()
    page.get_by_label("Call again").select_option("other")
    page.locator("#again_day").fill("2026-11-28")
    page.locator("#again_at").fill("14:00")
    page.locator("#again_at").press("Enter")
    expect(page.get_by_role("group", name="Instead")).to_be_visible()
    page.locator("#again_at").fill("17:30")
    page.locator("#again_at").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Filed")
    times = [each["appointTime"] for each in house.listed(userAccountList=[login])]
    assert times[-1] == house.now() + 5 * HOUR + HOUR // 2


def test_what_is_typed_of_a_result_stays_when_one_rings_and_enter_in_it_files_and_calls_nobody(
    house: House, opens: Opens, login: str
) -> None:
    agent = at_work(house, login, Role("agent", VDN, login))
    id_ = promise(house, -HOUR, agent=login)
    page = opens(scripts=False).bear(agent.cookie).look(path(id_))
    page.locator("#result-note").fill("asks for Ann")
    page.get_by_role("button", name="Call by hand").click()
    expect(page.get_by_role("status").first).to_contain_text("You call by hand since")
    expect(page.locator("#result-note")).to_have_value("asks for Ann")
    page.get_by_role("button", name="The call is over").click()
    expect(page.locator("#result-note")).to_have_value("asks for Ann")
    page.locator("[name=end][value='00000']").check()
    page.locator("#at").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Filed")
    assert standing(house, id_).remark == "asks for Ann"
    told = [each.what for each in house.store.history.of(VDN, id_)]
    assert told == ["reserved", "by_hand_began", "by_hand_ended", "result"]


def test_an_agent_who_is_typed_on_the_board_is_given_the_calls(
    house: House, opens: Opens, login: str
) -> None:
    with house.store.transaction():
        house.store.agents.name([AgentName(VDN, "pat", "Pat", house.now())])
    id_ = promise(house, -2 * HOUR, agent=login)
    supervisor = at_work(house, login, SUPERVISOR)
    page = opens(scripts=False).bear(supervisor.cookie).look(f"/console/{VDN}/board?agent={login}")
    page.get_by_label("all of these").check()
    page.get_by_label("Give them to agent").fill("pat")
    page.get_by_label("Give them to agent").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("One call is Pat's now.")
    assert (standing(house, id_).agent, standing(house, id_).seen_at) == ("pat", None)


def test_the_link_of_a_calendar_stays_the_one_that_is_shown(
    house: House, opens: Opens, login: str
) -> None:
    agent = at_work(house, login, Role("agent", VDN, login))
    page = opens(scripts=False).bear(agent.cookie).look("/console/me")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#calendar-link")
    shown = link.input_value()
    expect(link).to_be_focused()
    link.press("Enter")
    page.wait_for_load_state()
    expect(link).to_have_value(shown)
    assert house.http.get(shown).status_code == 200


def test_a_key_is_revoked_where_it_was_typed_for_that(
    house: House, clock: HandClock, opens: Opens, login: str
) -> None:
    keeper = at_work(house, login, ADMINISTRATOR)
    key = house.issue(VDN)
    clock.move(PROOF_MS)
    page = opens(scripts=False).bear(keeper.cookie).look(f"/console/{VDN}/keys/{key.ak}")
    page.locator("#proof-revoke").fill("not the password")
    page.locator("#ak").fill(key.ak)
    page.locator("#ak").press("Enter")
    expect(page.locator("#proof-revoke")).to_be_focused()
    expect(page.locator("#ak")).to_have_value(key.ak)
    page.locator("#proof-revoke").fill(PASSWORD)
    page.locator("#proof-revoke").press("Enter")
    expect(page.get_by_role("term").filter(has_text="Revoked")).to_be_visible()
    found = house.store.keys.get(key.ak)
    assert found is not None
    assert found.revoked_at is not None
    assert found.per_second is None


def test_a_password_that_is_typed_for_one_of_three_acts_does_none_of_them(
    house: House, clock: HandClock, opens: Opens, login: str
) -> None:
    keeper = at_work(house, login, ADMINISTRATOR)
    other = unlike_any()
    at_work(house, other, Role("agent", VDN, other))
    clock.move(PROOF_MS)
    before = house.store.people.get(other)
    there = f"/console/{VDN}/people/{other}"
    page = opens(scripts=False).bear(keeper.cookie).look(there)
    page.locator("#proof-sign-in").fill(PASSWORD)
    page.locator("#proof-sign-in").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#proof-sign-in")).to_have_value(PASSWORD)
    assert house.store.people.get(other) == before
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
