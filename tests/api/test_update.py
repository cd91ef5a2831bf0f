"""POST .../appoint/update, cec_07_0778."""

from typing import Any

import pytest

from tests.house import HOUR, VDN, House

SLACK = 900_000  # what clocks may differ by
UPDATED = {
    "returnCode": "0200000",
    "resultCode": "0200000",
    "resultDesc": "update success",
    "returnDesc": "update success",
}


def update(house: House, appoint_id: Any, **fields: Any) -> dict[str, Any]:
    response = house.post("update", {"appointId": appoint_id, **fields})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    assert answer["returnCode"] == answer["resultCode"]
    return answer


def test_the_published_example_gets_the_published_answer(shared_house: House) -> None:
    # It names a workNo, which is ignored where agents have accounts.
    example = {"remark": "备注更新0516", "appointTime": 1749204000000, "workNo": "125"}
    assert update(shared_house, shared_house.reserve(), **example) == UPDATED


def test_a_field_that_is_sent_changes_and_the_rest_stays(any_house: House) -> None:
    appoint_id = any_house.reserve(remark="old")
    (old,) = any_house.listed()
    later = any_house.now() + 5 * HOUR
    update(any_house, appoint_id, userAccount="bert", appointTime=str(later))
    (new,) = any_house.listed()
    assert new == old | {"userAccount": "bert", "appointTime": later}


def test_a_field_that_cannot_be_changed_is_ignored(house: House) -> None:
    appoint_id = house.reserve()
    (old,) = house.listed()
    fixed = {"calledNo": "1", "taskId": "2", "callType": 2, "callData": "{}", "failCode": "00000"}
    assert update(house, appoint_id, remark="new", **fixed) == UPDATED
    assert house.listed() == [old | {"remark": "new"}]


def test_an_empty_field_is_as_good_as_an_absent_one(house: House) -> None:
    appoint_id = house.reserve(remark="old")
    before = house.listed()
    assert update(house, appoint_id, remark=None, userAccount="", appointTime="") == UPDATED
    assert house.listed() == before


def test_a_called_reservation_can_be_annotated_but_not_moved(house: House) -> None:
    appoint_id = house.reserve()
    house.post("updateResult", {"appointId": appoint_id, "failCode": "00000"})
    moved = update(house, appoint_id, appointTime=house.now() + 2 * HOUR)
    assert moved["resultCode"] == "0200001"
    assert update(house, appoint_id, remark="they were pleased") == UPDATED


def test_an_automatic_reservation_cannot_be_modified(house: House) -> None:
    answer = update(house, house.reserve(callType=2), remark="new")
    assert answer["resultCode"] == "0200001"
    assert "automatic" in answer["resultDesc"]


NOTHING: list[Any] = [None, "", []]
REFUSED: list[tuple[dict[str, Any], str]] = [
    *(({"appointId": nothing}, "02000001") for nothing in NOTHING),
    *(({"appointId": wrong}, "0200001") for wrong in (True, 1.5, ["1"], {"a": 1})),
    *(({"appointTime": wrong}, "0200001") for wrong in ("soon", True, 1.5, 1, 10**13, -(2**70))),
    *(({"userAccount": wrong}, "0200001") for wrong in (False, ["anna"])),
    ({"appointId": "1" * 65}, "02000003"),
    ({"userAccount": "a" * 101}, "02000003"),
    ({"remark": "a" * 501}, "02000003"),
    ({"appointId": "1 OR 1=1"}, "02000002"),
    ({"userAccount": "a\x7f"}, "02000002"),
    ({"remark": "a\x0bb"}, "02000002"),
    ({"appointId": "174729926098016859445364892091"}, "04000004"),
    ({"appointId": 174729926098016859445364892091}, "04000004"),
    # In order: presence, type, length, characters, meaning, existence.
    ({"appointId": "", "appointTime": "soon", "remark": "a" * 501}, "02000001"),
    ({"appointTime": "soon", "remark": "a" * 501, "userAccount": "\n"}, "0200001"),
    ({"remark": "a" * 501, "userAccount": "\n"}, "02000003"),
    ({"userAccount": "\n", "appointTime": 1}, "02000002"),
    ({"appointTime": 1747309499999, "appointId": "1"}, "0200001"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_a_fault_gets_its_code(shared_house: House, fields: dict[str, Any], code: str) -> None:
    fields = {"appointId": shared_house.reserve(), **fields}
    assert update(shared_house, **_unpacked(fields))["resultCode"] == code


def test_a_time_in_the_past_is_a_wrong_parameter_here(shared_house: House) -> None:
    # cec_07_0778 documents no code of its own for it.
    appoint_id = shared_house.reserve()
    answer = update(shared_house, appoint_id, appointTime=shared_house.now() - SLACK - 1)
    assert answer["resultCode"] == "0200001"
    assert answer["resultDesc"].startswith("appointTime: 2025-05-15 11:44:59 UTC has passed")


def test_the_reservation_of_another_vdn_does_not_exist(house: House) -> None:
    other = house.issue(VDN + 1)
    body = {"appointId": house.reserve(), "remark": "mine"}
    answer = house.post("update", body, vdn=VDN + 1, key=other).json()
    assert answer["resultCode"] == "04000004"
    assert house.listed()[0]["remark"] is None


def _unpacked(fields: dict[str, Any]) -> dict[str, Any]:
    return {"appoint_id" if name == "appointId" else name: fields[name] for name in fields}
