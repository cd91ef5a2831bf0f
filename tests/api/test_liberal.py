"""What clients write in ways of their own is taken as they mean it, or told as what it is."""

import json
from typing import Any

import pytest

from callkeeper.core.characters import BLANKS
from tests.house import HOUR, TASK, House

OBJECT = {
    "fullName": 'Ann "the boss" 安',
    "path": "C:\\new",
    "lines": "a\nb",
    "n": [1, {"x": None}],
}


def sent(house: House, name: str, raw: str) -> dict[str, Any]:
    """Send a body as it is written, with the house's words in the place of ours."""
    for word, value in (("TASK", TASK), ("SOON", str(house.now() + HOUR))):
        raw = raw.replace(word, value)
    answer: dict[str, Any] = house.post(name, raw.encode()).json()
    return answer


def create(house: House, **fields: Any) -> dict[str, Any]:
    body = {"callType": 1, "calledNo": "1", "userAccount": "anna", "taskId": TASK}
    answer: dict[str, Any] = house.post(
        "create", body | {"appointTime": house.now() + HOUR} | fields
    ).json()
    return answer


def made(house: House, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the row of what a create made."""
    assert answer["resultCode"] == "0200000", answer
    id_ = answer["returnObject"]["appointId"]
    (row,) = [each for each in house.listed() if each["appointId"] == id_]
    return row


@pytest.mark.parametrize("kind", ["1", "1.0", "1e0", "10e-1", '"1"', '"1.0"', "1.000"])
def test_a_whole_number_is_one_however_it_is_written(house: House, kind: str) -> None:
    body = (
        f'{{"callType":{kind},"calledNo":66660001.0,"userAccount":"anna","taskId":TASK.0,'
        '"appointTime":SOON.000}'
    )
    row = made(house, sent(house, "create", body))
    assert (row["callType"], row["calledNo"], row["taskId"]) == ("1", "66660001", TASK)
    found = sent(house, "list", '{"offset":0.0,"limit":1e1,"endTime":SOON.0}')
    assert found["totalCount"] == 1


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("1.5", "a number with a fraction"),
        ("1e300", "a number too large to be exact"),
        ("9007199254740994.0", "a number too large to be exact"),
        ('"1.5"', "a String"),
        ('"1e3"', "a String"),
        ("true", "a Boolean"),
    ],
)
def test_a_value_that_is_no_whole_number_is_told_as_what_it_is(
    shared_house: House, number: str, why: str
) -> None:
    answer = sent(shared_house, "list", f'{{"offset":{number},"limit":10}}')
    assert (answer["resultCode"], answer["resultDesc"]) == (
        "0200001",
        f"offset: must be an Integer, not {why}",
    )


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("1748858400", "looks like seconds; a TimeStamp is in milliseconds, send 1748858400000"),
        ('"1748858400"', "1748858400 looks like seconds"),
        ("1748858400.0", "1748858400 looks like seconds"),
        ("1748858400123456", "looks like microseconds"),
        ("1748858400123456789", "looks like nanoseconds"),
        ("5", "5 is no time in 2000 to 2099 as UTC milliseconds"),
    ],
)
@pytest.mark.parametrize(
    ("name", "field", "code"),
    [
        ("create", "appointTime", "04000001"),
        ("update", "appointTime", "0200001"),
        ("updateResult", "beginTime", "0200001"),
        ("list", "endTime", "0200001"),
    ],
)
def test_a_time_in_another_unit_is_told_by_its_name(
    shared_house: House, name: str, field: str, code: str, time: str, why: str
) -> None:
    mandatory = {
        "create": '"callType":1,"calledNo":"1","userAccount":"anna","taskId":"TASK"',
        "list": '"offset":0,"limit":1',
    }.get(name, '"appointId":"1"')
    answer = sent(shared_house, name, f'{{{mandatory},"{field}":{time}}}')
    assert answer["resultCode"] == code
    assert answer["resultDesc"].startswith(f"{field}: ")
    assert why in answer["resultDesc"]


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("0", "00000"),
        (0, "00000"),
        (0.0, "00000"),
        ("000", "00000"),
        ("0000000", "00000"),
        ("537", "00537"),
        (1040.0, "01040"),
        ("34606", "34606"),
        ("000603", "000603"),
        ("E1", "E1"),
    ],
)
def test_a_result_code_gets_its_leading_zeros_back(house: House, code: object, kept: str) -> None:
    id_ = house.reserve()
    assert house.post("updateResult", {"appointId": id_, "failCode": code}).json()[
        "resultCode"
    ] == ("0200000")
    assert house.listed()[0]["failCode"] == kept


@pytest.mark.parametrize(
    ("number", "kept"), [("+4930123456", "4930123456"), ("+*86#", "*86#"), (4930, "4930")]
)
def test_a_leading_plus_of_a_calling_number_is_taken_and_its_digits_kept(
    house: House, number: object, kept: str
) -> None:
    body = {"appointId": house.reserve(), "failCode": "00000", "callerNo": number}
    assert house.post("updateResult", body).json()["resultCode"] == "0200000"
    assert house.listed()[0]["callerNo"] == kept


@pytest.mark.parametrize("number", ["anonymous", "+", "++49", "49+30", "+49 30", "+49-30", "+x"])
def test_a_calling_number_that_is_none_is_better_left_out(house: House, number: str) -> None:
    answer = house.post("updateResult", {"appointId": house.reserve(), "callerNo": number}).json()
    assert answer["resultCode"] == "02000002"
    assert answer["resultDesc"].endswith("; leave the field out when there is no number")


@pytest.mark.parametrize(("name", "code"), [("create", "04000002"), ("list", "0200001")])
def test_only_the_operator_knows_how_his_trunk_dials_abroad(
    shared_house: House, name: str, code: str
) -> None:
    body: dict[str, Any] = {"offset": 0, "limit": 1, "appointTime": 1_800_000_000_000}
    body |= {"callType": 1, "userAccount": "anna", "taskId": TASK}
    answer = shared_house.post(name, body | {"calledNo": "+4930123456"}).json()
    assert answer["resultCode"] == code
    assert "'+' at position 1" in answer["resultDesc"]
    assert "only the operator of the server knows which one his trunk takes" in answer["resultDesc"]
    told = shared_house.post(name, body | {"calledNo": "49-30"}).json()["resultDesc"]
    assert "operator" not in told


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\ufeff", " \u2003\u200b"], ids=ascii)
def test_blanks_around_an_agent_are_not_part_of_the_name(house: House, blank: str) -> None:
    row = made(house, create(house, userAccount=f"{blank}anna b{blank}"))
    assert row["userAccount"] == "anna b"
    assert len(house.listed(userAccountList=["anna b"])) == 1
    assert len(house.listed(userAccountList=[f"anna b{blank}"])) == 1
    id_ = row["appointId"]
    for name in ("update", "updateResult"):
        house.post(name, {"appointId": id_, "userAccount": f"{blank}{name}{blank}"})
        assert house.listed()[0]["userAccount"] == name
        house.post(name, {"appointId": id_, "userAccount": blank})
        assert house.listed()[0]["userAccount"] == name


def test_an_agent_of_nothing_but_blanks_is_missing(house: House) -> None:
    answer = create(house, userAccount=BLANKS)
    assert answer["resultCode"] == "02000001"
    assert answer["resultDesc"] == "userAccount: holds nothing but blanks, send a value"


@pytest.mark.parametrize("nobody", [[""], ["", " "], ["\u3000"], [None], [None, ""]])
def test_empty_elements_do_not_filter(house: House, nobody: list[str | None]) -> None:
    house.reserve(userAccount="anna")
    house.reserve(userAccount="bert")
    assert len(house.listed(userAccountList=nobody)) == 2
    assert [row["userAccount"] for row in house.listed(userAccountList=[*nobody, "bert"])] == [
        "bert"
    ]


PRETTY = json.dumps(OBJECT, indent=2, ensure_ascii=False)
FLAT = json.dumps(OBJECT, ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        PRETTY,
        PRETTY.replace("\n", "\r\n").replace("  ", "\t"),
        json.dumps(PRETTY)[1:-1],
        json.dumps(FLAT, ensure_ascii=False)[1:-1],
        json.dumps(FLAT),
        json.dumps(PRETTY, ensure_ascii=False)[1:-1].replace(", ", ",\n "),
    ],
    ids=["lines", "CR LF and tabs", "escaped", "escaped flat", "a String", "escaped, in lines"],
)
def test_call_data_is_taken_as_the_object_it_means(house: House, text: str) -> None:
    kept = made(house, create(house, callType=2, callData=text))["callData"]
    assert json.loads(kept) == OBJECT


def test_call_data_goes_out_as_it_came_when_it_is_json_as_it_is(house: House) -> None:
    for text in (PRETTY, ' {"a": "\\"x\\""} '):
        assert made(house, create(house, callType=2, callData=text))["callData"] == text


def test_the_published_call_data_is_taken_with_and_without_its_further_level(house: House) -> None:
    for printed in (
        r'"{\"fullName\":\"...\",\"date\":\"...\",\"riskName\":\"...\"}"',
        r'"{\\\"fullName\\\":\\\"...\\\",\\\"date\\\":\\\"...\\\",\\\"riskName\\\":\\\"...\\\"}"',
    ):
        body = (
            '{"callType":2,"calledNo":"1","userAccount":"anna","taskId":"TASK","appointTime":SOON,'
            f'"callData":{printed}}}'
        )
        kept = made(house, sent(house, "create", body))["callData"]
        assert kept == '{"fullName":"...","date":"...","riskName":"..."}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{'a':1}", "is no JSON: names and Strings stand in double quotes"),
        ('{"a":1,}', "the comma before } at position 8 is one too many"),
        ('{"a":NaN}', "NaN is no value there"),
        ('{"a":1', "it ends in the middle, after 6 characters"),
        (" ", "is no JSON: it holds nothing but blanks"),
        ("\ufeff\r\n", "is no JSON: it holds nothing but blanks"),
        ('{"a":1,"a":2}', "names 'a' more than once"),
        ("[1]", "must hold a JSON object, not an Array"),
        ('"text"', "must hold a JSON object, not a String"),
        (r"[\"a\"]", "is no JSON"),
    ],
)
def test_call_data_that_is_no_object_is_refused_in_plain_words(
    shared_house: House, text: str, why: str
) -> None:
    answer = create(shared_house, callData=text, appointTime=1_800_000_000_000)
    assert answer["resultCode"] == "0200001"
    assert answer["resultDesc"].startswith("callData: ")
    assert why in answer["resultDesc"]


def test_call_data_may_hold_1024_characters_once_it_is_unescaped(house: House) -> None:
    text = json.dumps({"a": "b" * 1016})
    assert len(text) == 1025
    assert create(house, callData=text)["resultCode"] == "02000003"
    assert create(house, callData=json.dumps(text))["resultCode"] == "02000003"
    text = text.replace(": ", ":")
    assert made(house, create(house, callData=json.dumps(text)))["callData"] == text


@pytest.mark.parametrize("ago", [1, 60_000, 900_000])
def test_a_time_that_has_just_passed_is_now(house: House, ago: int) -> None:
    now = house.now()
    row = made(house, create(house, callType=2, appointTime=now - ago + 5_000))
    (found,) = house.store.reservations.with_id(row["appointId"])
    assert found.due_at == found.made_at >= now
    id_ = house.reserve()
    moved = {"appointId": id_, "appointTime": house.now() - ago + 5_000}
    assert house.post("update", moved).json()["resultCode"] == "0200000"
