"""People as whoever keeps them sees them: invited, changed, reset, shut out; each act a deed."""

import re

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.session import PROOF_MS, digest_of
from callkeeper.store.port.people import Guess
from tests.console.visitor import (
    ADMINISTRATOR,
    OPERATOR,
    PASSWORD,
    Visitor,
    at_work,
    invited,
    unlike_any,
)
from tests.house import VDN, House

PEOPLE = f"/console/{VDN}/people"
ALL = "/console/people"
ELSEWHERE = 26


@pytest.fixture(scope="module")
def keeper(house: House) -> Visitor:
    return at_work(house, "keeper", ADMINISTRATOR)


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def known(house: House, login: str) -> Person:
    found = house.store.people.get(login)
    assert found is not None
    return found


def deeds(house: House, login: str) -> list[tuple[str, str, int | None]]:
    """Return what was done to somebody, by whom and in which VDN's name, oldest first."""
    return [
        (each.by_whom, each.what, each.vdn)
        for each in reversed(house.store.deeds.latest(500))
        if each.subject == f"person {login}"
    ]


def link_on(page: Visitor) -> str:
    found = re.search(r'value="(http[^"]*/console/welcome/[^"]*)"', page.seen.text)
    assert found, page.text
    return found[1]


def newcomer(house: House, role: Role | None = None) -> str:
    """Return the login of somebody who has come to work."""
    login = unlike_any()
    at_work(house, login, role or Role("agent", VDN, login))
    return login


def test_whoever_is_invited_comes_by_the_link_that_is_shown_once(
    house: House, keeper: Visitor
) -> None:
    login = unlike_any()
    form = {"login": login.upper(), "name": "王芳", "kind": "agent", "agent": "1001"}
    page = keeper.send(PEOPLE, form)
    assert page.status == 200
    assert page.seen.headers["cache-control"] == "no-store"
    link = link_on(page)
    assert link.startswith(house.url)
    assert link not in keeper.look(PEOPLE).seen.text
    assert f"{login} 王芳 Agent of VDN {VDN} as agent 1001 invited, has not come yet" in keeper.text
    chosen = Visitor(house).send(
        link.removeprefix(house.url), {"password": PASSWORD, "again": PASSWORD}
    )
    assert chosen.status == 303
    assert f"signs in by password last seen {'2026-11-28'}" in keeper.look(PEOPLE).text
    assert deeds(house, login)[0] == ("person keeper", "person_added", VDN)


def test_a_link_begins_where_the_browser_found_the_console(keeper: Visitor) -> None:
    form = {"login": unlike_any(), "name": "", "kind": "supervisor"}
    page = keeper.send(PEOPLE, form, origin="https://calls.example")
    assert link_on(page).startswith("https://calls.example/console/welcome/")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"login": "keeper"}, "there is a person 'keeper' already"),
        ({"login": "two words"}, "is no login"),
        ({"login": "\x00"}, "is no login"),
        ({"name": "x" * 101}, "at most 100 fit"),
        ({"kind": "agent"}, "an agent needs the account"),
        ({"kind": "agent", "agent": "a\x00"}, "is not allowed"),
        ({"kind": "agent", "agent": "x" * 101}, "at most 100 fit"),
        ({"phone": "1001"}, "is no phone; write it as the line knows it"),
        ({"phone": "Local/0090012345@from-internal"}, "is no phone that may ring here"),
        ({"kind": "king"}, "choose a role"),
        ({"kind": "operator"}, "has no VDN; every other role has one"),
    ],
    ids=str,
)
def test_an_invitation_that_cannot_be_is_refused_with_what_was_typed(
    house: House, keeper: Visitor, form: dict[str, str], says: str
) -> None:
    before = house.store.people.all()
    given = {"login": unlike_any(), "name": "Bo Chen", "kind": "supervisor"}
    typed = given | {"agent": "", "phone": ""} | form
    refused = keeper.send(PEOPLE, typed)
    assert (refused.status, says in refused.text) == (422, True)
    if "\x00" not in str(form):
        for name in ("login", "name", "agent", "phone"):
            assert f'value="{typed[name]}"' in refused.seen.text
    assert house.store.people.all() == before


def test_an_administrator_makes_no_operator_and_nobody_elsewhere(
    house: House, keeper: Visitor
) -> None:
    login = unlike_any()
    for path in (ALL, f"/console/{ELSEWHERE}/people"):
        form = {"login": login, "kind": "operator", "vdn": ""}
        assert keeper.send(path, form).status == 403
    assert house.store.people.get(login) is None


def test_an_operator_invites_to_any_vdn_and_other_operators(
    house: House, operator: Visitor
) -> None:
    for vdn, kind in (("", "operator"), (str(ELSEWHERE), "administrator")):
        login = unlike_any()
        form = {"login": login, "name": "", "kind": kind, "vdn": vdn}
        assert operator.send(ALL, form).status == 200
        (role,) = known(house, login).roles
        assert (role.kind, role.vdn or "") == (kind, vdn and int(vdn))
    for wrong in ("x", "0", "10000"):
        form = {"login": unlike_any(), "kind": "supervisor", "vdn": wrong}
        assert f"{wrong!r} is no VDN" in operator.send(ALL, form).text


def test_a_role_is_changed_and_taken_away_and_servers_know(house: House, keeper: Visitor) -> None:
    login = newcomer(house)
    visitor = Visitor(house).sign_in(login)
    assert visitor.look(f"/console/{VDN}/people").status == 403
    form = {"act": "role", "kind": "administrator", "agent": ""}
    changed = keeper.send(f"{PEOPLE}/{login}", form)
    assert changed.seen.headers["location"] == f"{PEOPLE}/{login}"
    assert visitor.look(f"/console/{VDN}/people").status == 200
    gone = keeper.send(f"{PEOPLE}/{login}", {"act": "no-role"})
    assert gone.seen.headers["location"] == PEOPLE
    assert visitor.look(f"/console/{VDN}/people").status == 403
    assert keeper.look(f"{PEOPLE}/{login}").status == 404
    by = ("person keeper", VDN)
    assert [(each[0], each[2]) for each in deeds(house, login) if "role" in each[1]] == [by, by]


def test_a_phone_is_typed_with_a_role_and_is_there_when_the_role_is_given_again(
    house: House, keeper: Visitor
) -> None:
    login = newcomer(house)
    form = {"act": "role", "kind": "supervisor", "agent": "", "phone": "PJSIP/1001"}
    assert keeper.send(f"{PEOPLE}/{login}", form).status == 303
    assert known(house, login).role_in(VDN) == Role("supervisor", VDN, None, "PJSIP/1001")
    page = keeper.look(f"{PEOPLE}/{login}")
    assert "at phone PJSIP/1001" in page.text
    assert 'value="PJSIP/1001"' in page.seen.text


@pytest.mark.parametrize(
    "phone",
    ["Local/s@macro-dial", "PJSIP/0090012345@trunk", "SIP/10.1.2.3", "PJSIP/trunk:5070"],
)
def test_no_phone_is_a_way_into_the_dialplan_or_to_a_trunk(
    house: House, keeper: Visitor, operator: Visitor, phone: str
) -> None:
    login = newcomer(house)
    before = known(house, login)
    form = {"act": "role", "kind": "supervisor", "agent": "", "phone": phone}
    for visitor, path in ((keeper, f"{PEOPLE}/{login}"), (operator, f"{ALL}/{login}")):
        refused = visitor.send(path, form | {"vdn": str(VDN)})
        assert (refused.status, "the operator allows PJSIP/*" in refused.text) == (422, True)
        assert f'value="{phone}"' in refused.seen.text
    assert known(house, login) == before


def test_a_disabled_person_is_out_at_once_and_comes_back_as_before(
    house: House, keeper: Visitor
) -> None:
    login = newcomer(house)
    visitor = Visitor(house).sign_in(login)
    assert keeper.send(f"{PEOPLE}/{login}", {"act": "disable"}).status == 303
    assert visitor.look("/console/help").status == 303
    assert Visitor(house).sign_in(login).status == 422
    assert "disabled" in keeper.look(f"{PEOPLE}/{login}").text
    assert "last seen 2026-11-28" in keeper.text
    assert keeper.send(f"{PEOPLE}/{login}", {"act": "enable"}).status == 303
    assert Visitor(house).sign_in(login).status == 303


def test_a_password_is_voided_and_sessions_ended(house: House, keeper: Visitor) -> None:
    login = newcomer(house)
    visitor = Visitor(house).sign_in(login)
    assert "sessions that go on: 2" in keeper.look(f"{PEOPLE}/{login}").text
    keeper.send(f"{PEOPLE}/{login}", {"act": "end-sessions"})
    assert visitor.look("/console/help").status == 303
    assert visitor.sign_in(login).status == 303
    link = link_on(keeper.send(f"{PEOPLE}/{login}", {"act": "reset"}))
    assert visitor.look("/console/help").status == 303
    assert Visitor(house).sign_in(login).status == 422
    assert "Welcome" in Visitor(house).look(link.removeprefix(house.url)).text


@pytest.mark.parametrize("act", ["reset", "disable", "enable", "end-sessions"])
@pytest.mark.parametrize(
    "other", [OPERATOR, Role("agent", ELSEWHERE, "x"), Role("administrator", ELSEWHERE)], ids=str
)
def test_who_has_to_do_with_more_than_the_vdn_is_the_operators(
    house: House, keeper: Visitor, operator: Visitor, other: Role, act: str
) -> None:
    login = newcomer(house)
    form = {"kind": other.kind, "agent": other.agent or "", "vdn": str(other.vdn or "")}
    assert operator.send(f"{ALL}/{login}", form | {"act": "role"}).status == 303
    before = known(house, login)
    refused = keeper.send(f"{PEOPLE}/{login}", {"act": act})
    assert (refused.status, known(house, login)) == (403, before)
    page = keeper.look(f"{PEOPLE}/{login}")
    assert "only an operator voids the password" in page.text
    assert ("and more elsewhere" in page.text, f"VDN {ELSEWHERE}" in page.text) == (True, False)
    assert keeper.send(f"{PEOPLE}/{login}", {"act": "role", "kind": "supervisor"}).status == 303
    assert known(house, login).role_in(VDN) == Role("supervisor", VDN)
    assert known(house, login).role_in(other.vdn) == other
    assert operator.send(f"{ALL}/{login}", {"act": act}).status in (200, 303)


@pytest.mark.parametrize("role", [Role("agent", ELSEWHERE, "x"), OPERATOR], ids=str)
def test_nobody_of_another_vdn_is_seen_or_taken_in(
    house: House, keeper: Visitor, role: Role
) -> None:
    login = newcomer(house, role)
    before = known(house, login)
    assert f" {login} " not in keeper.look(PEOPLE).text
    assert keeper.look(f"{PEOPLE}/{login}").status == 404
    for form in (
        {"act": "role", "kind": "agent", "agent": "x"},
        {"act": "no-role"},
        {"act": "disable"},
        {"act": "reset"},
    ):
        assert keeper.send(f"{PEOPLE}/{login}", form).status in (403, 404, 422)
    assert known(house, login) == before


def test_nobody_shuts_themselves_out(house: House, keeper: Visitor, operator: Visitor) -> None:
    for visitor, path, login in ((keeper, PEOPLE, "keeper"), (operator, ALL, "root")):
        before = known(house, login)
        acts = [{"act": act} for act in ("no-role", "disable", "reset")]
        if login == "keeper":
            acts.append({"act": "role", "kind": "agent", "agent": "x"})
        for form in acts:
            refused = visitor.send(f"{path}/{login}", form)
            assert (refused.status, "shut yourself out" in refused.text) == (403, True)
        assert known(house, login) == before
    form = {"act": "role", "kind": "administrator", "agent": "keeper"}
    assert keeper.send(f"{PEOPLE}/keeper", form).status == 303
    assert deeds(house, "keeper")[-1] == ("person keeper", "role_given", VDN)


@pytest.mark.parametrize("act", ["", "promote"])
def test_what_no_button_says_is_refused(house: House, keeper: Visitor, act: str) -> None:
    login = newcomer(house)
    refused = keeper.send(f"{PEOPLE}/{login}", {"act": act})
    assert (refused.status, "press one of the buttons" in refused.text) == (422, True)


@pytest.mark.parametrize("login", ["nobody", "%00", "a%20b", "x" * 65])
def test_a_login_that_nobody_has_leads_to_no_page(keeper: Visitor, login: str) -> None:
    assert keeper.look(f"{PEOPLE}/{login}").status == 404
    assert keeper.send(f"{PEOPLE}/{login}", {"act": "disable"}).status == 404


def test_people_are_found_by_a_part_of_login_or_name(house: House, keeper: Visitor) -> None:
    invited(house, "zz.first", name="Fatima Z.")
    assert "zz.first" in keeper.look(f"{PEOPLE}?find=FATIMA").text
    assert "Open zz.first" in keeper.look(f"{PEOPLE}?find=zz.").text
    assert "Open keeper" not in keeper.text
    assert "Nobody of that login" in keeper.look(f"{PEOPLE}?find=%00").text


def test_what_is_grave_needs_a_password_typed_lately(house: House, clock: HandClock) -> None:
    chief = at_work(house, "chief", ADMINISTRATOR)
    clock.move(PROOF_MS - 1)
    login = unlike_any()
    form = {"login": login, "name": "Li", "kind": "supervisor"}
    assert "once more" not in chief.look(PEOPLE).text
    assert chief.send(PEOPLE, form).status == 200
    clock.move(1)
    assert "Your own password, once more" in chief.look(PEOPLE).text
    login = form["login"] = unlike_any()
    for proof, says in (
        (None, "Type your password again"),
        ("", "Type your password again"),
        ("not the password", "this is not the password"),
    ):
        refused = chief.send(PEOPLE, form if proof is None else form | {"proof": proof})
        assert (refused.status, says in refused.text) == (422, True)
        assert f'value="{login}"' in refused.seen.text
        assert "not the password" not in refused.seen.text.replace("this is not the password", "")
        assert house.store.people.get(login) is None
    before = chief.cookie
    assert chief.send(PEOPLE, form | {"proof": PASSWORD}).status == 200
    assert chief.cookie != before
    assert "once more" not in chief.look(PEOPLE).text
    assert len(house.store.sessions.of("chief")) == 1


def test_a_proof_counts_where_the_form_is_refused_for_something_else(
    house: House, clock: HandClock
) -> None:
    login = unlike_any()
    chief = at_work(house, login, ADMINISTRATOR)
    clock.move(PROOF_MS)
    form = {"login": "two words", "kind": "supervisor", "proof": PASSWORD}
    refused = chief.send(PEOPLE, form)
    assert (refused.status, "is no login" in refused.text) == (422, True)
    assert "once more" not in refused.text
    assert chief.send(PEOPLE, {"login": unlike_any(), "kind": "supervisor"}).status == 200


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize(
    ("where", "status"), [(f"{PEOPLE}/nobody-at-all", 404), (f"{PEOPLE}/root", 403)]
)
def test_a_proof_for_what_is_not_done_leaves_the_session_that_there_was(
    house: House, clock: HandClock, where: str, status: int
) -> None:
    login = unlike_any()
    chief = at_work(house, login, ADMINISTRATOR)
    clock.move(PROOF_MS)
    before = [each.digest for each in house.store.sessions.of(login)]
    refused = chief.send(where, {"act": "disable", "proof": PASSWORD})
    assert refused.status == status, refused.text
    assert [each.digest for each in house.store.sessions.of(login)] == before
    assert chief.look(PEOPLE).status == 200


def test_guessing_at_a_session_that_was_left_open_is_slowed_as_at_the_door(
    house: House, clock: HandClock
) -> None:
    login = unlike_any()
    chief = at_work(house, login, ADMINISTRATOR)
    clock.move(PROOF_MS)
    for _ in range(2):
        chief.send(PEOPLE, {"login": unlike_any(), "kind": "supervisor", "proof": "wrong"})
    with house.store.transaction():
        assert house.store.guesses.note([Guess(digest_of(login), clock.now())]) == [3]


def test_an_operator_is_led_to_a_vdn_and_others_are_not_asked(
    keeper: Visitor, operator: Visitor
) -> None:
    assert "Go to the VDN" in operator.look("/console/").text
    assert operator.look("/console/?vdn=26").seen.headers["location"] == "/console/26/board"
    assert operator.follow().status == 200
    for typed in ("0", "x", "10000", "%00", "//evil.example"):
        page = operator.look(f"/console/?vdn={typed}")
        assert (page.status, "is no VDN" in page.text) == (200, True)
    assert "Go to the VDN" not in keeper.look("/console/").text
    assert keeper.look("/console/?vdn=26").follow().status == 403
