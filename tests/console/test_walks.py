"""What an agent does in a day, in a browser, on each engine in turn."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from callkeeper.clock import HandClock
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.people.person import Role
from tests.conftest import ENGINES
from tests.console.browser import NARROW, Opens, overflow
from tests.console.visitor import (
    PASSWORD,
    SUPERVISOR,
    Visitor,
    at_work,
    path,
    promise,
    standing,
    unlike_any,
)
from tests.house import HOUR, TASK, VDN, House
from tests.private_postgres import PrivatePostgres

MINUTE = 60_000
TWO_HOURS = 120 * MINUTE
TODAY = f"/console/{VDN}/today"
A_DAYS_CALLS = 20


@pytest.fixture(scope="module", params=ENGINES)
def house(
    tmp_path_factory: pytest.TempPathFactory, clock: HandClock, request: pytest.FixtureRequest
) -> Iterator[House]:
    database, server = None, None
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        assert isinstance(server, PrivatePostgres)
        database = server.new_database(like=request.getfixturevalue("schema"))
    with House(tmp_path_factory.mktemp("walks"), clock=clock, database=database) as house:
        sold = BusinessResult(VDN, "", "sold", "Sold", "", house.now())
        with house.store.transaction():
            house.store.business_results.define([Definition(sold, (), "operator")])
        yield house
    if server is not None:
        server.drop_databases()


def agent(house: House, login: str) -> Role:
    role = Role("agent", VDN, login)
    at_work(house, login, role)
    return role


def test_an_agent_signs_in_and_files_twenty_results_by_keyboard_alone(
    house: House, opens: Opens
) -> None:
    agent(house, login := unlike_any())
    ids = [promise(house, -MINUTE * number, agent=login) for number in range(A_DAYS_CALLS, 0, -1)]
    window = opens()
    page = window.look(TODAY)
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type(login)
    window.press("Tab")
    page.keyboard.type(PASSWORD)
    window.press("Enter")
    expect(page.locator(f"#call-{ids[0]}")).to_be_visible()
    window.press("j")
    for id_ in ids:
        expect(page.locator(f"#call-{id_}")).to_be_focused()
        window.press("r")
        expect(page.locator("#result")).to_be_focused()
        window.press("1", "Control+Enter")
        expect(page.get_by_role("status")).to_contain_text("Filed")
    expect(page.locator("main")).to_contain_text("Nothing to call.")
    filed = [standing(house, id_) for id_ in ids]
    assert {(each.state, each.business_result, each.version) for each in filed} == {
        ("done", "sold", 2)
    }


def test_a_session_that_ends_while_a_form_is_filled_in_loses_nothing_of_it(
    house: House, clock: HandClock, opens: Opens
) -> None:
    agent(house, login := unlike_any())
    id_ = promise(house, TWO_HOURS, agent=login)
    window = opens()
    page = window.look(path(id_))
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    window.press("Enter")
    page.locator("#result-note").fill("asks for <b>the</b> tariff")
    page.locator("[name=business][value=sold]").check()
    clock.move(TWO_HOURS)
    page.get_by_role("button", name="File it").click()
    expect(page.locator("main")).to_contain_text("what you typed is still here")
    assert standing(house, id_).version == 1
    with page.expect_popup() as other:
        page.get_by_role("link", name="Sign in").click()
    other.value.locator("#login").fill(login)
    other.value.locator("#password").fill(PASSWORD)
    other.value.keyboard.press("Enter")
    expect(other.value.get_by_role("button", name="Sign out")).to_be_visible()
    other.value.close()
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("status")).to_contain_text("Filed")
    new = standing(house, id_)
    assert (new.remark, new.business_result) == ("asks for <b>the</b> tariff", "sold")


def test_of_two_people_at_one_reservation_the_second_sees_both_values(
    house: House, opens: Opens
) -> None:
    role = agent(house, login := unlike_any())
    id_ = promise(house, -MINUTE, agent=role.agent)
    assert login == role.agent
    supervisors = [at_work(house, unlike_any(), SUPERVISOR) for _ in range(2)]
    one, two = (opens().bear(each.cookie).look(path(id_)) for each in supervisors)
    one.locator("[name=end][value='00537']").check()
    two.locator("[name=end][value='00603']").check()
    two.locator("#result-note").fill("nobody there")
    two.locator("[name=business][value=sold]").check()
    one.get_by_role("button", name="File it").click()
    expect(one.locator("main")).to_contain_text("busy")
    two.get_by_role("button", name="File it").click()
    expect(two.locator(".on-record")).to_contain_text("busy")
    expect(two.locator("[name=end]:checked")).to_have_value("00603")
    expect(two.locator("#result-note")).to_have_value("nobody there")
    expect(two.locator("[name=business]:checked")).to_have_value("sold")
    assert standing(house, id_).fail_code == "00537"
    two.get_by_role("button", name="File it").click()
    expect(two.get_by_role("alert")).to_have_count(0)
    assert standing(house, id_).fail_code == "00603"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_next_call_is_booked_with_a_result(
    house: House, opens: Opens, *, scripts: bool
) -> None:
    role = agent(house, unlike_any())
    id_ = promise(house, -MINUTE, agent=role.agent)
    visitor = at_work(house, unlike_any(), SUPERVISOR)
    page = opens(scripts=scripts).bear(visitor.cookie).look(path(id_))
    expect(page.locator("#again_day")).to_be_hidden()
    page.get_by_role("radio", name="no answer").check()
    page.locator("#again").select_option("other")
    page.locator("#again_day").fill("2027-01-05")
    page.locator("#again_at").fill("09:30")
    page.get_by_role("button", name="File it").click()
    page.get_by_role("link", name="called again 2027-01-05 09:30").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2027-01-05 09:30")
    page.get_by_role("link", name="after an earlier call").click()
    expect(page).to_have_url(f"{house.url}{path(id_)}")


def test_an_agent_works_on_a_phone(house: House, opens: Opens) -> None:
    agent(house, login := unlike_any())
    id_ = promise(house, -MINUTE, agent=login)
    page = opens().page
    page.set_viewport_size({"width": NARROW, "height": 640})
    page.goto(TODAY)
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    row = page.locator(f"#call-{id_}")
    result = row.get_by_role("link", name="Result")
    expect(result).to_be_visible()
    box, around = result.bounding_box(), row.bounding_box()
    assert box is not None
    assert around is not None
    assert box["width"] > around["width"] / 3
    call = row.get_by_role("button", name="Call by hand").bounding_box()
    assert call is not None
    assert call["width"] > around["width"] * 0.8
    assert overflow(page) == 0
    result.click()
    page.locator("[name=business][value=sold]").check()
    assert overflow(page) == 0
    page.get_by_role("button", name="File it").click()
    expect(page.get_by_role("status")).to_contain_text("Filed")
    page.get_by_role("link", name="Book a call").click()
    page.locator("#number").fill("13800138000")
    page.locator("#campaign").select_option(TASK)
    page.locator("#day").fill("2026-12-20")  # no walk before it has come so far
    page.locator("#at").fill("15:00")
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("15:00")
    assert overflow(page) == 0
    made = standing(house, page.url.partition("?")[0].rpartition("/")[2])
    assert (made.agent, standing(house, id_).state) == (login, "done")


class Change(NamedTuple):
    """A zone, and a time there that a day does not have, and one that another day has twice."""

    zone: str
    missing: tuple[str, str]
    twice: tuple[str, str]
    second: str


CHANGES = [
    Change(
        "Europe/Berlin", ("2027-03-28", "02:30"), ("2027-10-31", "02:30"), "2027-10-31T01:30+00:00"
    ),
    Change(
        "America/New_York",
        ("2027-03-14", "02:30"),
        ("2027-11-07", "01:30"),
        "2027-11-07T06:30+00:00",
    ),
    # The clock goes forward and back by half an hour, in the other half of the year.
    Change(
        "Australia/Lord_Howe",
        ("2027-10-03", "02:15"),
        ("2027-04-04", "01:45"),
        "2027-04-03T15:15+00:00",
    ),
]


def test_a_time_that_clocks_leave_out_or_show_twice_is_asked_about_in_three_zones(
    house: House, opens: Opens
) -> None:
    agent(house, login := unlike_any())
    campaign = 900 + int(house.settings.database is not None)
    house.has_campaign(campaign, end_at=house.now() + 20_000 * HOUR)
    page = opens().bear(Visitor(house).sign_in(login).cookie).page
    for change in CHANGES:
        page.goto(f"/console/{VDN}/book")
        page.locator("#number").fill("13800138000")
        page.locator("#campaign").select_option(str(campaign))
        page.locator("#zone").fill(change.zone)
        for (day, at), field, says in (
            (change.missing, "#at", "does not exist on that day"),
            (change.twice, "#which", "comes twice on that day"),
        ):
            page.locator("#day").fill(day)
            page.locator("#at").fill(at)
            page.get_by_role("button", name="Book it").click()
            expect(page.locator(field)).to_have_accessible_description(re.compile(says))
        page.locator("#which").select_option("second")
        page.get_by_role("button", name="Book it").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(change.second[11:16])
        made = standing(house, page.url.partition("?")[0].rpartition("/")[2])
        assert made.appoint_at == datetime.fromisoformat(change.second).timestamp() * 1000
