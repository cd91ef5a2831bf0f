"""Signing in and out: by a link first, by a password then."""

import re
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx2
import pytest

from tests.console.pages import PAGES
from tests.console.visitor import PASSWORD, Visitor, at_work, invited, unlike_any
from tests.house import VDN, House


def test_whoever_is_invited_chooses_a_password_and_is_in(house: House) -> None:
    visitor = Visitor(house)
    path = f"/console/welcome/{invited(house, 'ann', name='Ann Li').token}"
    assert "Welcome, Ann Li" in visitor.look(path).text
    visitor.send(path, {"password": PASSWORD, "again": PASSWORD})
    assert (visitor.status, visitor.seen.headers["location"]) == (303, "/console/")
    assert visitor.follow().seen.headers["location"] == f"/console/{VDN}/today"
    assert "My calls today" in visitor.follow().text
    assert "does not work any more" in Visitor(house).look(path).text
    again = Visitor(house).send(path, {"password": PASSWORD, "again": PASSWORD})
    assert again.status == 404


@pytest.mark.parametrize(
    ("password", "repeated", "says"),
    [
        (PASSWORD, "four plain words", "are not the same"),
        ("short", "short", "needs 12 or more"),
        ("", "", "needs 12 or more"),
    ],
)
def test_a_password_that_does_not_do_is_told_and_the_link_stays_good(
    house: House, password: str, repeated: str, says: str
) -> None:
    path = f"/console/welcome/{invited(house, unlike_any()).token}"
    refused = Visitor(house).send(path, {"password": password, "again": repeated})
    assert refused.status == 422
    assert says in refused.text
    good = Visitor(house).send(path, {"password": PASSWORD, "again": PASSWORD})
    assert good.status == 303


def test_a_password_lets_in_and_leads_back_to_where_one_came_from(house: House) -> None:
    at_work(house, "cem")
    visitor = Visitor(house)
    there = f"/console/{VDN}/today?x=1"
    asked = visitor.look(there)
    assert asked.status == 303
    form = visitor.follow()
    assert form.hidden("next") == there
    visitor.send("/console/sign-in", {"login": "CEM ", "password": PASSWORD, "next": there})
    assert (visitor.status, visitor.seen.headers["location"]) == (303, there)
    assert visitor.follow().status == 200
    assert visitor.look("/console/sign-in").status == 303


def test_strangers_who_try_invented_logins_keep_nobody_from_signing_in(house: House) -> None:
    at_work(house, "dan")
    crowd = 32  # more than there are places for hashing
    here = {"sec-fetch-site": "same-origin"}

    def guess(number: int) -> int:
        # Linux has all of 127.0.0.0/8 for the loopback, so strangers are elsewhere than the others.
        transport = httpx2.HTTPTransport(verify=False, local_address="127.0.0.2")
        with httpx2.Client(transport=transport, timeout=60) as client:
            form = {"login": f"nobody{number}", "password": "wrong wrong wrong"}
            url = f"{house.url}/console/sign-in"
            return client.post(url, data=form, headers=here).status_code

    with ThreadPoolExecutor(crowd) as guessing:
        guesses = [guessing.submit(guess, number) for number in range(crowd)]
        wait(guesses, return_when=FIRST_COMPLETED)
        assert [Visitor(house).sign_in("dan").status for _ in range(4)] == [303] * 4
    assert {each.result() for each in guesses} == {422}


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/console/\\x", ""]
)
def test_it_leads_to_no_page_but_ours(house: House, elsewhere: str) -> None:
    login = unlike_any()
    at_work(house, login)
    visitor = Visitor(house)
    form = {"login": login, "password": PASSWORD, "next": elsewhere}
    assert visitor.send("/console/sign-in", form).seen.headers["location"] == "/console/"


@pytest.mark.parametrize("pop", ["pop", "pop?", "pop?x=1", "%70op", "pop#x"])
def test_whoever_signs_in_is_led_to_a_call_and_not_away_to_its_customer(
    house: House, pop: str
) -> None:
    login = unlike_any()
    at_work(house, login)
    visitor, there = Visitor(house), f"/console/{VDN}/reservations/1"
    form = {"login": login, "password": PASSWORD, "next": f"{there}/{pop}"}
    assert visitor.send("/console/sign-in", form).seen.headers["location"] == there


def test_a_wrong_password_and_a_login_that_there_is_none_of_are_told_alike(house: House) -> None:
    at_work(house, "eva")
    wrong = Visitor(house).sign_in("eva", "not the password")
    nobody = Visitor(house).sign_in("nobody", "not the password")
    assert (wrong.status, nobody.status) == (422, 422)
    assert wrong.text.replace("eva", "") == nobody.text.replace("nobody", "")
    assert wrong.seen.text.replace('"eva"', "") == nobody.seen.text.replace('"nobody"', "")
    assert not wrong.cookie


def test_signing_out_ends_the_session_for_good(house: House) -> None:
    visitor = at_work(house, "fay")
    kept = visitor.cookie
    assert visitor.look("/console/help").status == 200
    visitor.send("/console/sign-out")
    assert not visitor.cookie
    visitor.cookie = kept
    assert visitor.look("/console/help").status == 303


def test_the_cookie_is_for_this_host_over_tls_and_no_script_alone(house: House) -> None:
    visitor = at_work(house, "gus")
    given = visitor.send("/console/sign-in", {"login": "gus", "password": PASSWORD}).seen
    (cookie,) = given.headers.get_list("set-cookie")
    name, *marks = (each.strip().lower() for each in cookie.split(";"))
    assert name.startswith("__host-callkeeper=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(marks)
    assert not any(each.startswith("domain") for each in marks)


def test_one_page_speaks_chinese_where_the_browser_does(house: House) -> None:
    page = Visitor(house, language="zh-CN,zh;q=0.9,en;q=0.5").look("/console/sign-in")
    assert 'lang="zh-Hans"' in page.seen.text
    assert "登录" in page.text


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("fr, zh-CN", "zh-Hans"),
        ("de;q=0.9,fr;q=0.8, ZH-Hans ;q=0.5,en;q=0.1", "zh-Hans"),
        ("en-GB,zh-CN", "en"),
        ("zh-TW,en,zh", "en"),
        ("fr", "en"),
        ("", "en"),
        (",;,*", "en"),
    ],
)
def test_of_the_languages_that_a_browser_asks_for_the_first_that_there_is_is_spoken(
    house: House, asked: str, tag: str
) -> None:
    page = Visitor(house, language=asked).look("/console/sign-in")
    assert f'lang="{tag}"' in page.seen.text


def test_what_is_typed_after_a_session_has_ended_is_shown_to_be_sent(house: House) -> None:
    stranger = Visitor(house)
    form = {"version": "1", "note": '"><b>slowly</b>'}
    kept = stranger.send("/console/25/reservations/1/note", form)
    assert (kept.status, "You have been signed out" in kept.text) == (401, True)
    assert "<b>" not in kept.seen.text
    assert {name: kept.hidden(name) for name in form} == form
    from_elsewhere = stranger.send(
        "/console/25/reservations/1/note", form, sec_fetch_site="cross-site"
    )
    assert (from_elsewhere.status, "slowly" in from_elsewhere.seen.text) == (403, False)


@pytest.mark.parametrize(
    "path",
    [
        "/console/me",
        f"/console/{VDN}/book",
        f"/console/{VDN}/find",
        f"/console/{VDN}/house",
        f"/console/{VDN}/results",
        f"/console/{VDN}/campaigns/new",
        f"/console/{VDN}/campaigns/1",
    ],
)
def test_what_takes_long_to_type_is_kept_when_a_session_has_ended(house: House, path: str) -> None:
    kept = Visitor(house).send(path, {"name": "Winback, spring"})
    assert (kept.status, kept.hidden("name")) == (401, "Winback, spring")
    assert f'action="{path}"' in kept.seen.text


def test_a_page_that_asks_for_a_password_keeps_nothing() -> None:
    kept = [each.path for each in PAGES if each.keeps_typed]
    assert not [each for each in kept if re.search("people|keys|password|sign-in|welcome", each)]


def test_no_page_shows_a_secret_that_was_typed(house: House) -> None:
    form = {"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}
    answer = Visitor(house).send("/console/me/password", form)
    assert (answer.status, PASSWORD in answer.seen.text) == (303, False)
