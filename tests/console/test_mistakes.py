"""What nobody means to send, and what nobody means to happen: a page is the answer all the same."""

import sqlite3
from contextlib import closing

import pytest

from callkeeper.console.press import HEADERS
from callkeeper.core.people.person import Role
from callkeeper.installation.database import DATABASE_FILE
from tests.console.visitor import PASSWORD, Visitor, at_work, promise, unlike_any
from tests.house import HOUR, VDN, House

ENOUGH = {"password": PASSWORD, "again": PASSWORD}


def test_a_bug_is_told_in_a_page_and_in_the_log(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    login = unlike_any()
    visitor = at_work(house, login, Role("agent", VDN, login))
    id_ = promise(house, HOUR, agent=login)
    with closing(sqlite3.connect(house.settings.data_dir / DATABASE_FILE)) as database, database:
        # No clock shows such a time; nothing but an operator's own SQL stores one.
        database.execute("UPDATE reservation SET appoint_at = 1000000000000000 WHERE id = ?", [id_])
    page = visitor.look(f"/console/{VDN}/reservations/{id_}")
    assert page.status == 500
    assert "The server made a mistake" in page.text
    assert f"{login} Away Sign out" in page.text
    assert "request_failed" in "".join(capfd.readouterr())


@pytest.mark.parametrize("form", [ENOUGH, {"password": PASSWORD, "again": "another"}, {}])
def test_a_link_that_is_none_is_told_whatever_was_typed(house: House, form: dict[str, str]) -> None:
    answer = Visitor(house).send("/console/welcome/none", form)
    assert answer.status == 404
    assert "does not work any more" in answer.text


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "http://"])
def test_an_origin_that_is_none_is_not_ours(house: House, origin: str) -> None:
    answer = Visitor(house).send("/console/sign-in", {}, sec_fetch_site="", origin=origin)
    assert answer.status == 403


@pytest.mark.parametrize("path", ["/console/a%0ab", "/console/%00", "/console/a//b", "/console//"])
def test_a_path_of_odd_characters_is_told_in_a_page(house: House, path: str) -> None:
    assert Visitor(house).look(path).status == 404
    assert "There is no such page" in Visitor(house).look(path).text


def test_a_wrong_method_is_told_with_the_right_ones(house: House) -> None:
    visitor = at_work(house, unlike_any())
    assert visitor.look("/console/me/password").status == 405
    assert visitor.seen.headers["allow"] == "POST"
    assert visitor.send("/console").status == 404


def test_a_form_in_which_nothing_is_typed_leads_back_to_its_page_if_it_comes_too_late(
    house: House,
) -> None:
    page = f"/console/{VDN}/reservations/{promise(house, HOUR)}"
    visitor = at_work(house, unlike_any())
    visitor.send("/console/sign-out")
    visitor.send(f"{page}/cancel", {"version": "1"})
    assert visitor.seen.headers["location"] == f"/console/sign-in?next={page}"


@pytest.mark.parametrize("act", ["result", "move", "note"])
def test_what_is_typed_is_kept_if_it_comes_too_late(house: House, act: str) -> None:
    page = f"/console/{VDN}/reservations/{promise(house, HOUR)}"
    visitor = at_work(house, unlike_any())
    visitor.send("/console/sign-out")
    visitor.send(f"{page}/{act}", {"version": "1", "note": "after 5 <o'clock>"})
    assert visitor.status == 401
    assert f'action="{page}/{act}"' in visitor.seen.text
    assert visitor.hidden("note") == "after 5 <o'clock>"


@pytest.mark.parametrize("there", ["/console/sign-out", "/console/" + "x" * 1_000])
def test_signing_in_leads_nowhere_where_there_is_no_page(house: House, there: str) -> None:
    login = unlike_any()
    at_work(house, login)
    form = {"login": login, "password": PASSWORD, "next": there}
    assert Visitor(house).send("/console/sign-in", form).seen.headers["location"] == "/console/"


def test_what_leads_on_is_kept_by_nobody(house: House) -> None:
    visitor = at_work(house, unlike_any())
    leading = [
        visitor.look("/console/sign-in"),
        visitor.look("/console"),
        visitor.send("/console/me", {"name": "Ann", "language": "", "zone": ""}),
        visitor.send("/console/sign-out"),
        visitor.look("/console/"),
    ]
    for answer in leading:
        assert answer.seen.headers["cache-control"] == "no-store"
        assert dict(answer.seen.headers).items() >= HEADERS.items()


def test_signing_in_ends_the_session_of_whoever_was_there_before(house: House) -> None:
    before, after = unlike_any(), unlike_any()
    at_work(house, after)
    visitor = at_work(house, before)
    kept = visitor.cookie
    visitor.sign_in(after)
    visitor.cookie = kept
    assert visitor.look("/console/help").status == 303
