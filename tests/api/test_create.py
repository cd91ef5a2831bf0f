"""POST .../appoint/create, cec_07_0777."""

import json
from typing import Any

import pytest

from callkeeper import signing
from callkeeper.api.examples import PUBLISHED_CREATE as PUBLISHED
from tests.house import ABSENT, HOUR, House


def create(house: House, **fields: Any) -> dict[str, Any]:
    body = {name: value for name, value in (PUBLISHED | fields).items() if value is not ABSENT}
    response = house.post("create", body)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    assert answer["returnCode"] == answer["resultCode"]
    assert answer["returnDesc"] == answer["resultDesc"]
    return answer


def test_the_published_example_gets_an_answer_of_the_published_shape(shared_house: House) -> None:
    answer = create(shared_house)
    named = answer.pop("returnObject")
    assert answer == {
        "returnCode": "0200000",
        "resultCode": "0200000",
        "resultDesc": "success",
        "returnDesc": "success",
    }
    # Table 5 calls it appointId, the example id.
    assert named == {"appointId": named["id"], "id": named["appointId"]}
    assert len(named["appointId"]) == 30
    assert named["appointId"].isdecimal()


def test_a_created_reservation_is_listed_as_it_was_sent(any_house: House) -> None:
    data = '{"fullName":"Ann","date":"2025-06-02"}'
    sent = {"calledNo": "0*1#", "callData": data, "remark": "回访 A&B 🙂", "userAccount": "Zoë"}
    appoint_id = any_house.reserve(callType=2, **sent)
    (listed,) = any_house.listed()
    assert (listed["appointId"], listed["callType"]) == (appoint_id, "2")
    assert {name: listed[name] for name in sent} == sent


@pytest.mark.parametrize(
    "spelling",
    [
        {"callType": 1, "calledNo": 66660001, "taskId": 1106025109},
        {"callType": "2", "appointTime": "1748858400000"},
        {"userAccount": 12345, "remark": 0},
        {"callData": None, "remark": ""},
        {"workNo": "no digits at all", "state": "cancelled", "": {"deep": [1]}},
    ],
)
def test_another_spelling_of_the_same_is_taken(
    shared_house: House, spelling: dict[str, Any]
) -> None:
    assert create(shared_house, **spelling)["resultCode"] == "0200000"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=UTF-8",
        "application/json;charset=UTF-8",
        "application/json",
        "Application/JSON; Charset=utf-8",
        'application/json; charset="utf-8"',
    ],
)
def test_any_spelling_of_the_content_type_is_taken(house: House, content_type: str) -> None:
    body = PUBLISHED | {"appointTime": house.now() + HOUR}
    answer = house.post("create", body, headers={"content-type": content_type}).json()
    assert answer["resultCode"] == "0200000"


NOTHING: list[Any] = [ABSENT, None, "", []]
REFUSED: list[tuple[dict[str, Any], str]] = [
    *(
        ({name: nothing}, "02000001")
        for name in ("callType", "calledNo", "userAccount", "taskId", "appointTime")
        for nothing in NOTHING
    ),
    *(({"callType": wrong}, "0200001") for wrong in (0, 3, "one", True, 1.5, [1])),
    *(({"calledNo": wrong}, "0200001") for wrong in (True, 6666.5, ["6"], {"no": "6"})),
    *(({"appointTime": wrong}, "0200001") for wrong in ("soon", "1e12", True, 1.5, [1])),
    *(({"callData": wrong}, "0200001") for wrong in ("hello", "[1]", '"text"', "1", "{", {"a": 1})),
    *(({"remark": wrong}, "0200001") for wrong in (False, ["note"], {"a": 1})),
    ({"userAccount": "a" * 101}, "02000003"),
    ({"taskId": "1" * 33}, "02000003"),
    ({"callData": '{"a":"' + "x" * 1024 + '"}'}, "02000003"),
    ({"remark": "备" * 501}, "02000003"),
    ({"userAccount": "a\nb"}, "02000002"),
    ({"taskId": "1\t"}, "02000002"),
    ({"remark": "\x00"}, "02000002"),
    ({"remark": "\x9f"}, "02000002"),
    ({"appointTime": 1747309499999}, "04000001"),
    ({"appointTime": 0}, "04000001"),
    ({"appointTime": -1}, "04000001"),
    ({"appointTime": 946684799999}, "04000001"),
    ({"appointTime": 4102444800000}, "04000001"),
    ({"appointTime": 10**30}, "04000001"),
    ({"appointTime": 1748858400}, "04000001"),  # seconds, the likely slip
    ({"calledNo": "1" * 25}, "04000002"),
    ({"calledNo": "+49 66"}, "04000002"),
    ({"calledNo": "\uff16\uff16"}, "04000002"),  # digits, but not ours
    ({"calledNo": " "}, "04000002"),
    ({"calledNo": "6\n"}, "04000002"),
    ({"taskId": "1106025108"}, "0200007"),
    ({"taskId": "01106025109"}, "0200007"),
    ({"taskId": "9" * 32}, "0200007"),
    ({"taskId": "the best one"}, "0200007"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_a_wrong_field_gets_the_code_of_its_fault(
    shared_house: House, fields: dict[str, Any], code: str
) -> None:
    answer = create(shared_house, **fields)
    assert (answer["resultCode"], "returnObject" in answer) == (code, False)
    (name,) = fields
    assert answer["resultDesc"].startswith(f"{name}: ")


# Presence, type, length, characters, meaning, existence; each with one from every later rank.
ORDER: list[tuple[dict[str, Any], str]] = [
    ({"taskId": "", "callType": "x", "remark": "a" * 501, "userAccount": "\n"}, "02000001"),
    ({"callType": "x", "remark": "a" * 501, "userAccount": "\n", "calledNo": "x"}, "0200001"),
    ({"remark": "a" * 501, "userAccount": "\n", "calledNo": "x", "taskId": "0"}, "02000003"),
    ({"userAccount": "\n", "calledNo": "x", "appointTime": 1, "taskId": "0"}, "02000002"),
    ({"calledNo": "x", "appointTime": 1, "taskId": "0"}, "04000002"),
    ({"appointTime": 1747309499999, "taskId": "0"}, "04000001"),
    ({"callType": 3, "remark": "a" * 501}, "02000003"),
    ({"callData": "no JSON", "userAccount": "\n"}, "02000002"),
]


@pytest.mark.parametrize(("fields", "code"), ORDER)
def test_of_several_faults_the_first_in_the_order_of_checks_answers(
    shared_house: House, fields: dict[str, Any], code: str
) -> None:
    assert create(shared_house, **fields)["resultCode"] == code


def test_a_refused_create_leaves_nothing_behind(house: House) -> None:
    create(house, appointTime=1)
    assert house.listed() == []


def test_an_automatic_call_for_a_campaign_that_has_ended_is_refused(house: House) -> None:
    house.has_campaign(77, end_at=house.now() - 1)
    future = house.now() + HOUR
    automatic = create(house, taskId="77", callType=2, appointTime=future)
    manual = create(house, taskId="77", callType=1, appointTime=future)
    assert (automatic["resultCode"], manual["resultCode"]) == ("0200001", "0200000")


def test_the_same_signed_request_twice_is_one_reservation(any_house: House) -> None:
    body = PUBLISHED | {"appointTime": any_house.now() + HOUR}
    at = signing.timestamp(any_house.now())
    first, again = (any_house.post("create", body, at=at) for _ in range(2))
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(any_house.listed()) == 1


def test_the_same_request_signed_anew_is_another_reservation(house: House) -> None:
    body = PUBLISHED | {"appointTime": house.now() + HOUR}
    for later in (0, 1):
        house.post("create", body, at=signing.timestamp(house.now() + later))
    assert len(house.listed()) == 2


def test_an_idempotency_key_makes_two_requests_one(house: House) -> None:
    body = PUBLISHED | {"appointTime": house.now() + HOUR}
    keyed = {"idempotency-key": "order 17"}
    first = house.post("create", body, headers=keyed)
    again = house.post("create", json.dumps(body).encode(), headers=keyed)
    same = house.post("create", body, headers=keyed)
    other = house.post("create", body, headers={"idempotency-key": "order 18"})
    assert first.json() == same.json() != other.json()
    assert same.headers["idempotency-replayed"] == "true"
    assert again.json()["resultCode"] == "0200001"  # other bytes, so another body
    assert len(house.listed()) == 2


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
def test_an_idempotency_key_that_cannot_be_one_is_refused(shared_house: House, key: str) -> None:
    headers = {"idempotency-key": key}
    answer = shared_house.post("create", PUBLISHED, headers=headers).json()
    assert answer["resultCode"] == "02000002"
