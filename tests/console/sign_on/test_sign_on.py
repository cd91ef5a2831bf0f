"""Single sign-on: who comes by a provider is let in, as whom they are tied to, or by a group."""

import re
from base64 import b64encode
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from structlog.testing import capture_logs

from callkeeper.console.sign_on import BACK, BEGIN, COOKIE
from callkeeper.core.people.changes import Disable, GiveRole, TieAccount
from callkeeper.core.people.person import Role, Tie
from callkeeper.usecases.invitations import add_person, change_person, reset_person
from tests.console.sign_on.oidc import CLIENT, SECRET, Provider
from tests.console.sign_on.way import Way, person, somebody, tied
from tests.console.visitor import (
    ADMINISTRATOR,
    AGENT,
    OPERATOR,
    PASSWORD,
    Visitor,
    at_work,
    unlike_any,
)
from tests.house import VDN, House

HOUR = 3_600_000


def test_whoever_is_tied_to_an_account_is_let_in_and_led_to_where_they_wanted(
    house: House, provider: Provider
) -> None:
    login = tied(house, somebody(provider))
    way = Way(house)
    form = way.look(way.look(f"/console/{VDN}/today").headers["location"])
    assert f'href="{BEGIN}?next=/console/{VDN}/today"' in form.text
    with capture_logs() as lines:
        came = way.go(f"/console/{VDN}/today")
    assert (came.status_code, came.headers["location"]) == (303, f"/console/{VDN}/today")
    assert COOKIE not in way.cookies
    assert way.look(f"/console/{VDN}/today").status_code == 200
    (told,) = [each for each in lines if each["event"] == "sign_on_accepted"]
    assert told["person"] == login
    pair = b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
    assert provider.tokens_of[-1]["authorization"] == f"Basic {pair}"
    # A session as by a password.
    (session,) = house.store.sessions.of(login)
    assert session.ends_at == house.now() + 12 * HOUR
    assert "Another password" not in way.look("/console/me").text


def test_what_goes_to_the_provider_and_the_cookie_tell_no_secret(
    house: House, provider: Provider
) -> None:
    way = Way(house)
    there = way.begin()
    asked = parse_qs(urlsplit(there).query)
    assert there.startswith(f"{provider.issuer}/authorize?tenant=1&")
    assert asked["redirect_uri"] == [f"{house.url}{BACK}"]
    assert asked["scope"] == ["openid profile"]
    (cookie,) = way.seen.headers.get_list("set-cookie")
    for mark in ("Secure", "HttpOnly", "Path=/", "Max-Age=600"):
        assert mark in cookie
    for name in ("state", "nonce"):
        assert len(asked[name][0]) >= 43
        assert asked[name][0] not in cookie


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/console/\\x", "/", BEGIN, "x" * 2000]
)
def test_it_leads_to_no_page_but_ours(house: House, provider: Provider, elsewhere: str) -> None:
    tied(house, somebody(provider))
    assert Way(house).go(elsewhere).headers["location"] == "/console/"


def test_nobody_is_let_in_whom_nobody_has_tied_and_learns_what_to_tell(
    house: House, provider: Provider
) -> None:
    login = unlike_any()
    add_person(house.store, house.clock, login, None, AGENT)
    # A name, or an address of mail, is not who somebody is.
    subject = somebody(provider)
    provider.claims |= {"preferred_username": login, "email": login, "groups": ["everything"]}
    way = Way(house)
    with capture_logs() as lines:
        assert way.go().status_code == 403
    assert not way.is_in
    assert subject in way.text
    assert "Nobody here is tied to your account" in way.text
    (told,) = [each for each in lines if each["event"] == "sign_on_refused"]
    assert told["subject"] == subject


def test_whoever_is_disabled_is_not_let_in(house: House, provider: Provider) -> None:
    login = tied(house, somebody(provider))
    change_person(house.store, house.clock, login, Disable())
    way = Way(house)
    assert way.go().status_code == 403
    assert "is disabled" in way.text
    assert not way.is_in


def test_groups_give_roles_and_make_whoever_is_new(granting: House, provider: Provider) -> None:
    login, subject = unlike_any(), somebody(provider)
    provider.claims |= {
        "name": "王芳",
        "preferred_username": login.upper(),
        "realm": {"groups": ["leads", "agents", "others"]},
    }
    way = Way(granting)
    assert way.go().status_code == 303, way.text
    found = person(granting, login)
    assert (found.name, found.has_password) == ("王芳", False)
    assert found.roles == (Role("supervisor", VDN),)
    assert found.tie == Tie(provider.issuer, subject)
    assert way.look("/console/help").status_code == 200
    assert provider.tokens_of[-1]["client_id"] == CLIENT
    assert provider.tokens_of[-1]["authorization"] == ""
    # The groups are others now; and another name changes nobody.
    provider.claims |= {
        "preferred_username": "another",
        "realm": {"groups": ["agents", "everything"]},
    }
    assert Way(granting).go().status_code == 303
    assert person(granting, login).roles == (Role("operator", None), Role("agent", VDN, "another"))
    provider.claims["realm"] = {"groups": []}
    assert Way(granting).go().status_code == 303
    assert person(granting, login).roles == ()
    told = [(each.by_whom, each.what) for each in granting.store.deeds.latest(3)]
    assert told == [
        ("sign-on", "roles_granted"),
        ("sign-on", "roles_granted"),
        ("sign-on", "person_added"),
    ]


def test_roles_elsewhere_and_accounts_given_by_hand_stay(
    granting: House, provider: Provider
) -> None:
    login = tied(granting, somebody(provider))
    elsewhere, with_calls = Role("supervisor", 26), Role("supervisor", VDN, "1001")
    for role in (elsewhere, with_calls):
        change_person(granting.store, granting.clock, login, GiveRole(role))
    provider.claims["realm"] = {"groups": "leads"}
    assert Way(granting).go().status_code == 303
    assert person(granting, login).roles == (with_calls, elsewhere)


def test_whoever_is_in_no_group_and_tied_to_nobody_is_not_let_in(
    granting: House, provider: Provider
) -> None:
    somebody(provider)
    provider.claims["realm"] = {"groups": ["others", 5, None]}
    way = Way(granting)
    assert way.go().status_code == 403
    assert "Nobody here is tied" in way.text


def test_a_login_of_another_person_is_not_taken_over(granting: House, provider: Provider) -> None:
    login = unlike_any()
    add_person(granting.store, granting.clock, login, None, Role("operator", None))
    somebody(provider)
    provider.claims |= {"preferred_username": login, "realm": {"groups": ["agents"]}}
    way = Way(granting)
    assert way.go().status_code == 403
    assert f"the login {login} is another person's here" in way.text
    assert person(granting, login).tie is None


def test_a_login_that_cannot_be_one_here_is_made(granting: House, provider: Provider) -> None:
    somebody(provider)
    provider.claims |= {"preferred_username": "王 芳", "realm": {"groups": ["leads"]}}
    assert Way(granting).go().status_code == 303
    made = [each for each in granting.store.people.all() if each.login.startswith("sso-")]
    assert [each.name for each in made] == [each.login for each in made]


def test_an_agent_without_an_account_is_told_what_is_missing(
    granting: House, provider: Provider
) -> None:
    somebody(provider)
    provider.claims["realm"] = {"groups": ["agents"]}
    way = Way(granting)
    assert way.go().status_code == 403
    assert "sso_agent_claim" in way.text


def test_a_password_is_as_good_as_before(house: House, provider: Provider) -> None:
    login = unlike_any()
    invited = add_person(house.store, house.clock, login, None, AGENT)
    change_person(
        house.store, house.clock, login, TieAccount(Tie(provider.issuer, somebody(provider)))
    )
    visitor = Visitor(house)
    form = {"password": PASSWORD, "again": PASSWORD}
    assert visitor.send(f"/console/welcome/{invited.token}", form).status == 303
    assert Visitor(house).sign_in(login).status == 303
    way = Way(house)
    assert way.go().status_code == 303
    assert "Another password" in way.look("/console/me").text


def test_the_pages_are_chinese_where_the_browser_is(house: House, provider: Provider) -> None:
    somebody(provider)
    way = Way(house, "zh-CN")
    way.go()
    assert "此处没有人" in way.text


def test_a_keeper_ties_an_account_on_the_page_of_a_person_and_unties_it(
    house: House, provider: Provider
) -> None:
    keeper = at_work(house, unlike_any(), ADMINISTRATOR)
    login, other, subject = unlike_any(), unlike_any(), somebody(provider)
    for each in (login, other):
        add_person(house.store, house.clock, each, None, AGENT)
    page = f"/console/{VDN}/people/{login}"
    assert Way(house).go().status_code == 403
    assert keeper.send(page, {"act": "tie", "subject": subject}).status == 303
    assert subject in keeper.follow().text
    assert "signs in by single sign-on" in keeper.text
    way = Way(house)
    assert way.go().status_code == 303
    refused = keeper.send(f"/console/{VDN}/people/{other}", {"act": "tie", "subject": subject})
    assert (refused.status, "another person's" in refused.text) == (422, True)
    assert keeper.send(f"/console/{VDN}/people/{other}", {"act": "tie"}).status == 422
    assert keeper.send(page, {"act": "untie"}).status == 303
    house.clock.move(2_001)  # type: ignore[attr-defined]
    assert way.look("/console/help").status_code == 303
    assert Way(house).go().status_code == 403
    told = [(each.what, each.vdn) for each in house.store.deeds.latest(2)]
    assert told == [("person_untied", VDN), ("person_tied", VDN)]
    deeds = keeper.look(f"/console/{VDN}/deeds?person={login}").text
    assert "tied to an account" in deeds


def test_where_groups_give_roles_only_an_operator_ties(granting: House, provider: Provider) -> None:
    keeper = at_work(granting, unlike_any(), ADMINISTRATOR)
    operator = at_work(granting, unlike_any(), OPERATOR)
    login, subject = unlike_any(), somebody(provider)
    add_person(granting.store, granting.clock, login, None, AGENT)
    form = {"act": "tie", "subject": subject}
    page = f"/console/{VDN}/people/{login}"
    assert 'value="tie"' not in keeper.look(page).seen.text
    assert keeper.send(page, form).status == 403
    assert "only an operator ties" in keeper.text
    assert person(granting, login).tie is None
    assert 'value="tie"' in operator.look(page).seen.text
    assert operator.send(page, form).status == 303
    assert person(granting, login).tie == Tie(provider.issuer, subject)


def test_whom_groups_make_an_operator_is_not_to_be_had_by_a_password_from_before(
    granting: House, provider: Provider
) -> None:
    login, subject = unlike_any(), somebody(provider)
    straw = at_work(granting, login, Role("agent", VDN, login))
    lost = reset_person(granting.store, granting.clock, login).token
    change_person(granting.store, granting.clock, login, TieAccount(Tie(provider.issuer, subject)))
    chosen = {"password": PASSWORD, "again": PASSWORD}
    assert straw.send(f"/console/welcome/{lost}", chosen).status == 303
    assert straw.look("/console/help").status == 200
    provider.claims["realm"] = {"groups": ["everything"]}
    way = Way(granting)
    assert way.go().status_code == 303
    assert way.look("/console/people").status_code == 200
    assert person(granting, login).role_in(None) is not None
    assert Visitor(granting).sign_in(login).status == 422
    granting.clock.move(2_001)  # type: ignore[attr-defined]
    assert straw.look("/console/people").status == 303
    assert Way(granting).go().status_code == 303


def test_a_keeper_ties_nobody_who_has_to_do_with_more_than_their_vdn(
    house: House, provider: Provider
) -> None:
    keeper = at_work(house, unlike_any(), ADMINISTRATOR)
    login = unlike_any()
    add_person(house.store, house.clock, login, None, AGENT)
    change_person(house.store, house.clock, login, GiveRole(Role("operator", None)))
    form = {"act": "tie", "subject": somebody(provider)}
    assert keeper.send(f"/console/{VDN}/people/{login}", form).status == 403
    assert person(house, login).tie is None


def test_how_many_came_and_were_refused_is_counted(house: House, provider: Provider) -> None:
    def counted(outcome: str) -> float:
        text = house.http.get(f"{house.url}/metrics").text
        name = f'callkeeper_console_sign_ins_total{{outcome="{outcome}"}}'
        return float(re.findall(rf"^{re.escape(name)} (.*)$", text, re.MULTILINE)[0])

    before = counted("in"), counted("refused")
    way = Way(house)
    subject = somebody(provider)
    way.go()
    tied(house, subject)
    way.go()
    assert (counted("in"), counted("refused")) == (before[0] + 1, before[1] + 1)
