"""The console in a real browser: by keyboard, without scripts, and for every eye and hand."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from callkeeper.clock import HandClock
from callkeeper.console.result_form import ENDS
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.people.changes import GiveRole
from callkeeper.core.people.person import Role
from callkeeper.usecases.invitations import change_person
from tests.console.browser import (
    HEIGHT,
    NARROW,
    WIDE,
    Opens,
    Window,
    is_for_everybody,
    overflow,
    paths,
    spilled,
    unfold,
)
from tests.console.longer import Longer, served
from tests.console.visitor import FORM, OPERATOR, PASSWORD, Visitor, at_work, invited, unlike_any
from tests.house import TASK, VDN, House

MORNING = 1_795_831_200_000  # 2026-11-28 02:00 in UTC
MINUTE = 60_000
LEAST_STOPS = 4  # the skip link, the way home, something, and what is done with it


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock(MORNING)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("browser"), clock=clock) as house:
        sold = BusinessResult(VDN, "", "sold", "Sold", "", house.now())
        with house.store.transaction():
            house.store.business_results.define([Definition(sold, (), "operator")])
        yield house


def agent(login: str) -> Role:
    """Return the role of an agent whose account is called like their login."""
    return Role("agent", VDN, login)


def late_calls(house: House, clock: HandClock, login: str, count: int) -> list[str]:
    """Promise calls of an agent, and let their time pass."""
    at = house.now() + 2 * MINUTE
    ids = [house.reserve(userAccount=login, appointTime=at + each) for each in range(count)]
    clock.move(5 * MINUTE)
    return ids


def filed(house: House, id_: str) -> dict[str, Any]:
    (found,) = (each for each in house.listed() if each["appointId"] == id_)
    return found


def link_to(page: Page, path: str) -> Locator:
    return page.locator(f'main a[href="{path}"]')


def of_one(id_: str) -> str:
    return f"/console/{VDN}/reservations/{id_}"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_invited_agent_files_a_late_call_by_keyboard_alone(
    house: House, clock: HandClock, opens: Opens, *, scripts: bool
) -> None:
    login = f"ada{scripts:d}"
    first, second = late_calls(house, clock, login, 2)
    before = len(house.listed())
    window = opens(scripts=scripts)
    page = window.look(f"/console/welcome/{invited(house, login, agent(login)).token}")

    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    window.press("Tab")
    page.keyboard.type(PASSWORD)
    window.press("Enter")
    window.tab_to(link_to(page, of_one(first)))
    window.press("Enter")
    window.tab_to(page.locator("[name=end]").first)
    window.press("ArrowDown")
    window.tab_to(page.locator("[name=business]:checked"))
    window.press("ArrowDown")
    window.tab_to(page.get_by_role("button", name="File it"))
    window.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Filed")
    expect(page.locator(f"#done-{first}")).to_have_count(1)
    expect(page.locator(f"#call-{first}")).to_have_count(0)
    expect(page.locator(f"#call-{second}")).to_be_visible()
    done = filed(house, first)
    assert (done["failCode"], done["busiResult"]) == (ENDS[1], "sold")
    assert len(house.listed()) == before


@pytest.fixture(scope="module")
def cy(house: House, clock: HandClock) -> Visitor:
    """Somebody in Berlin who may see all pages, with a call done, one late and one to come."""
    visitor = at_work(house, "cy", OPERATOR)
    change_person(house.store, house.clock, "cy", GiveRole(Role("administrator", VDN, "cy")))
    visitor.send("/console/me", {"name": "Cy", "language": "", "zone": "Europe/Berlin"})
    assert visitor.status == 303, visitor.text
    done, late = late_calls(house, clock, "cy", 2)
    house.reserve(
        userAccount="cy",
        appointTime=house.now() + 30 * MINUTE,
        calledNo="8613800132753",
        remark="a long word: " + "donaudampfschifffahrt" * 4,
    )
    form = {"version": visitor.look(of_one(done)).hidden("version"), "end": ENDS[0], "at": "03:00"}
    form["form"] = FORM
    visitor.send(f"{of_one(done)}/result", form)
    assert visitor.status == 303, visitor.text
    visitor.send(f"{of_one(late)}/note", {"version": "1", "note": "speak slowly"})
    return visitor


@pytest.fixture(scope="module")
def shown_at(house: House, cy: Visitor) -> dict[str, list[str]]:
    """Where there is something to be seen of each page; one that is not here yet is to be added."""
    today = cy.look(f"/console/{VDN}/today").seen.text
    _late, coming, done = re.findall(r'id="(?:call|done)-([^"]+)"', today)
    return {
        "/console/sign-in": ["/console/sign-in"],
        # Where none is set; tests/console/sign_on has the pages of one that is.
        "/console/sign-on": ["/console/sign-on"],
        "/console/sign-on/back": ["/console/sign-on/back"],
        "/console/welcome/{token}": [
            f"/console/welcome/{invited(house, 'dan', name='Dan 王').token}",
            "/console/welcome/used",
        ],
        "/console/": ["/console/", "/console/nowhere"],
        "/console/help": ["/console/help"],
        "/console/me": ["/console/me"],
        "/console/{vdn}/today": [f"/console/{VDN}/today"],
        "/console/{vdn}/board": [f"/console/{VDN}/board"],
        "/console/{vdn}/days/{date}": [f"/console/{VDN}/days/today"],
        "/console/{vdn}/reservations/{id}": [of_one(coming), of_one(done)],
        "/console/{vdn}/house": [f"/console/{VDN}/house"],
        "/console/{vdn}/campaigns": [f"/console/{VDN}/campaigns"],
        "/console/{vdn}/campaigns/new": [f"/console/{VDN}/campaigns/new"],
        "/console/{vdn}/campaigns/{campaign}": [f"/console/{VDN}/campaigns/{TASK}"],
        "/console/{vdn}/results": [f"/console/{VDN}/results"],
        "/console/lines": ["/console/lines"],
        "/console/health": ["/console/health"],
        "/console/keys": ["/console/keys"],
        "/console/keys/{ak}": [f"/console/keys/{house.key.ak}"],
        "/console/{vdn}/keys": [f"/console/{VDN}/keys"],
        "/console/{vdn}/keys/{ak}": [f"/console/{VDN}/keys/{house.key.ak}"],
        "/console/deeds": ["/console/deeds"],
        "/console/{vdn}/deeds": [f"/console/{VDN}/deeds"],
        "/console/{vdn}/find": [f"/console/{VDN}/find?only=1&from=2020-01-01"],
        "/console/{vdn}/book": [f"/console/{VDN}/book", f"/console/{VDN}/book?like={coming}"],
        "/console/people": ["/console/people"],
        "/console/people/{login}": ["/console/people/cy"],
        "/console/{vdn}/people": [f"/console/{VDN}/people"],
        "/console/{vdn}/people/{login}": [f"/console/{VDN}/people/cy"],
    }


def is_for_strangers(path: str) -> bool:
    return path.startswith(("/console/sign-in", "/console/welcome"))


def window_at(path: str, cy: Visitor, opens: Opens, **how: Any) -> Window:
    """Return a window that shows a page, to a stranger where it is theirs."""
    window = opens(**how)
    if not is_for_strangers(path):
        window.bear(cy.cookie)
    window.look(path)
    return window


@pytest.mark.parametrize(("language", "tag"), [("en-GB", "en"), ("zh-CN", "zh-Hans")])
@pytest.mark.parametrize("path", paths())
def test_a_page_is_for_everybody(
    shown_at: dict[str, list[str]],
    cy: Visitor,
    opens: Opens,
    path: str,
    language: str,
    tag: str,
) -> None:
    for each in shown_at[path]:
        page = window_at(each, cy, opens, language=language).page
        expect(page.locator("html")).to_have_attribute("lang", tag)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        is_for_everybody(page)


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_what_a_form_is_answered_with_is_for_everybody(
    cy: Visitor, opens: Opens, language: str
) -> None:
    window = window_at(f"/console/{VDN}/keys", cy, opens, language=language)
    page = window.page
    page.locator("#note").press("Enter")
    expect(page.locator("input[readonly]").first).to_be_visible()  # the secret
    is_for_everybody(page, (NARROW,))
    window.look(f"/console/{VDN}/people")
    page.locator("#agent").fill("1007")
    page.locator("#login").fill(unlike_any())
    page.locator("#login").press("Enter")
    expect(page.locator("input[readonly]")).to_be_visible()  # the link
    is_for_everybody(page, (NARROW,))
    window.look("/console/me")
    page.context.clear_cookies()
    page.locator("#name").press("Enter")
    expect(page.locator("form[action='/console/me']")).to_be_visible()  # what was typed
    expect(page.locator("#name")).to_have_count(0)
    is_for_everybody(page, (NARROW,))


@pytest.mark.parametrize("path", paths())
def test_whatever_has_the_focus_shows_it(
    shown_at: dict[str, list[str]], cy: Visitor, opens: Opens, path: str
) -> None:
    window = window_at(shown_at[path][0], cy, opens)
    unfold(window.page)
    stops = window.stops()
    assert len(stops) >= LEAST_STOPS
    assert not [each for each in stops if not each.is_seen]


def test_the_skip_link_leads_past_what_every_page_has(cy: Visitor, opens: Opens) -> None:
    window = opens().bear(cy.cookie)
    page = window.look(f"/console/{VDN}/today")
    skip = page.locator(".skip")
    expect(skip).not_to_be_in_viewport()
    window.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    window.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    window.press("Tab")
    expect(page.locator("main :is(a, button):visible").first).to_be_focused()


class Slip(NamedTuple):
    """What somebody types where it is refused, and the field that is to blame."""

    page: str
    typed: dict[str, str]
    field: str


SLIPS = [
    Slip("/console/sign-in", {"login": "cy", "password": "not the password"}, "password"),
    Slip("/console/welcome", {"password": "short", "again": "short"}, "password"),
    Slip("/console/welcome", {"password": PASSWORD, "again": "another one"}, "again"),
    Slip("/console/me", {"name": "x" * 200}, "name"),
    Slip("/console/me", {"zone": "Mars/Base"}, "zone"),
    Slip(f"/console/{VDN}/house", {"zone": "Mars/Base"}, "zone"),
    Slip(f"/console/{VDN}/house", {"customer_member": "x" * 61}, "customer_member"),
    Slip("/console/me", {"old": "not it", "new": PASSWORD, "again": PASSWORD}, "old"),
    Slip("/console/me", {"old": PASSWORD, "new": "short", "again": "short"}, "new"),
    Slip("/console/me", {"old": PASSWORD, "new": PASSWORD, "again": "another one"}, "again"),
    Slip(f"/console/{VDN}/campaigns/{TASK}", {"w1_begin": "23:00", "w1_end": "01:00"}, "w1_begin"),
    Slip(f"/console/{VDN}/campaigns/{TASK}", {"busy_times": "99"}, "busy_seconds"),
    Slip(f"/console/{VDN}/campaigns/{TASK}", {"numbers": "call me"}, "numbers"),
    Slip(f"/console/{VDN}/results", {"name": "x", "code": "a b"}, "code"),
    Slip(f"/console/{VDN}/keys", {"note": "x" * 201}, "note"),
    Slip(f"/console/{VDN}/people", {"agent": "1", "login": "cy"}, "login"),
    Slip(f"/console/{VDN}/people", {"login": "di", "agent": "x" * 101}, "agent"),
    Slip("/console/people", {"login": "di", "vdn": "x"}, "vdn"),
    Slip(f"/console/{VDN}/reservations", {"day": "2026-11-01"}, "move-at"),
    Slip(f"/console/{VDN}/reservations", {"day": "2027-03-28", "move-at": "02:30"}, "move-at"),
    Slip(f"/console/{VDN}/reservations", {"day": "2027-10-31", "move-at": "02:30"}, "which"),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.page} {slip.field}")
def test_who_is_refused_is_led_to_the_faulty_field(
    shown_at: dict[str, list[str]], cy: Visitor, opens: Opens, slip: Slip
) -> None:
    path = min((each[0] for each in shown_at.values() if each[0].startswith(slip.page)), key=len)
    page = window_at(path, cy, opens).page
    unfold(page)
    for name, value in slip.typed.items():
        page.locator(f"#{name}").fill(value)
    last = page.locator(f"#{list(slip.typed)[-1]}")
    page.locator("form").filter(has=last).get_by_role("button").click()
    field = page.locator(f"#{slip.field}")

    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport()
    expect(field).to_have_accessible_description(re.compile(r"\S"))
    is_for_everybody(page, (NARROW,))


@pytest.fixture(scope="module")
def longer_house(house: House, cy: Visitor, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same data where every message is longer."""
    assert cy.house is house
    with served(house, tmp_path_factory.mktemp("longer")) as there:
        yield there


def test_every_page_takes_words_that_are_longer(
    browser: Browser, longer_house: Longer, shown_at: dict[str, list[str]], cy: Visitor
) -> None:
    strangers, ours = (Window(browser, longer_house, language="zh-CN") for _ in range(2))
    ours.bear(cy.cookie)
    broken = []
    for path in paths():
        for each in shown_at[path]:
            page = (strangers if is_for_strangers(path) else ours).look(each)
            unfold(page)
            expect(page.get_by_role("main")).to_contain_text(re.compile("[àéîôü]"))
            for width in (NARROW, WIDE):
                page.set_viewport_size({"width": width, "height": HEIGHT})
                if overflow(page) or spilled(page):
                    broken.append(f"{each} in {width} px: {spilled(page)}")
    assert broken == []
    for window in (strangers, ours):
        window.close()
