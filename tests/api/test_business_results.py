"""Defining and querying business results, cec_07_0732 and cec_07_0733."""

from typing import Any

import pytest

from callkeeper.api.examples import PUBLISHED_BUSINESS_RESULT as PUBLISHED
from tests.campaigns import Campaigning
from tests.house import ABSENT, VDN, House
from tests.store.test_campaigns import definition


def define(house: House, body: Any, **fields: Any) -> str:
    changed = {name: value for name, value in (body | fields).items() if value is not ABSENT}
    return Campaigning(house).code("POST", "/addBusinessResult", changed)


def query(house: House, text: str = "pageSize=50&pageNum=1", **how: Any) -> dict[str, Any]:
    async_store = Campaigning(house, **how)
    answer: dict[str, Any] = async_store.send("GET", "/queryBusinessResults", query=text).json()
    return answer


def test_the_published_example_gets_the_published_answer_and_is_found(any_house: House) -> None:
    answer = Campaigning(any_house).send("POST", "/addBusinessResult", PUBLISHED)
    sentence = "addBusinessResult success"
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "resultCode": "0200000",
            "resultDesc": sentence,
            "returnCode": "0200000",
            "returnDesc": sentence,
        },
    )
    found = query(any_house)
    assert (found["resultCode"], found["totalCount"]) == ("0200000", 1)
    assert found["data"] == [
        {
            "name": "呼叫失败",
            "code": "123456",
            "defLevel": "1",
            "children": [
                {"name": "客户直接挂断", "code": "100001", "defLevel": "2"},
                {"name": "客户关机", "code": "100002", "defLevel": "2"},
            ],
        }
    ]


def test_a_result_is_filed_only_once_it_is_defined(any_house: House) -> None:
    appoint_id = any_house.reserve()
    filed = {"appointId": appoint_id, "busiResult": "123456", "busiSubStatus": "100002"}
    assert define(any_house, PUBLISHED, code="other") == "0200000"
    assert any_house.post("updateResult", filed).json()["resultCode"] == "0200001"
    assert define(any_house, PUBLISHED, name="second") == "0200000"
    assert any_house.post("updateResult", filed).json()["resultCode"] == "0200000"


def test_a_vdn_has_a_thousand_results_at_the_most(any_house: House) -> None:
    known = [definition(f"r{number}", f"r{number}", vdn=VDN) for number in range(999)]
    with any_house.store.transaction():
        any_house.store.business_results.define(known)
    assert define(any_house, PUBLISHED) == "0200000"
    refused = Campaigning(any_house).send("POST", "/addBusinessResult", {"name": "one more"}).json()
    assert refused["resultCode"] == "02000011"
    assert "1000" in refused["resultDesc"]
    assert query(any_house)["totalCount"] == 1_000


def test_without_a_code_one_is_made_up(house: House) -> None:
    body = {"name": "a", "children": [{"name": "b"}, {"name": "c", "code": None}]}
    assert define(house, body) == "0200000"
    (found,) = query(house)["data"]
    codes = [found["code"], *(child["code"] for child in found["children"])]
    assert len(set(codes)) == 3
    assert all(code.isdecimal() and len(code) == 8 for code in codes)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "0200001"),
        ({"name": "another"}, "0200001"),
        ({"code": "another"}, "0200001"),
        ({"name": "another", "code": "another"}, "0200000"),
        ({"name": "another", "code": "100001"}, "0200000"),
    ],
    ids=str,
)
def test_a_code_or_name_is_defined_once(
    any_house: House, fields: dict[str, Any], code: str
) -> None:
    assert define(any_house, PUBLISHED) == "0200000"
    assert define(any_house, PUBLISHED, **fields) == code
    assert query(any_house)["totalCount"] == (2 if code == "0200000" else 1)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": ABSENT}, "02000001"),
        ({"children": [{"code": "1"}]}, "02000001"),
        ({"name": {}}, "02000006"),
        ({"children": {"name": "a"}}, "02000006"),
        ({"children": ["a"]}, "02000006"),
        ({"name": "n" * 51}, "02000003"),
        ({"code": "1" * 51}, "02000003"),
        ({"description": "d" * 201}, "02000003"),
        ({"name": "a;b"}, "02000002"),
        ({"code": "a_b"}, "02000002"),
        ({"description": "<"}, "02000002"),
        ({"children": [{"name": "a", "code": "ä"}]}, "02000002"),
        ({"children": [{"name": str(n)} for n in range(101)]}, "02000011"),
        ({"children": [{"name": "a"}, {"name": "a"}]}, "0200001"),
        ({"children": [{"name": "a", "code": "1"}, {"name": "b", "code": "1"}]}, "0200001"),
    ],
    ids=range(15),
)
def test_defining_refuses(house: House, fields: dict[str, Any], code: str) -> None:
    assert define(house, PUBLISHED, **fields) == code
    assert query(house)["totalCount"] == 0


def test_results_are_paged_oldest_first_and_kept_apart_by_vdn(any_house: House) -> None:
    any_house.key = any_house.issue(None)
    for number in range(5):
        body = {"name": f"r{number}", "code": f"{number}", "children": [{"name": "c"}]}
        assert define(any_house, body) == "0200000"
    pages = [query(any_house, f"pageSize=2&pageNum={page}") for page in (1, 2, 3, 4)]
    names = [[result["name"] for result in page["data"]] for page in pages]
    assert names == [["r0", "r1"], ["r2", "r3"], ["r4"], []]
    assert [page["totalCount"] for page in pages] == [5, 5, 5, 5]
    assert all(len(result["children"]) == 1 for page in pages for result in page["data"])
    assert query(any_house, vdn=7)["totalCount"] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pageNum=1", "02000001"),
        ("pageSize=1", "02000001"),
        ("pageSize=&pageNum=1", "02000001"),
        ("pageSize=x&pageNum=1", "02000006"),
        ("pageSize=0&pageNum=1", "02000007"),
        ("pageSize=51&pageNum=1", "02000007"),
        ("pageSize=1&pageNum=0", "02000007"),
        ("pageSize=1&pageNum=9999999999999", "02000007"),
    ],
)
def test_querying_refuses(house: House, text: str, code: str) -> None:
    assert query(house, text)["resultCode"] == code
