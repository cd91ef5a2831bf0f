"""POST .../appoint/updateResult, cec_07_0779."""

from typing import Any

import pytest

from callkeeper.api.examples import PUBLISHED_RESULT
from tests.house import VDN, House

# The published example, but for the id, which must be of a reservation that exists.
PUBLISHED = {name: value for name, value in PUBLISHED_RESULT.items() if name != "appointId"}
UPDATED = {
    "returnCode": "0200000",
    "resultCode": "0200000",
    "resultDesc": "update success",
    "returnDesc": "update success",
}


def test_the_published_example_gets_the_published_answer(any_house: House) -> None:
    appoint_id = any_house.reserve()
    answer = any_house.post("updateResult", {"appointId": appoint_id, **PUBLISHED})
    assert (answer.status_code, answer.json()) == (200, UPDATED)
    (listed,) = any_house.listed()
    assert {name: listed[name] for name in PUBLISHED} == PUBLISHED


def test_a_reservation_that_does_not_exist_is_refused(any_house: House) -> None:
    answer = any_house.post("updateResult", {"appointId": "174738152455111432454674595509"})
    assert answer.json()["resultCode"] == "04000004"


def test_a_second_result_overwrites_the_first_and_both_are_in_the_history(house: House) -> None:
    appoint_id = house.reserve()
    house.post("updateResult", {"appointId": appoint_id, "failCode": "00603", "callId": "a-1"})
    house.post("updateResult", {"appointId": appoint_id, "failCode": "00000"})
    (listed,) = house.listed()
    assert (listed["failCode"], listed["callId"]) == ("00000", "a-1")
    events = house.store.history.of(VDN, appoint_id)
    assert [event.what for event in events] == ["reserved", "result", "result"]
    assert ["00603" in event.detail for event in events] == [False, True, False]


NOTHING: list[Any] = [None, "", []]
REFUSED: list[tuple[dict[str, Any], str]] = [
    *(({"appointId": nothing}, "02000001") for nothing in NOTHING),
    *(({"appointId": wrong}, "0200001") for wrong in (True, 1.5, ["1"])),
    *(({name: True}, "0200001") for name in (*PUBLISHED, "callerNo", "userAccount")),
    *(({name: {}}, "0200001") for name in (*PUBLISHED, "callerNo", "userAccount")),
    ({"beginTime": 1747220297}, "0200001"),
    ({"endTime": 10**30}, "0200001"),
    ({"beginTime": 1747220297000, "endTime": 1747220296999}, "0200001"),
    ({"appointId": "1" * 65}, "02000003"),
    ({"userAccount": "a" * 101}, "02000003"),
    ({"callerNo": "1" * 25}, "02000003"),
    ({"failCode": "1" * 11}, "02000003"),
    ({"callId": "1" * 65}, "02000003"),
    ({"busiResult": "1" * 51}, "02000003"),
    ({"busiSubStatus": "1" * 51}, "02000003"),
    ({"appointId": "a.b"}, "02000002"),
    ({"userAccount": "a\nb"}, "02000002"),
    ({"callerNo": "49+"}, "02000002"),
    ({"failCode": "00-00"}, "02000002"),
    ({"callId": "1 2"}, "02000002"),
    ({"callId": "é"}, "02000002"),
    ({"busiResult": "a b"}, "02000002"),
    ({"busiSubStatus": "'"}, "02000002"),
    ({"appointId": "174738152455111432454674595509"}, "04000004"),
    # In order: presence, type, length, characters, meaning, existence.
    ({"appointId": "", "failCode": True, "callId": "1" * 65}, "02000001"),
    ({"failCode": True, "callId": "1" * 65, "callerNo": "+"}, "0200001"),
    ({"callId": "1" * 65, "callerNo": "+"}, "02000003"),
    ({"callerNo": "+", "beginTime": 1}, "02000002"),
    ({"beginTime": 1, "appointId": "1"}, "0200001"),
    ({"beginTime": 1747220297000, "endTime": 1747220296999, "appointId": "1"}, "0200001"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_a_fault_gets_its_code_and_changes_nothing(
    shared_house: House, fields: dict[str, Any], code: str
) -> None:
    appoint_id = shared_house.reserve()
    response = shared_house.post("updateResult", {"appointId": appoint_id, **fields})
    assert (response.status_code, response.json()["resultCode"]) == (200, code)
    assert [event.what for event in shared_house.store.history.of(VDN, appoint_id)] == ["reserved"]


def test_numbers_may_come_where_texts_are_due(house: House) -> None:
    appoint_id = house.reserve()
    body = {"appointId": int(appoint_id), "failCode": 603, "busiResult": 17549503, "callerNo": 1}
    assert house.post("updateResult", body).json() == UPDATED
    (listed,) = house.listed()
    assert (listed["failCode"], listed["busiResult"], listed["callerNo"]) == (
        "00603",
        "17549503",
        "1",
    )


def test_a_result_closes_an_automatic_reservation_too(house: House) -> None:
    appoint_id = house.reserve(callType=2)
    assert house.post("updateResult", {"appointId": appoint_id, "failCode": "0"}).json() == UPDATED
    assert house.post("delete", {"appointId": appoint_id}).json()["resultCode"] == "04000005"


@pytest.mark.parametrize("call_type", [1, 2])
@pytest.mark.parametrize("nothing", [{}, {"failCode": "", "callId": None, "mine": "x"}])
def test_a_result_that_tells_of_no_call_leaves_the_reservation_open(
    house: House, call_type: int, nothing: dict[str, Any]
) -> None:
    appoint_id = house.reserve(callType=call_type, userAccount="anna")
    body = {"appointId": appoint_id, **nothing}
    assert house.post("updateResult", body).json() == UPDATED
    assert house.post("updateResult", body | {"userAccount": "bert"}).json() == UPDATED
    (listed,) = house.listed()
    assert (listed["userAccount"], listed["failCode"]) == ("bert", None)
    assert house.post("delete", {"appointId": appoint_id}).json()["resultCode"] == "0200000"


def test_the_agent_stays_when_none_is_sent(house: House) -> None:
    appoint_id = house.reserve(userAccount="anna")
    house.post("updateResult", {"appointId": appoint_id, "failCode": "00000"})
    assert house.listed()[0]["userAccount"] == "anna"
    house.post("updateResult", {"appointId": appoint_id, "userAccount": "bert"})
    assert house.listed()[0]["userAccount"] == "bert"


def test_the_reservation_of_another_vdn_does_not_exist(house: House) -> None:
    other = house.issue(VDN + 1)
    body = {"appointId": house.reserve(), "failCode": "00000"}
    answer = house.post("updateResult", body, vdn=VDN + 1, key=other).json()
    assert answer["resultCode"] == "04000004"


def test_a_fail_code_that_was_sent_as_a_number_gets_its_zeros_back(house: House) -> None:
    appoint_id = house.reserve()
    house.post("updateResult", {"appointId": appoint_id, "failCode": 0})
    assert house.listed()[0]["failCode"] == "00000"
