"""A call's page in a real browser: its bar and the evidence follow the call, and no field does."""

import pytest
from playwright.sync_api import Page, expect

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.desk_call import DeskClaim
from callkeeper.core.people.person import Role
from tests.console.browser import HEIGHT, WIDE, Opens, is_for_everybody
from tests.console.visitor import at_work, path, promise, standing
from tests.house import VDN, House
from tests.store.calls import BUSY, LIMITS, begin, end, ending, note, renew, word

MINUTE = 60_000
ANSWERED = Hangup(16, "Normal Clearing")


def stands(page: Page, words: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(words)


def rung(house: House, id_: str) -> Attempt:
    """Have a dispatcher take a call that was asked for: the phone of whoever asks rings."""
    claim = DeskClaim("asterisk", "dora", house.now(), 100, 100.0, LIMITS)
    with house.store.transaction():
        house.store.desk_calls.take([claim])
    return house.store.attempts.of(VDN, id_)[-1]


def test_a_page_follows_its_call_and_what_is_typed_meanwhile_stays(
    house: House, opens: Opens
) -> None:
    login, now = "follows", house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    agent = at_work(house, login, Role("agent", VDN, login, "PJSIP/1077"))
    id_ = promise(house, -5 * MINUTE, agent=login)
    page = opens().bear(agent.cookie).look(path(id_))
    page.get_by_role("button", name="Call").click()
    stands(page, "The call waits for a dialer")
    field = page.locator("#result-note")
    field.press_sequentially("speaks ")
    attempt = rung(house, id_)
    stands(page, "Your phone PJSIP/1077 rings")
    begin(house.store, attempt, at=now)
    stands(page, "The customer is being called")
    expect(page.get_by_role("radio", name="busy")).to_have_count(0)  # the line will say
    note(house.store, word(attempt, ringing_at=now))
    stands(page, "The customer's phone rings")
    is_for_everybody(page)
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    field.press_sequentially("slow")
    note(house.store, word(attempt, answered_at=now - 72_000))
    stands(page, "Talking for 01:1")
    expect(page.get_by_role("timer")).to_have_text("01:14")  # it counts by itself
    expect(field).to_be_focused()
    page.keyboard.type("ly")
    end(house.store, ending(attempt, ANSWERED, at=now))
    expect(page.locator("#ended")).to_contain_text("answered (cause 16, Normal Clearing)")
    expect(page.get_by_role("button", name="Hang up")).to_have_count(0)
    expect(page.locator("#told")).to_contain_text("talked 72 s")
    expect(field).to_have_value("speaks slowly")
    expect(field).to_be_focused()
    page.keyboard.press("Control+Enter")
    stands(page, "Filed")
    new = standing(house, id_)
    assert (new.state, new.fail_code, new.remark) == ("done", "00000", "speaks slowly")
    renew(house.store, "dora", now, line="asterisk", said_at=now)


@pytest.mark.parametrize("chosen", [None, "rejected"])
def test_what_the_line_says_is_filled_in_where_nobody_has_chosen_anything(
    house: House, opens: Opens, chosen: str | None
) -> None:
    login, now = f"chooses{chosen}", house.now()
    renew(house.store, "dora", now + 15_000, line="asterisk", said_at=now)
    agent = at_work(house, login, Role("agent", VDN, login, f"PJSIP/{login}"))
    id_ = promise(house, -5 * MINUTE, agent=login)
    window = opens().bear(agent.cookie)
    page = window.look(path(id_))
    expect(page.locator("#live-state > span:visible")).to_contain_text("Live")
    expect(page.locator("[name=end]:checked")).to_have_count(0)
    if chosen:
        page.get_by_role("radio", name=chosen).check()
        page.locator("#at").fill("11:41")
    agent.send(path(id_, "call"))  # in another window
    stands(page, "The call waits for a dialer")
    attempt = rung(house, id_)
    begin(house.store, attempt, at=now - 2 * MINUTE)
    end(house.store, ending(attempt, BUSY, at=now))
    expect(page.locator("#ended")).to_contain_text("The line says")
    expect(page.get_by_role("radio", name=chosen or "busy")).to_be_checked()
    expect(page.locator("#at")).to_have_value("11:41" if chosen else "11:58")
    page.get_by_role("button", name="File it").click()
    stands(page, "Filed")
    code = {None: "00537", "rejected": "00604"}[chosen]
    assert (standing(house, id_).state, standing(house, id_).fail_code) == ("done", code)
    renew(house.store, "dora", now, line="asterisk", said_at=now)
