"""Whoever should not: shown nothing, and nothing is changed, on every page that there is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from callkeeper.console.assets import Assets
from callkeeper.console.page import Shown
from callkeeper.console.press import HEADERS
from callkeeper.console.visit import FORM_BYTES_MAX
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.rights import Act, may
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.port.access import AccessKey
from tests.console.pages import PAGES
from tests.console.visitor import (
    ADMINISTRATOR,
    AGENT,
    FORM,
    OPERATOR,
    SUPERVISOR,
    Visitor,
    at_work,
    promise,
    standing,
)
from tests.house import HOUR, TASK, VDN, House
from tests.store.orders import making

OURS = [each for each in PAGES if not each.anybody]
IN_A_VDN = [each for each in PAGES if "{vdn" in each.path]

AK = "1PXD3SDJQAJ2F6LT47TC"

ROLES = {
    "agent": AGENT,
    "another agent": Role("agent", VDN, "bob"),
    "supervisor": SUPERVISOR,
    "administrator": ADMINISTRATOR,
    "operator": OPERATOR,
    "agent elsewhere": Role("agent", 26, "ann"),
    "supervisor elsewhere": Role("supervisor", 26),
    "administrator elsewhere": Role("administrator", 26),
}


def paths(page: Shown, vdn: int = VDN, id_: str = "1") -> Iterator[tuple[str, str]]:
    """Yield each method of a page, and a path of it."""
    path = page.path.replace("{vdn}", str(vdn)).replace("{id}", id_).replace("{token}", "x")
    path = path.replace("{login}", "agent").replace("{date}", "2026-11-28")
    path = path.replace("{ak}", AK).replace("{campaign}", TASK)
    if page.get:
        yield "GET", path
    if page.post:
        yield "POST", path


def ask(visitor: Visitor, method: str, path: str) -> Visitor:
    return visitor.look(path) if method == "GET" else visitor.send(path)


def every(pages: list[Shown]) -> list[tuple[str, str]]:
    return [each for page in pages for each in paths(page)]


@pytest.mark.parametrize(("method", "path"), every(OURS))
def test_whoever_has_not_signed_in_is_asked_to(house: House, method: str, path: str) -> None:
    answer = ask(Visitor(house), method, path).seen
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=/console/")


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, Visitor]:
    with house.store.transaction():
        sealed = house.seal.seal("secret", AK, VDN)
        house.store.keys.change(making(AccessKey(AK, VDN, sealed, None, house.now(), None)))
    return {name: at_work(house, name.replace(" ", "."), role) for name, role in ROLES.items()}


# What every form takes; a path that it is not for says what it lacks, or that it is not for them.
GOOD = {"version": "1", "end": "00537", "day": "2026-12-01", "at": "11:59", "note": "speak slowly"}
GOOD |= {
    "form": FORM,
    "login": "two words",
    "kind": "agent",
    "agent": "ann",
    "act": "role",
}  # and changes nothing

# What somebody must be allowed to do in a VDN to see a page of it, or to do what is done there.
ALLOWED: dict[str, Act] = {
    "/console/{vdn}/today": "see_reservation",
    "/console/{vdn}/board": "see_board",
    "/console/{vdn}/board/seen": "say_seen",
    "/console/{vdn}/board/reassign": "reassign",
    "/console/{vdn}/board/pause": "pause_campaigns",
    "/console/{vdn}/board/resume": "pause_campaigns",
    "/console/{vdn}/days/{date}": "see_reports",
    "/console/{vdn}/days/{date}/csv": "export",
    "/console/{vdn}/reservations/{id}": "see_reservation",
    "/console/{vdn}/reservations/{id}/number": "show_numbers",
    "/console/{vdn}/reservations/{id}/pop": "see_reservation",
    "/console/{vdn}/house": "keep_rules",
    "/console/{vdn}/book": "book",
    "/console/{vdn}/find": "see_reservation",
    "/console/{vdn}/find/csv": "export",
    "/console/{vdn}/reservations/{id}/call": "call",
    "/console/{vdn}/reservations/{id}/hang-up": "call",
    "/console/{vdn}/reservations/{id}/by-hand": "show_numbers",
    "/console/{vdn}/reservations/{id}/by-hand/end": "call",
    "/console/{vdn}/reservations/{id}/result": "change_reservation",
    "/console/{vdn}/reservations/{id}/move": "change_reservation",
    "/console/{vdn}/reservations/{id}/note": "change_reservation",
    "/console/{vdn}/reservations/{id}/cancel": "change_reservation",
    "/console/{vdn}/people": "keep_people",
    "/console/{vdn}/people/{login}": "keep_people",
    "/console/{vdn}/deeds": "read_deeds",
    "/console/{vdn}/campaigns": "pause_campaigns",
    "/console/{vdn}/campaigns/new": "define_campaigns",
    "/console/{vdn}/campaigns/{campaign}": "pause_campaigns",
    "/console/{vdn}/campaigns/{campaign}/pause": "pause_campaigns",
    "/console/{vdn}/campaigns/{campaign}/resume": "pause_campaigns",
    "/console/{vdn}/campaigns/{campaign}/delete": "define_campaigns",
    "/console/{vdn}/results": "define_results",
    "/console/{vdn}/results/retire": "define_results",
    "/console/{vdn}/results/offer": "define_results",
    "/console/{vdn}/keys": "keep_keys",
    "/console/{vdn}/keys/{ak}": "keep_keys",
}

# The same for the whole installation.
ALLOWED_EVERYWHERE: dict[str, Act] = {
    "/console/people": "keep_people",
    "/console/people/{login}": "keep_people",
    "/console/deeds": "read_deeds",
    "/console/lines": "see_lines",
    "/console/health": "see_health",
    "/console/keys": "keep_keys",
    "/console/keys/{ak}": "keep_keys",
}
# One's own, whatever one is.
ONES_OWN = {
    "/console/",
    "/console/help",
    "/console/me",
    "/console/me/away",
    "/console/me/password",
    "/console/me/sessions",
    "/console/me/calendar",
}
INSTALLATION_WIDE = [each for each in OURS if each not in IN_A_VDN and each.path not in ONES_OWN]


def test_each_page_says_what_it_takes_to_see_it() -> None:
    assert ALLOWED.keys() == {each.path for each in IN_A_VDN}
    assert ALLOWED_EVERYWHERE.keys() == {each.path for each in INSTALLATION_WIDE}


@pytest.mark.parametrize("name", sorted(ROLES))
@pytest.mark.parametrize("page", INSTALLATION_WIDE, ids=lambda each: each.path)
def test_each_page_of_the_installation_is_for_its_roles(
    people: dict[str, Visitor], page: Shown, name: str
) -> None:
    person = Person("", 1, "", None, None, 0, None, has_password=True, roles=(ROLES[name],))
    is_allowed = may(person, ALLOWED_EVERYWHERE[page.path])
    for method, path in paths(page):
        answer = people[name].look(path) if method == "GET" else people[name].send(path, GOOD)
        assert (answer.status in (200, 303, 422)) is is_allowed, answer.text
        assert is_allowed or answer.status == 403, answer.text


@pytest.mark.parametrize("name", sorted(ROLES))
@pytest.mark.parametrize("page", IN_A_VDN, ids=lambda each: each.path)
def test_each_page_of_a_vdn_is_for_its_roles(
    house: House, people: dict[str, Visitor], page: Shown, name: str
) -> None:
    person = Person("", 1, "", None, None, 0, None, has_password=True, roles=(ROLES[name],))
    is_allowed = may(person, ALLOWED[page.path], VDN, "ann")
    if page.path.endswith("/today"):  # one's own, so whoever has an account has a list
        is_allowed = ROLES[name].vdn == VDN and ROLES[name].agent is not None
    if page.path.endswith("/pop"):  # this VDN has none
        is_allowed = False
    if page.path.endswith(("/book", "/find")):  # of calls of one's own
        is_allowed = may(person, ALLOWED[page.path], VDN, ROLES[name].agent)
    for method, path in paths(page, id_=(id_ := promise(house, HOUR))):
        answer = people[name].look(path) if method == "GET" else people[name].send(path, GOOD)
        if is_allowed:
            assert answer.status in ((200,) if method == "GET" else (200, 303, 409, 422)), (
                answer.text
            )
        else:
            assert answer.status in (403, 404), answer.text
            assert standing(house, id_).version == 1
        # An operator has no role in the VDN, and no number is for them.
        if not may(person, "show_numbers", VDN, "ann"):
            assert "66660001" not in answer.seen.text


FORMS = ("result", "move", "note", "cancel")


@pytest.mark.parametrize("act", FORMS)
@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_form_of_a_reservation_is_done_for_those_who_may_alone(
    house: House, people: dict[str, Visitor], act: str, name: str
) -> None:
    id_ = promise(house, HOUR)
    free = {"at": f"{6 + sorted(ROLES).index(name):02}:00"}  # nobody moves a call there before
    answer = people[name].send(f"/console/{VDN}/reservations/{id_}/{act}", GOOD | free)
    is_for_them = name in {"agent", "supervisor", "administrator", "operator"}
    assert (answer.status == 303, standing(house, id_).version == 2) == (is_for_them,) * 2


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "", "origin": "https://evil.example"},
        {"sec_fetch_site": "", "origin": "null"},
        {"sec_fetch_site": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("page", [each for each in PAGES if each.post], ids=lambda each: each.path)
def test_a_form_from_elsewhere_changes_nothing(
    house: House, people: dict[str, Visitor], page: Shown, headers: dict[str, Any]
) -> None:
    id_ = promise(house, HOUR)
    visitor = people["agent"]
    path = dict(paths(page, id_=id_))["POST"]
    assert visitor.send(path, {"version": "1"}, **headers).status == 403
    assert standing(house, id_).version == 1
    assert visitor.look("/console/help").status == 200  # still signed in


def test_an_older_browser_says_where_from_by_its_origin(
    house: House, people: dict[str, Visitor]
) -> None:
    id_ = promise(house, HOUR)
    path = f"/console/{VDN}/reservations/{id_}/cancel"
    people["agent"].send(path, {"version": "1"}, sec_fetch_site="", origin=house.url)
    assert standing(house, id_).state == "cancelled"


@pytest.mark.parametrize(
    ("method", "path"), [*every(PAGES), ("GET", "/console/no/such/page"), ("PUT", "/console/me")]
)
def test_every_answer_binds_the_browser(
    house: House, people: dict[str, Visitor], method: str, path: str
) -> None:
    for visitor in (people["agent"], Visitor(house)):
        if path.endswith("sign-out"):
            continue
        answer = visitor._ask(method, path, None, {})  # noqa: SLF001 - a method of no form
        if answer.status != 303:
            assert dict(answer.seen.headers).items() >= HEADERS.items(), answer.seen.headers


def test_a_wrong_path_or_method_is_told_in_a_page(house: House) -> None:
    assert Visitor(house).look("/console/no/such/page").status == 404
    assert "There is no such page" in Visitor(house).look("/console/x").text
    wrong = Visitor(house).send("/console/")
    assert wrong.status == 405
    assert Visitor(house).look("/console").seen.headers["location"] == "/console/"


@pytest.mark.parametrize(("method", "path"), every(IN_A_VDN))
@pytest.mark.parametrize(
    "vdn", ["0", "-1", "10000", "x", "%00", "1.0", "\uff19", "9" * 5_000], ids=len
)
def test_a_path_with_what_is_no_vdn_leads_to_no_page(
    house: House, people: dict[str, Visitor], method: str, path: str, vdn: str
) -> None:
    there = path.replace(f"/{VDN}/", f"/{vdn}/")
    answer = ask(people["agent"], method, there)
    assert (answer.status, "There is no such page" in answer.text) == (404, True)
    assert ask(Visitor(house), method, there).status == 303


@pytest.mark.parametrize("id_", ["%00", "x" * 65, "1%27", "é", "9" * 5_000], ids=len)
def test_a_path_with_what_is_no_id_leads_to_no_page(people: dict[str, Visitor], id_: str) -> None:
    answer = people["agent"].look(f"/console/{VDN}/reservations/{id_}")
    assert (answer.status, "There is no such page" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"login": "x" * FORM_BYTES_MAX}, 413),
        ({f"f{number}": "" for number in range(200)}, 422),
    ],
    ids=["large", "many fields"],
)
def test_a_form_that_is_too_large_is_refused(
    house: House, body: dict[str, str], status: int
) -> None:
    assert Visitor(house).send("/console/sign-in", body).status == status


def test_a_form_in_no_utf_8_is_refused(house: House) -> None:
    answer = house.http.post(
        f"{house.url}/console/sign-in",
        content=b"login=%ff",
        headers={"sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 422


def test_styles_are_kept_for_ever_and_compressed(house: House) -> None:
    assets = Assets()
    (style,) = [each for each in assets.by_path.values() if each.path.endswith(".css")]
    answer = house.http.get(f"{house.url}{style.path}")
    assert answer.headers["cache-control"].endswith("immutable")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == style.plain
    plain = house.http.get(f"{house.url}{style.path}", headers={"accept-encoding": "identity"})
    assert plain.content == style.plain
    assert house.http.get(f"{house.url}/console/static/0/console.css").status_code == 404


def test_our_own_scripts_are_small_and_without_what_is_for_readers() -> None:
    scripts = [each for each in Assets().by_path.values() if each.path.endswith(".js")]
    ours = [each for each in scripts if not each.path.endswith(".min.js")]
    assert sum(len(each.plain) for each in ours) <= 13_000  # bytes: decision 0037
    for each in ours:
        lines = each.plain.decode().splitlines()
        assert not [line for line in lines if line.startswith((" ", "//"))]
        # A text over several lines would lose its indents.
        assert all(line.count("`") % 2 == 0 for line in lines), each.path


def test_a_page_is_compressed_for_who_takes_that(house: House, people: dict[str, Visitor]) -> None:
    visitor = people["agent"]
    packed = visitor.look("/console/me", accept_encoding="gzip").seen
    plain = visitor.look("/console/me", accept_encoding="identity").seen
    told = [packed.headers[name] for name in ("content-encoding", "vary")]
    assert told == ["gzip", "accept-encoding"]
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) // 3
    small = Visitor(house).look("/console", accept_encoding="gzip").seen
    assert "content-encoding" not in small.headers


def test_while_the_database_is_away_a_page_says_so(house: House) -> None:
    visitor = at_work(house, "zoe", Role("agent", VDN, "zoe"))
    file = house.settings.data_dir / DATABASE_FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("ALTER TABLE outstanding RENAME TO elsewhere")
        try:
            answer = visitor.look(f'/console/{VDN}/today?x=1&y="')
        finally:
            database.execute("ALTER TABLE elsewhere RENAME TO outstanding")
    assert answer.status == 503
    assert answer.seen.headers["retry-after"] == "5"
    assert f'href="/console/{VDN}/today?x=1&amp;y=%22">Try again' in answer.seen.text


@pytest.mark.parametrize("table", ["outstanding", "session"])
def test_while_the_database_is_away_what_is_typed_is_kept(house: House, table: str) -> None:
    visitor = at_work(house, f"zoe.{table}", Role("agent", VDN, table))
    form = GOOD | {"number": "66660001", "campaign": TASK, "kind": "manual", "zone": "UTC"}
    book = f"/console/{VDN}/book"
    file = house.settings.data_dir / DATABASE_FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
        try:
            answer = visitor.send(book, form).seen
            kept = {name: visitor.hidden(name) for name in form}
            from_elsewhere = visitor.send(book, form, sec_fetch_site="cross-site").status
        finally:
            database.execute(f"ALTER TABLE elsewhere RENAME TO {table}")
    assert (answer.status_code, answer.headers["retry-after"], kept) == (503, "5", form)
    assert "What you typed is still here" in answer.text
    assert from_elsewhere == 403
    assert visitor.send(book, kept).status == 303
