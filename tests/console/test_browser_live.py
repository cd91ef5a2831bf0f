"""Pages that change by themselves, in a real browser: nothing is lost, nothing is silently old."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from callkeeper.clock import HandClock
from callkeeper.core.people.changes import Disable, PersonOrder
from callkeeper.core.people.person import Role
from callkeeper.core.reservations.changes import Move, Result
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.port.access import AgentName
from tests.conftest import leave_out
from tests.console.browser import PROGRAM, Window, chromium, unfold
from tests.console.conftest import NOON
from tests.console.visitor import SUPERVISOR, at_work, path, promise, rewrite, standing
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order
from tests.waiting import until

MINUTE = 60_000
TABS = 9  # HTTP/1.1 allows six connections
TODAY, BOARD = f"/console/{VDN}/today", f"/console/{VDN}/board"
LIVE = "Live: what moves"
TYPED = "whom they all ask for"
# What the tab that has the stream tells the others; this one has no part that moves.
_TELLS_OF_VDN = f"""number => new BroadcastChannel("callkeeper").postMessage(
  {{kind: "pulse", told: {{"{VDN}": number}}}})"""

Opens = Callable[[str], Window]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not PROGRAM.exists():
        leave_out("the console in a browser: there is none here; apt-get install chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def opens(browser: Browser, house: House) -> Iterator[Opens]:
    windows: list[Window] = []

    def open_window(cookie: str) -> Window:
        windows.append(Window(browser, house).bear(cookie))
        return windows[-1]

    yield open_window
    for each in windows:
        each.close()


def role(login: str) -> Role:
    return Role("agent", VDN, login)


def state(page: Page) -> Any:
    return page.locator("#live-state > span:visible")


def note(house: House, id_: str, remark: str) -> None:
    carry_out(house.store, order(id_, Move(remark=remark), vdn=VDN, at=house.now()))


def test_what_is_typed_stays_through_twenty_refreshes(house: House, opens: Opens) -> None:
    with house.store.transaction():
        house.store.agents.name([AgentName(VDN, "bea", "Bea", house.now())])
    ids = [promise(house, -MINUTE - each, agent="bea") for each in range(3)]
    page = opens(at_work(house, "sue", SUPERVISOR).cookie).look(BOARD)
    expect(state(page)).to_contain_text(LIVE)
    other = page.context.new_page()
    other.goto("/console/help")
    page.bring_to_front()
    page.locator(f"#call-{ids[0]} input").check()
    field = page.locator("#agent")
    field.focus()
    page.mouse.move(1, 1)  # rows stay where they are under the pointer
    for turn, letter in enumerate(TYPED):
        page.keyboard.type(letter)
        made = promise(house, -HOUR - turn, agent="bea")
        if turn > 1:  # or each would wait for the watch, which looks once a second
            other.evaluate(_TELLS_OF_VDN, str(turn))
        expect(page.locator(f"#call-{made}")).to_be_visible()
    expect(field).to_have_value(TYPED)
    expect(field).to_be_focused()
    expect(page.locator(f"#call-{ids[0]} input")).to_be_checked()


def test_the_row_with_the_focus_and_what_is_open_stay_through_an_update(
    house: House, opens: Opens
) -> None:
    first, second = (promise(house, (5 + each) * MINUTE, agent="cem") for each in range(2))
    page = opens(at_work(house, "cem", role("cem")).cookie).look(TODAY)
    expect(state(page)).to_contain_text(LIVE)
    row = page.locator(f"#call-{second}")
    row.locator("summary").click()
    row.focus()
    note(house, second, "speak slowly")
    expect(row).to_contain_text("speak slowly")
    expect(row).to_be_focused()
    expect(row.locator("details")).to_have_attribute("open", "")
    expect(page.locator(f"#call-{first}")).to_be_visible()


def test_rows_stay_where_they_are_while_the_pointer_is_on_them(house: House, opens: Opens) -> None:
    calls = [promise(house, -MINUTE - each, agent="dan") for each in range(3)]
    page = opens(at_work(house, "dan", role("dan")).cookie).look(TODAY)
    expect(state(page)).to_contain_text(LIVE)
    shown = page.locator("#rows-late > li")
    before = shown.evaluate_all("rows => rows.map(row => row.id)")
    shown.first.hover()
    carry_out(house.store, order(calls[2], Result(fail_code="00537"), vdn=VDN, at=house.now()))
    note(house, calls[0], "new words")
    expect(page.locator(f"#call-{calls[0]}")).to_contain_text("new words")
    assert shown.evaluate_all("rows => rows.map(row => row.id)") == before
    page.locator("h1").hover()
    expect(shown).to_have_count(2)


def test_nine_tabs_have_one_stream_and_another_takes_over(house: House, opens: Opens) -> None:
    id_ = promise(house, 5 * MINUTE, agent="eda")
    window = opens(at_work(house, "eda", role("eda")).cookie)
    streams: list[Page] = []
    pages = [window.page, *(window.page.context.new_page() for _ in range(TABS - 1))]
    for page in pages:
        page.on("request", partial(_note_stream, streams, page))
        page.goto(TODAY)
        expect(state(page)).to_contain_text(LIVE)
    holders = set(streams)
    assert len(holders) == 1
    note(house, id_, "heard by all")
    for page in pages:
        expect(page.locator(f"#call-{id_}")).to_contain_text("heard by all")
    holders.pop().close()
    left = [each for each in pages if not each.is_closed()]
    note(house, id_, "heard again")
    for page in left:
        expect(page.locator(f"#call-{id_}")).to_contain_text("heard again")
    assert len({each for each in streams if not each.is_closed()}) == 1


def _note_stream(streams: list[Page], page: Page, asked: Request) -> None:
    if "/console/changes" in asked.url:
        streams.append(page)


def test_a_page_whose_database_is_away_says_that_it_may_be_old(house: House, opens: Opens) -> None:
    page = opens(at_work(house, "fay", role("fay")).cookie).look(TODAY)
    expect(state(page)).to_contain_text(LIVE)
    file = house.settings.data_dir / DATABASE_FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("ALTER TABLE outstanding RENAME TO elsewhere")
        try:
            expect(state(page)).to_contain_text("may be out of date")
            expect(page.locator("#live")).to_have_class("stale")
        finally:
            database.execute("ALTER TABLE elsewhere RENAME TO outstanding")
    expect(state(page)).to_contain_text(LIVE)
    expect(page.locator("#live")).not_to_have_class("stale")


def test_updates_can_be_paused(house: House, opens: Opens) -> None:
    id_ = promise(house, 5 * MINUTE, agent="gil")
    page = opens(at_work(house, "gil", role("gil")).cookie).look(TODAY)
    expect(state(page)).to_contain_text(LIVE)
    button = page.get_by_role("button", name="Pause updates")
    button.click()
    expect(state(page)).to_contain_text("paused")
    with page.expect_response(lambda answer: answer.url.endswith("/today")):
        note(house, id_, "unseen for now")
        button.click()
    expect(page.locator(f"#call-{id_}")).to_contain_text("unseen for now")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_who_is_signed_out_is_told_so_and_keeps_what_was_typed(house: House, opens: Opens) -> None:
    promise(house, -MINUTE)
    page = opens(at_work(house, "hal", SUPERVISOR).cookie).look(BOARD)
    expect(state(page)).to_contain_text(LIVE)
    page.locator("#agent").fill("typed")
    with house.store.transaction():
        house.store.people.change([PersonOrder("hal", Disable(), "operator", house.now())])
    house.clock.move(3_000)  # type: ignore[attr-defined]
    expect(state(page)).to_contain_text("You are signed out")
    expect(page.locator("#agent")).to_have_value("typed")


def test_a_server_that_was_killed_is_found_again_and_what_was_sent_meanwhile_is_done_once(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, clock = tmp_path_factory.mktemp("killed"), HandClock(NOON)
    with House(folder, clock=clock) as house:
        port = int(house.url.rpartition(":")[2])
        window = Window(browser, house).bear(at_work(house, "ida", role("ida")).cookie)
        noted = promise(house, HOUR, agent="ida")
        form = window.page.context.new_page()
        form.goto(path(noted))
        unfold(form)
        form.locator("#note").fill("typed before")
        page = window.look(TODAY)
        expect(state(page)).to_contain_text(LIVE)
    expect(state(page)).to_contain_text("may be out of date")
    form.locator("#note").press("Control+Enter")
    expect(form.locator("#main-frame-error")).to_be_visible()
    with House(folder, clock=clock, port=port) as house:
        id_ = promise(house, 5 * MINUTE, agent="ida")
        expect(page.locator(f"#call-{id_}")).to_be_visible()
        expect(state(page)).to_contain_text(LIVE)
        for _ in range(2):
            form.reload()
        new = standing(house, noted)
        assert (new.remark, new.version) == ("typed before", 2)
        for each in (page, form):
            each.close()
    window.troubles[:] = [each for each in window.troubles if "ERR_" not in each]
    window.close()


def test_a_supervisor_gives_fifty_to_another_and_pauses_and_says_seen(
    house: House, opens: Opens
) -> None:
    with house.store.transaction():
        names = [AgentName(VDN, each, each, house.now()) for each in ("jan", "kim")]
        house.store.agents.name(names)
    ids = [promise(house, -2 * HOUR - each, agent="jan") for each in range(50)]
    page = opens(at_work(house, "lea", SUPERVISOR).cookie).look(f"{BOARD}?agent=jan")
    page.get_by_label("all of these").check()
    page.get_by_label("Give them to agent").fill("kim")
    page.get_by_role("button", name="Reassign").click()
    expect(page.get_by_role("status").first).to_contain_text("50 calls are kim's now.")
    until(lambda: {standing(house, each).agent for each in ids} == {"kim"})
    gone = promise(house, -9 * HOUR, kind="automatic", agent=None)
    rewrite(house, gone, "UPDATE reservation SET state = 'expired' WHERE id = ?")
    promise(house, MINUTE, kind="automatic", agent=None)
    page.goto(f"{BOARD}?show=broken&campaign=1106025109")
    page.locator(f"#call-{gone} input").check()
    page.get_by_role("button", name="Seen").click()
    expect(page.get_by_role("status").first).to_contain_text("Marked as seen: 1.")
    expect(page.locator(f"#call-{gone}")).to_have_count(0)
    assert standing(house, gone).seen_at == house.now()
    page.get_by_role("button", name="Pause", exact=False).last.click()
    expect(page.locator(".strip")).to_contain_text("is paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".strip")).not_to_contain_text("is paused")
