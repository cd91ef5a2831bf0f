"""POST .../appoint/delete, cec_07_0780."""

from typing import Any

import msgspec
import pytest

from tests.house import VDN, House

DELETED = {
    "returnCode": "0200000",
    "resultCode": "0200000",
    "resultDesc": "success",
    "returnDesc": "success",
}


def delete(house: House, appoint_id: Any) -> dict[str, Any]:
    response = house.post("delete", {"appointId": appoint_id})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("call_type", [1, 2])
def test_a_deleted_reservation_is_gone(any_house: House, call_type: int) -> None:
    appoint_id = any_house.reserve(callType=call_type)
    assert delete(any_house, appoint_id) == DELETED
    assert any_house.listed() == []
    for name in ("delete", "update", "updateResult"):
        answer = any_house.post(name, {"appointId": appoint_id, "userAccount": "anna"}).json()
        assert answer["resultCode"] == "04000004"


def test_a_reservation_whose_call_was_made_cannot_be_deleted(any_house: House) -> None:
    appoint_id = any_house.reserve()
    any_house.post("updateResult", {"appointId": appoint_id, "failCode": "00603"})
    assert delete(any_house, appoint_id)["resultCode"] == "04000005"
    assert len(any_house.listed()) == 1


@pytest.mark.parametrize(
    ("appoint_id", "code"),
    [
        (None, "02000001"),
        ("", "02000001"),
        (True, "0200001"),
        (["1"], "0200001"),
        ("1" * 65, "0200001"),  # cec_07_0780 documents neither 02000003
        ("1'; DROP TABLE reservation; --", "0200001"),  # nor 02000002
        ("174730004495053249845286302552", "04000004"),
        (174730004495053249845286302552, "04000004"),
    ],
)
def test_a_fault_gets_its_code(shared_house: House, appoint_id: Any, code: str) -> None:
    assert delete(shared_house, appoint_id)["resultCode"] == code


def test_the_reservation_of_another_vdn_does_not_exist(house: House) -> None:
    other = house.issue(VDN + 1)
    body = {"appointId": house.reserve()}
    answer = house.post("delete", body, vdn=VDN + 1, key=other).json()
    assert answer["resultCode"] == "04000004"
    assert len(house.listed()) == 1


def test_a_reservation_that_is_being_called_cannot_be_deleted(any_house: House) -> None:
    appoint_id = any_house.reserve(callType=2)
    (waiting,) = any_house.store.reservations.with_id(appoint_id)
    calling = msgspec.structs.replace(waiting, state="calling", due_at=None)
    with any_house.session.transaction():
        any_house.session.each("update_reservations", [calling])
    assert delete(any_house, appoint_id)["resultCode"] == "04000005"
    filed = {"appointId": appoint_id, "failCode": "00537", "busiResult": "17549503"}
    assert any_house.post("updateResult", filed).json()["resultCode"] == "0200000"
    (listed,) = any_house.listed()
    assert (listed["failCode"], listed["busiResult"]) == (None, "17549503")
