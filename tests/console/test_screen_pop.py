"""Screen pops on pages: a link that leads on, and a preview that says which calls have none."""

from collections.abc import Iterator

import pytest

from callkeeper.console.door import COOKIE
from callkeeper.core.people.person import Role
from tests.console.test_house_rules import HOUSE, rule, typed
from tests.console.visitor import (
    ADMINISTRATOR,
    OPERATOR,
    Visitor,
    at_work,
    path,
    promise,
    unlike_any,
)
from tests.house import HOUR, VDN, House
from tests.logged import lines, logging_as_the_program_does

TODAY = f"/console/{VDN}/today"
NUMBER = "8613800138000"
TEMPLATE = "https://crm.example.com/c/{customerId}?tel={number}"


@pytest.fixture
def login() -> str:
    return unlike_any()


@pytest.fixture
def somebody(house: House, login: str) -> Visitor:
    return at_work(house, login, Role("agent", VDN, login))


@pytest.fixture(autouse=True)
def _as_before(house: House) -> Iterator[None]:
    yield
    rule(house)


def call(house: House, login: str, call_data: str | None = '{"customerId": "a&b=1"}') -> str:
    return promise(house, HOUR, agent=login, called_no=NUMBER, call_data=call_data)


def test_a_call_leads_to_the_customer_which_the_log_tells(
    house: House, somebody: Visitor, login: str, capfd: pytest.CaptureFixture[str]
) -> None:
    id_ = call(house, login)
    rule(house, screen_pop=TEMPLATE)
    link = f'<a class="act" href="{path(id_, "pop")}" target="_blank" rel="noopener noreferrer"'
    for page in (somebody.look(TODAY), somebody.look(path(id_))):
        assert link in page.seen.text
        assert "crm.example.com" not in page.seen.text
    with logging_as_the_program_does():
        somebody.look(path(id_, "pop"))
    assert somebody.status == 303
    there = somebody.seen.headers["location"]
    assert there == f"https://crm.example.com/c/a%26b%3D1?tel={NUMBER}"
    assert somebody.seen.headers["referrer-policy"] == "same-origin"
    told = lines(capfd.readouterr().err)
    assert [each["reservation"] for each in told if each["event"] == "number_revealed"] == [id_]
    assert NUMBER not in str(told)


def test_where_numbers_are_shown_in_full_or_none_is_in_it_nothing_is_logged(
    house: House, somebody: Visitor, login: str, capfd: pytest.CaptureFixture[str]
) -> None:
    id_ = call(house, login)
    with logging_as_the_program_does():
        rule(house, screen_pop=TEMPLATE, numbers="full")
        assert somebody.look(path(id_, "pop")).status == 303
        rule(house, screen_pop="https://crm.example.com/{id}", numbers="never")
        assert somebody.look(path(id_, "pop")).status == 303
    assert "number_revealed" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("call_data", "numbers"), [(None, "full"), ('{"customerId": "1"}', "never")]
)
def test_a_call_that_leads_nowhere_has_no_link(
    house: House, somebody: Visitor, login: str, call_data: str | None, numbers: str
) -> None:
    id_ = call(house, login, call_data)
    rule(house, screen_pop=TEMPLATE, numbers=numbers)
    for page in (somebody.look(TODAY), somebody.look(path(id_))):
        assert "/pop" not in page.seen.text
    assert somebody.look(path(id_, "pop")).status == 404
    assert "this call leads to no customer in your program" in somebody.text


def test_nobody_is_led_to_the_customer_of_anothers_call(house: House, somebody: Visitor) -> None:
    id_ = call(house, "hal")
    rule(house, screen_pop=TEMPLATE)
    assert somebody.look(path(id_, "pop")).status == 404
    # An operator sees no number, so none in an address either.
    someone = at_work(house, unlike_any(), OPERATOR)
    assert someone.look(path(id_)).status == 200
    assert "/pop" not in someone.seen.text
    assert someone.look(path(id_, "pop")).status == 404


def test_the_preview_says_which_names_calls_have_nothing_for(house: House, login: str) -> None:
    boss = at_work(house, f"boss.{login}", ADMINISTRATOR)
    call(house, login)
    call(house, login, '{"other": "1"}')
    page = boss.send(HOUSE, typed(boss, screen_pop=f"{TEMPLATE}&d={{other}}"))
    assert page.status == 200
    assert "0 lead to a customer in your program" in page.text
    assert "lead nowhere: customerId, other" in page.text
    page = boss.send(HOUSE, typed(boss, screen_pop="https://crm.example.com/{id}"))
    assert "lead nowhere" not in page.text
    page = boss.send(HOUSE, typed(boss, screen_pop="http://crm.example.com/"))
    assert page.status == 422
    assert "write an address that begins with https://" in page.text
    assert 'value="http://crm.example.com/"' in page.seen.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_page_of_others_has_a_number_revealed(
    house: House,
    somebody: Visitor,
    login: str,
    site: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    id_ = call(house, login)
    rule(house, screen_pop=TEMPLATE, numbers="on_request")
    with logging_as_the_program_does():
        refused = somebody.look(path(id_, "pop"), sec_fetch_site=site)
        assert (refused.status, "location" in refused.seen.headers) == (403, False)
        assert "was not followed from a page of this console" in refused.text
        headers = {"cookie": f"{COOKIE}={somebody.cookie}"}
        head = house.http.head(f"{house.url}{path(id_, 'pop')}", headers=headers)
        assert (head.status_code, head.headers["allow"]) == (405, "GET")
        assert "location" not in head.headers
    told = lines(capfd.readouterr().err)
    assert id_ not in [each.get("reservation") for each in told]
    for own in ("same-origin", "none", ""):
        assert somebody.look(path(id_, "pop"), sec_fetch_site=own).status == 303
