"""Who did what to people, keys and rules, for whoever may read of it."""

import json
import re

import pytest

from callkeeper.core.allowance import Limit
from callkeeper.core.people.changes import Disable, GiveRole, TakeRole
from callkeeper.core.people.person import Role
from callkeeper.store.port.people import Deed
from callkeeper.usecases.invitations import change_person
from callkeeper.usecases.keys import limit, revoke
from tests.console.visitor import ADMINISTRATOR, OPERATOR, Visitor, at_work, invited, unlike_any
from tests.house import VDN, House

DEEDS = f"/console/{VDN}/deeds"
ALL = "/console/deeds"


@pytest.fixture(scope="module")
def keeper(house: House) -> Visitor:
    return at_work(house, "keeper", ADMINISTRATOR)


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def rows(page: Visitor) -> list[str]:
    """Return what each row says."""
    listed = page.seen.text.partition('<ol class="rows">')[2].partition("</ol>")[0]
    texts = [re.sub(r"<[^>]*>", " ", each) for each in listed.split("<li>")[1:]]
    return [" ".join(each.split()) for each in texts]


def test_what_was_done_to_people_is_read_newest_first(keeper: Visitor, operator: Visitor) -> None:
    login = unlike_any()
    people = f"/console/{VDN}/people"
    keeper.send(people, {"login": login, "kind": "agent", "agent": "1001"})
    keeper.send(f"{people}/{login}", {"act": "role", "kind": "supervisor"})
    operator.send(f"/console/people/{login}", {"act": "disable"})
    operator.send(f"/console/people/{login}", {"act": "no-role", "vdn": str(VDN)})
    told = [each.partition(" UTC ")[2] or each for each in rows(keeper.look(DEEDS))]
    assert [each.partition("person")[2] for each in told[:3]] == [
        f" root role taken away person {login}",
        f" keeper given a role person {login} Supervisor of VDN {VDN}",
        f" keeper invited person {login} Agent of VDN {VDN} as agent 1001",
    ]
    # What was done in the installation's name is the operators' to read.
    assert f"person root disabled person {login}" in rows(operator.look(ALL))[1]


def test_the_command_line_and_keys_are_told_of_as_well(
    house: House, keeper: Visitor, operator: Visitor
) -> None:
    key = house.issue(VDN)
    limit(house.store, house.clock, key.ak, Limit(5.0, 10))
    revoke(house.store, house.clock, key.ak)
    page = keeper.look(DEEDS)
    assert f"operator key revoked key {key.ak}" in rows(page)[0]
    assert f'operator allowance changed key {key.ak} {{"allowance"' in page.text
    house.issue(None)
    assert "key made" in rows(operator.look(ALL))[0]
    assert f"key {key.ak}" in rows(keeper.look(DEEDS))[0]


def test_deeds_of_one_person_are_found_by_who_did_and_to_whom(
    house: House, keeper: Visitor
) -> None:
    login = unlike_any()
    invited(house, login, Role("agent", VDN, "x"))
    change_person(house.store, house.clock, login, GiveRole(Role("supervisor", VDN)), VDN)
    found = rows(keeper.look(f"{DEEDS}?person={login.upper()}"))
    assert len(found) == 2
    assert all(login in each for each in found)
    assert rows(keeper.look(f"{DEEDS}?person=keeper"))
    assert "Nobody did anything" in keeper.look(f"{DEEDS}?person=%00'%22<b>").text


def test_nothing_of_another_vdn_is_read(house: House, keeper: Visitor) -> None:
    login = unlike_any()
    invited(house, login, Role("agent", 26, "x"))
    change_person(house.store, house.clock, login, TakeRole(26), 26)
    change_person(house.store, house.clock, login, Disable())
    assert rows(keeper.look(f"{DEEDS}?person={login}")) == []


def test_deeds_are_read_page_by_page_each_once(house: House, operator: Visitor) -> None:
    with house.store.transaction():
        for number in range(250):
            detail = json.dumps({"number": number})
            deed = Deed(0, house.now(), "person pager", "tried", "key x", None, detail)
            house.store.deeds.append(deed)
    page, told = operator.look(f"{ALL}?person=pager"), list[str]()
    while True:
        told += re.findall(r"&#34;number&#34;: (\d+)", page.seen.text)
        earlier = re.search(r'href="([^"]*before=[^"]*)"', page.seen.text)
        if not earlier:
            break
        page = operator.look(earlier[1].replace("&amp;", "&"))
    assert told == [str(number) for number in reversed(range(250))]


@pytest.mark.parametrize("before", ["x", "1", "1-", "-1-1", "9" * 30 + "-1", "1-" + "9" * 30])
def test_a_place_that_is_none_is_the_beginning(operator: Visitor, before: str) -> None:
    assert rows(operator.look(f"{ALL}?before={before}"))
    assert operator.status == 200
