"""An empty text takes away what there was; null and absent leave it."""

from pathlib import Path

import pytest

from callkeeper.clock import HandClock
from tests.campaigns import NOW, Campaigning
from tests.house import VDN, House
from tests.test_cli import at_house, book, run

FILED = {
    "failCode": "00000",
    "callerNo": "1",
    "callId": "c-1",
    "busiResult": "10",
    "busiSubStatus": "11",
}


def test_an_empty_note_clears_and_an_absent_one_stays(any_house: House) -> None:
    id_ = any_house.reserve(remark="a note")
    for body, kept in (({}, "a note"), ({"remark": None}, "a note"), ({"remark": ""}, None)):
        answer = any_house.post("update", {"appointId": id_, **body}).json()
        assert answer["resultCode"] == "0200000"
        assert any_house.listed()[0]["remark"] == kept
    assert '"remark":""' in any_house.store.history.of(VDN, id_)[-1].detail


def test_the_shell_clears_a_note_and_a_call_id(house: House) -> None:
    id_ = book(house)
    at_house(house, "move", id_, "--remark", "a note")
    assert house.listed()[0]["remark"] == "a note"
    assert at_house(house, "move", id_, "--remark", "").status == 0
    assert house.listed()[0]["remark"] is None
    at_house(house, "result", id_, "--fail-code", "00000", "--call-id", "c-1")
    assert at_house(house, "result", id_, "--call-id", "").status == 0
    assert (house.listed()[0]["callId"], house.listed()[0]["failCode"]) == (None, "00000")
    told = run("why", id_, "--data-dir", str(house.settings.data_dir)).out
    assert "its note was cleared" in told
    assert "call id cleared" in told


@pytest.mark.parametrize("name", FILED)
def test_an_empty_text_takes_away_what_was_filed(house: House, name: str) -> None:
    id_ = house.reserve()
    house.post("updateResult", {"appointId": id_, **FILED})
    house.post("updateResult", {"appointId": id_, name: None})
    (row,) = house.listed()
    assert {each: row[each] for each in FILED} == FILED
    house.post("updateResult", {"appointId": id_, name: ""})
    (row,) = house.listed()
    # A sub-result belongs to its result.
    gone = {name, "busiSubStatus"} if name == "busiResult" else {name}
    assert {each for each in FILED if row[each] is None} == gone
    assert house.post("delete", {"appointId": id_}).json()["resultCode"] == "04000005"


def test_taking_away_what_is_not_there_tells_of_no_call(house: House) -> None:
    id_ = house.reserve()
    house.post("updateResult", {"appointId": id_, **dict.fromkeys(FILED, "")})
    assert house.post("delete", {"appointId": id_}).json()["resultCode"] == "0200000"


@pytest.mark.parametrize("version", [1, 2])
def test_a_campaign_loses_its_description_and_where_results_are_sent(
    tmp_path: Path, version: int
) -> None:
    with House(tmp_path, clock=HandClock(NOW)) as house:
        async_store = Campaigning(house, version)
        id_ = async_store.add(description="a note", callBackUrl="https://x")
        texts = ("description", "callBackUrl")
        for nothing, kept in ((None, ["a note", "https://x"]), ("", [None, None])):
            assert async_store.modifying(id_, description=nothing, callBackUrl=nothing) == "0200000"
            assert [async_store.one(id_)[name] for name in texts] == kept
        id_ = async_store.add(name="other", description="", callBackUrl="")
        assert [async_store.one(id_)[name] for name in texts] == [None, None]
