"""People in a real browser: an administrator invites somebody, who comes, and becomes more."""

import pytest
from playwright.sync_api import expect

from callkeeper.clock import HandClock
from callkeeper.core.people.session import PROOF_MS
from tests.console.browser import Opens
from tests.console.visitor import ADMINISTRATOR, PASSWORD, at_work
from tests.house import VDN, House


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_whoever_is_invited_comes_and_is_given_another_role(
    house: House, clock: HandClock, opens: Opens, *, scripts: bool
) -> None:
    login = f"gus{scripts:d}"
    boss = f"max{scripts:d}"
    keeper = at_work(house, boss, ADMINISTRATOR)
    clock.move(PROOF_MS)
    office = opens(scripts=scripts).bear(keeper.cookie).look("/console/")
    office.get_by_role("link", name="People").click()
    office.get_by_label("Login", exact=True).fill(login)
    office.get_by_label("Name", exact=True).fill("Gus Chen")
    office.get_by_label("Role").select_option("agent")
    office.get_by_label("Agent account").fill("1007")
    office.get_by_label("Your own password, once more").fill("not the password")
    office.get_by_role("button", name="Invite").click()
    proof = office.get_by_label("Your own password, once more")
    expect(proof).to_be_focused()
    expect(proof).to_have_value("")
    expect(office.get_by_label("Agent account")).to_have_value("1007")
    proof.fill(PASSWORD)
    office.get_by_role("button", name="Invite").click()
    link = office.get_by_label("Link").input_value()

    page = opens(scripts=scripts).look(link.removeprefix(house.url))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My calls today")

    office.get_by_role("link", name="Gus Chen").click()
    office.get_by_label("Role").select_option("administrator")
    office.get_by_role("button", name="Give this role").click()
    expect(office.get_by_label("Role")).to_have_value("administrator")
    page.reload()
    page.get_by_role("link", name="People").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"People of VDN {VDN}")
    page.get_by_role("link", name="Deeds").click()
    newest = page.get_by_role("listitem").first
    expect(newest).to_contain_text(f"person {boss}")
    expect(newest).to_contain_text(f"given a role person {login} Administrator of VDN {VDN}")
