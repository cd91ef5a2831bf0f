"""The single sign-on in a real browser: by keyboard, without scripts, under our strict policy."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import leave_out
from tests.console.browser import PROGRAM, Window, chromium, is_for_everybody
from tests.console.sign_on.oidc import Provider
from tests.console.sign_on.way import somebody, tied
from tests.console.visitor import ADMINISTRATOR, at_work, unlike_any
from tests.house import VDN, House


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not PROGRAM.exists():
        leave_out("the console in a browser: there is none here; apt-get install chromium")
    with chromium() as browser:
        yield browser


def test_somebody_comes_by_the_provider_once_they_are_tied(
    browser: Browser, house: House, provider: Provider
) -> None:
    subject = somebody(provider)
    window = Window(browser, house, scripts=False, elsewhere=provider.issuer)
    page = window.look(f"/console/{VDN}/today")
    button = page.get_by_role("link", name="Single sign-on")
    window.tab_to(button)
    window.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nobody here is tied to your account")
    expect(page.locator("main")).to_contain_text(subject)
    tied(house, subject)
    window.tab_to(button)
    window.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.url.startswith(f"{house.url}/console/")
    window.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_its_pages_are_for_everybody(
    browser: Browser, house: House, provider: Provider, language: str
) -> None:
    subject = somebody(provider)
    window = Window(browser, house, language=language, elsewhere=provider.issuer)
    page = window.look("/console/sign-in")
    is_for_everybody(page)
    page.locator("a.button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    is_for_everybody(page)
    login = tied(house, subject)
    window.bear(at_work(house, unlike_any(), ADMINISTRATOR).cookie)
    window.look(f"/console/{VDN}/people/{login}")
    is_for_everybody(page)
    page.locator("button[value=untie]").click()
    expect(page.locator("#subject")).to_be_visible()
    is_for_everybody(page)
    page.locator("#subject").fill(subject)
    page.locator("#subject").press("Enter")
    expect(page.locator("button[value=untie]")).to_be_visible()
    window.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_who_signs_in_anew_in_another_window_goes_on_with_what_was_typed(
    browser: Browser, house: House, provider: Provider, *, scripts: bool
) -> None:
    tied(house, somebody(provider), ADMINISTRATOR)
    new = unlike_any()
    window = Window(browser, house, scripts=scripts, elsewhere=provider.issuer)
    page = window.look("/console/sign-on")
    page.goto(f"/console/{VDN}/people")
    page.get_by_label("Login", exact=True).fill(new)
    page.get_by_label("Role").select_option("supervisor")
    window.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("sign in anew, in another window")
    anew = page.get_by_role("link", name="Sign in anew, in another window")
    expect(anew).to_be_focused()
    with page.expect_popup() as opened:
        window.press("Enter")
    expect(opened.value.get_by_role("button", name="Sign out")).to_be_visible()
    opened.value.close()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_label("Link")).to_have_value(re.compile("/console/welcome/"))
    window.close()
    assert house.store.people.get(new) is not None


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_where_one_signs_in_anew_is_for_everybody(
    browser: Browser, house: House, provider: Provider, language: str
) -> None:
    tied(house, somebody(provider), ADMINISTRATOR)
    window = Window(browser, house, language=language, elsewhere=provider.issuer)
    page = window.look("/console/sign-on")
    for path in (f"/console/{VDN}/people/{tied(house, unlike_any())}", f"/console/{VDN}/keys"):
        page.goto(path)
        expect(page.locator("a[target=_blank]").first).to_be_visible()
        is_for_everybody(page)
    provider.claims["auth_time"] = 0
    page.goto("/console/sign-on?anew=1")
    expect(page.get_by_role("alert")).to_be_visible()
    is_for_everybody(page)
    window.close()
