"""Business results: added and retired by administrators, and what agents are then offered."""

import re

import pytest

from callkeeper.core.campaigns.business_result import BusinessResult
from tests.console.visitor import ADMINISTRATOR, Visitor, at_work, unlike_any
from tests.house import VDN, House

RESULTS = f"/console/{VDN}/results"


@pytest.fixture(scope="module")
def keeper(house: House) -> Visitor:
    return at_work(house, "keeper", ADMINISTRATOR)


def defined(house: House) -> dict[str, BusinessResult]:
    """Return what is defined, by code, or by parent and code."""
    results = house.store.business_results.find(VDN, 0, 200).results
    every = [each for top, below in results for each in (top, *below)]
    return {"/".join(filter(None, (each.parent, each.code))): each for each in every}


def added(keeper: Visitor, code: str, below: str = "", **fields: str) -> str:
    """Add a result of a code, and return where it is."""
    form = {"name": f"name of {code}", "code": code, "description": "", "below": below} | fields
    page = keeper.send(RESULTS, form)
    assert page.status == 303, page.text
    return f"{below}/{code}" if below else code


def offered(house: House, agent: Visitor) -> list[str]:
    """Return what an agent may choose of a call."""
    page = agent.look(f"/console/{VDN}/reservations/{house.reserve(userAccount='ann')}")
    return [each for each in re.findall('name="business" value="([^"]*)"', page.seen.text) if each]


def deeds(house: House, place: str) -> list[tuple[str, str]]:
    return [
        (each.by_whom, each.what)
        for each in reversed(house.store.deeds.latest(500))
        if each.subject == f"result {place}"
    ]


def test_what_is_added_is_offered_in_order_and_is_a_deed(
    house: House, agent: Visitor, keeper: Visitor
) -> None:
    top, sub, later = unlike_any(), unlike_any(), unlike_any()
    added(keeper, top, description="a sale, 王芳")
    places = [top, added(keeper, sub, below=top), added(keeper, later, below=top)]
    assert offered(house, agent)[-3:] == places
    assert defined(house)[top].description == "a sale, 王芳"
    assert [defined(house)[each].place for each in places] == [0, 0, 1]
    for each in places:
        assert deeds(house, each) == [("person keeper", "result_defined")]
    assert (
        f"business result added business result {top}" in keeper.look(f"/console/{VDN}/deeds").text
    )


def test_one_without_a_code_is_given_one(house: House, keeper: Visitor) -> None:
    before = set(defined(house))
    added(keeper, "", name="No code")
    (new,) = set(defined(house)) - before
    assert defined(house)[new].name == "No code"


def test_a_retired_one_is_offered_no_more_and_kept_where_it_was_filed(
    house: House, agent: Visitor, keeper: Visitor
) -> None:
    top, sub = unlike_any(), unlike_any()
    added(keeper, top)
    place = added(keeper, sub, below=top)
    id_ = house.reserve(userAccount="ann")
    filed = {"appointId": id_, "failCode": "00000", "busiResult": top, "busiSubStatus": sub}
    assert house.post("updateResult", filed).json()["resultCode"] == "0200000"
    page = f"/console/{VDN}/reservations/{id_}"
    assert keeper.send(f"{RESULTS}/retire", {"result": place}).status == 303
    assert [each for each in offered(house, agent) if top in each] == [top]
    assert f"name of {top}: name of {sub}" in agent.look(page).text, agent.seen.text
    assert keeper.send(f"{RESULTS}/retire", {"result": top}).status == 303
    assert not [each for each in offered(house, agent) if top in each]
    version = agent.look(page).hidden("version")
    kept = re.search('name="business" value="([^"]*)"[^>]* checked', agent.seen.text)
    assert kept
    form = {"version": version, "form": agent.hidden("form"), "end": "00000"}
    form["business"] = kept[1]
    assert agent.send(f"{page}/result", form).status == 303, agent.text
    (listed,) = (each for each in house.listed() if each["appointId"] == id_)
    assert (listed["busiResult"], listed["busiSubStatus"]) == (top, sub)
    assert "retired: kept where it was filed" in keeper.look(RESULTS).text
    # Programs go on as they did.
    assert house.post("updateResult", filed).json()["resultCode"] == "0200000"


def test_a_retired_one_is_offered_again(house: House, agent: Visitor, keeper: Visitor) -> None:
    code = added(keeper, unlike_any())
    for act in ("retire", "retire", "offer", "offer"):
        assert keeper.send(f"{RESULTS}/{act}", {"result": code}).status == 303
    assert code in offered(house, agent)
    assert [what for _, what in deeds(house, code)] == [
        "result_defined",
        "result_retired",
        "result_offered",
    ]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": ""}, "the name is empty"),
        ({"name": "x" * 51}, "at most 50 fit"),
        ({"name": "a;b"}, "is not allowed"),
        ({"name": "a\x00b"}, "is not allowed"),
        ({"name": "taken"}, "is defined already"),
        ({"code": "taken"}, "is defined already"),
        ({"code": "a b"}, "is not allowed"),
        ({"code": "x" * 51}, "at most 50 fit"),
        ({"description": "x" * 201}, "at most 200 fit"),
        ({"below": "nothing"}, "no such business result"),
        ({"below": "taken", "code": "below"}, "is defined already among the sub-results"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_what_was_typed(
    house: House, keeper: Visitor, form: dict[str, str], says: str
) -> None:
    if "taken" not in defined(house):
        added(keeper, "taken", name="taken")
        added(keeper, "below", below="taken")
    before = defined(house)
    wanted = {"name": unlike_any(), "code": unlike_any(), "description": "", "below": ""} | form
    refused = keeper.send(RESULTS, wanted)
    assert (refused.status, says in refused.text) == (422, True), refused.text
    assert refused.seen.text.count("autofocus") == 1
    if "\x00" not in str(form):
        assert f'value="{wanted["name"]}"' in refused.seen.text
    assert defined(house) == before


@pytest.mark.parametrize("result", ["", "nothing", "taken/nothing", "/", "\x00", "x" * 500])
def test_what_is_no_result_is_not_retired(house: House, keeper: Visitor, result: str) -> None:
    before = defined(house)
    refused = keeper.send(f"{RESULTS}/retire", {"result": result})
    assert (refused.status, "no such business result" in refused.text) == (422, True)
    assert defined(house) == before
