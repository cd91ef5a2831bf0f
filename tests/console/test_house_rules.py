"""The house rules of a VDN: their page, and what each of them does on the others."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.house_rules import HouseRules, RulesOrder
from callkeeper.core.people.person import Role
from tests.console.visitor import ADMINISTRATOR, SUPERVISOR, Visitor, at_work, path, promise
from tests.house import HOUR, VDN, House
from tests.logged import lines, logging_as_the_program_does

HOUSE = f"/console/{VDN}/house"
TODAY = f"/console/{VDN}/today"
NUMBER = "8613800138000"
FORM = {
    "zone": "",
    "language": "",
    "numbers": "on_request",
    "agents_see": "own",
    "customer_member": "",
    "slot_minutes": "15",
    "slot_calls_max": "",
    "screen_pop": "",
    "warning_minutes": "",
    "outside_hours": "refuse",
}


@pytest.fixture(scope="module")
def boss(house: House) -> Visitor:
    return at_work(house, "boss", ADMINISTRATOR)


@pytest.fixture(scope="module")
def gus(house: House) -> Visitor:
    return at_work(house, "gus", Role("agent", VDN, "gus"))


@pytest.fixture(autouse=True)
def _as_before(house: House, clock: HandClock) -> Iterator[None]:
    yield
    rule(house)
    clock.move(5_000)  # longer than a session is trusted without asking


def rule(house: House, **rules: Any) -> None:
    """Let other rules hold."""
    version = house.store.rules.of(VDN).version
    with house.store.transaction():
        house.store.rules.change(
            [RulesOrder(VDN, HouseRules(**rules), version, "operator", house.now())]
        )


def typed(visitor: Visitor, **fields: str) -> dict[str, str]:
    """Return the form of the page as somebody fills it in."""
    return FORM | {"version": visitor.look(HOUSE).hidden("version")} | fields


def kept(house: House) -> HouseRules:
    return house.store.rules.of(VDN).rules


def test_what_would_change_is_shown_and_nothing_is_kept_before_it_is_said(
    house: House, boss: Visitor, gus: Visitor
) -> None:
    assert gus.status == 303
    promise(house, HOUR, call_data='{"name": "王芳"}')
    form = typed(
        boss,
        zone="Asia/Shanghai",
        language="zh_CN",
        numbers="never",
        agents_see="vdn",
        customer_member="name",
        slot_minutes="60",
        slot_calls_max="2",
        warning_minutes="10",
        outside_hours="ask",
    )
    page = boss.send(HOUSE, form)
    assert page.status == 200
    announced = (
        "calls are announced 10 minutes before their time to the agents who have chosen nothing "
        "else: 1 of 1 here"
    )
    for sentence in (
        "times are shown in Asia/Shanghai to the people who have chosen no time zone: 2 of 2 here",
        "pages are in another language for the people who have chosen none: 2 of 2 here",
        "neither pages nor the phones of agents show one in full",
        "agents, of whom there are 1, see all reservations of this VDN",
        "name names the customer: of the next 1 calls it does so in 1",
        "slots have 60 minutes: of the next 1 calls of agents 0 share one",
        "a slot takes 2 calls of a campaign; what is booked already stays",
        announced,
        "outside the hours of a campaign are made if they say so once more",
        "of the next 1 calls of agents 0 are promised outside those hours",
    ):
        assert sentence in page.text
    assert kept(house) == HouseRules()
    shown = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.seen.text))
    assert boss.send(HOUSE, shown | {"keep": "yes"}).status == 303
    assert kept(house) == HouseRules(
        "Asia/Shanghai", "zh_CN", "never", "vdn", "name", 60, 2, None, 10, "ask"
    )
    deed = house.store.deeds.latest(1, vdn=VDN)[0]
    assert (deed.by_whom, deed.what) == ("person boss", "rules_changed")
    assert json.loads(deed.detail)["agents_see"] == ["own", "vdn"]


def test_who_changes_nothing_is_told(boss: Visitor) -> None:
    assert "Nothing: these are the rules already." in boss.send(HOUSE, typed(boss)).text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"zone": "Mars/Base"}, "there is no time zone"),
        ({"language": "no language"}, "names no language"),
        ({"numbers": "sometimes"}, "choose one of what is offered"),
        ({"agents_see": ""}, "choose one of what is offered"),
        ({"outside_hours": "sometimes"}, "choose one of what is offered"),
        ({"customer_member": "x" * 61}, "has 61 characters, at most 60 fit"),
        ({"customer_member": "a\x07b"}, "is not allowed"),
        ({"slot_minutes": "7"}, "choose one of what is offered"),
        ({"slot_calls_max": "0"}, "give a number from 1 to 10000, or none"),
        ({"slot_calls_max": "9" * 5000}, "give a number from 1 to 10000, or none"),
        ({"warning_minutes": "61"}, "0 to 60 minutes before its time"),
        ({"warning_minutes": "soon"}, "0 to 60 minutes before its time"),
        ({"slot_calls_max": "-1"}, "give a number from 1 to 10000, or none"),
        ({"version": "x"}, "load the page again"),
    ],
    ids=str,
)
@pytest.mark.parametrize("keep", [{}, {"keep": "yes"}], ids=["shown", "kept"])
def test_what_is_no_rule_is_refused_with_all_that_was_typed(
    house: House, boss: Visitor, fields: dict[str, str], sentence: str, keep: dict[str, str]
) -> None:
    form = typed(boss, **{"zone": "Asia/Tokyo"} | fields) | keep
    page = boss.send(HOUSE, form)
    assert page.status == 422
    assert sentence in page.text
    assert f'value="{form["zone"]}"' in page.seen.text
    assert kept(house) == HouseRules()


def test_of_two_administrators_the_second_is_told(house: House, boss: Visitor) -> None:
    form = typed(boss, zone="Asia/Tokyo") | {"keep": "yes"}
    rule(house, zone="Europe/Berlin")
    page = boss.send(HOUSE, form)
    assert page.status == 409
    assert "somebody changed the house rules meanwhile" in page.text
    assert kept(house).zone == "Europe/Berlin"
    assert boss.send(HOUSE, form | {"version": page.hidden("version")}).status == 303
    assert kept(house).zone == "Asia/Tokyo"


def test_whoever_may_not_keep_rules_sees_and_keeps_none(house: House, gus: Visitor) -> None:
    assert gus.look(HOUSE).status == 403
    assert gus.send(HOUSE, FORM | {"version": "0", "keep": "yes"}).status == 403
    assert "House rules" not in gus.look(TODAY).text
    assert kept(house) == HouseRules()


def test_people_who_have_chosen_none_have_the_zone_and_language_of_their_vdn(
    house: House, clock: HandClock, gus: Visitor
) -> None:
    assert "Asia/Shanghai" not in gus.look(TODAY).text
    rule(house, zone="Asia/Shanghai", language="zh_CN")
    clock.move(5_000)
    page = gus.look(TODAY)
    assert "Asia/Shanghai" in page.text
    assert 'lang="zh-Hans"' in page.seen.text
    form = {"name": "Gus", "language": "en", "zone": "Asia/Tokyo"}
    assert gus.send("/console/me", form).status == 303
    page = gus.look(TODAY)
    assert "Asia/Tokyo" in page.text
    assert 'lang="en"' in page.seen.text
    gus.send("/console/me", form | {"language": "", "zone": ""})


def test_a_number_is_shown_when_somebody_asks_which_the_log_tells(
    house: House, gus: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    id_ = promise(house, HOUR, agent="gus", called_no=NUMBER)
    assert NUMBER not in gus.look(path(id_)).seen.text
    with logging_as_the_program_does():
        assert NUMBER in gus.send(path(id_, "number")).text
    (line,) = [each for each in lines(capfd.readouterr().err) if each["event"] == "number_revealed"]
    assert (line["person"], line["vdn"], line["reservation"]) == ("gus", VDN, id_)
    assert NUMBER not in json.dumps(line)


def test_where_numbers_are_never_shown_nobody_is_given_one(house: House, gus: Visitor) -> None:
    rule(house, numbers="never")
    id_ = promise(house, HOUR, agent="gus", called_no=NUMBER)
    assert f'{path(id_, "number")}"' not in gus.look(path(id_)).seen.text
    page = gus.send(path(id_, "number"))
    assert page.status == 403
    assert NUMBER not in page.seen.text


def test_where_numbers_are_shown_in_full_lists_show_them_too(house: House, gus: Visitor) -> None:
    id_ = promise(house, HOUR, agent="gus", called_no=NUMBER)
    rule(house, numbers="full")
    assert NUMBER in gus.look(TODAY).text
    assert NUMBER in gus.look(path(id_)).text


def test_agents_see_what_is_anothers_where_the_rules_say_so_and_change_none(
    house: House, gus: Visitor
) -> None:
    id_ = promise(house, HOUR, agent="hal", called_no=NUMBER)
    assert gus.look(path(id_)).status == 404
    rule(house, agents_see="vdn", numbers="full")
    page = gus.look(path(id_))
    assert page.status == 200
    assert NUMBER not in page.seen.text
    assert "<form" not in page.seen.text.partition("<main")[2]
    assert gus.send(path(id_, "cancel"), {"version": "1"}).status == 404
    assert gus.send(path(id_, "number")).status == 403


@pytest.mark.parametrize(
    ("call_data", "name"),
    [
        ('{"name": "王芳 <b>"}', "王芳 <b>"),
        ('{"name": 4711}', "4711"),
        ('{"name": ["Ann"]}', None),
        ('{"other": "Ann"}', None),
        ("no JSON", None),
        (None, None),
    ],
)
def test_the_customer_is_named_beside_the_number(
    house: House, gus: Visitor, call_data: str | None, name: str | None
) -> None:
    rule(house, customer_member="name")
    id_ = promise(house, HOUR, agent="gus", call_data=call_data)
    page = gus.look(path(id_))
    assert ("Customer" in page.text) is (name is not None)
    assert name is None or name in page.text
    assert name is None or name in gus.look(TODAY).text


def test_a_supervisor_asks_for_numbers_of_the_whole_vdn(house: House) -> None:
    chief = at_work(house, "chief", SUPERVISOR)
    id_ = promise(house, HOUR, agent="hal", called_no=NUMBER)
    assert NUMBER in chief.send(path(id_, "number")).text
