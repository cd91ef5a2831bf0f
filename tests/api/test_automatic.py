"""Automatic reservations over the wire, beside a dialer that rehearses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House
from tests.waiting import until

MINUTE = 60_000
ANSWERED, BUSY, RINGS = "66660001", "66660002", "66660003"


@pytest.fixture
def dialing(tmp_path: Path, database: str | None) -> Iterator[House]:
    """A server that dials over a line that rings nobody, on each engine in turn."""
    with House(tmp_path / "data", database=database, line="rehearsal") as house:
        yield house


def automatic(house: House, called_no: str, in_ms: int = MINUTE) -> str:
    """Reserve an automatic call; one for sooner than five minutes from now is due at once."""
    return house.reserve(callType=2, calledNo=called_no, appointTime=house.now() + in_ms)


def is_calling(house: House, id_: str) -> bool:
    return house.store.reservations.with_id(id_)[0].state == "calling"


def code(house: House, name: str, **fields: object) -> str:
    """Return what one of the five interfaces answers."""
    return str(house.post(name, fields).json()["resultCode"])


def test_the_system_writes_the_result(dialing: House) -> None:
    id_ = automatic(dialing, ANSWERED)
    until(lambda: dialing.listed()[0]["failCode"])
    (row,) = dialing.listed()
    (attempt,) = dialing.store.attempts.of(25, id_)
    assert (row["appointId"], row["failCode"], row["callId"]) == (id_, "00000", attempt.id)
    assert (row["callerNo"], row["timeout"]) == ("10086", False)
    assert (row["beginTime"], row["endTime"]) == (attempt.placing_at, attempt.ended_at)


def test_it_is_dialed_five_minutes_early_and_not_before(dialing: House) -> None:
    later = automatic(dialing, ANSWERED, 10 * MINUTE)
    automatic(dialing, BUSY, 5 * MINUTE)
    until(lambda: any(row["failCode"] for row in dialing.listed()))
    assert dialing.store.attempts.of(25, later) == []


def test_one_that_is_being_called_cannot_be_deleted(dialing: House) -> None:
    id_ = automatic(dialing, RINGS)
    until(lambda: is_calling(dialing, id_))
    assert code(dialing, "delete", appointId=id_) == "04000005"
    assert code(dialing, "update", appointId=id_, remark="later") == "0200001"


def test_a_deleted_one_is_never_dialed(dialing: House) -> None:
    gone = automatic(dialing, ANSWERED, 5 * MINUTE + 1_500)  # due in a second and a half
    assert code(dialing, "delete", appointId=gone) == "0200000"
    automatic(dialing, BUSY, 5 * MINUTE + 1_600)
    until(lambda: any(row["failCode"] for row in dialing.listed()))
    # On a machine that stood still it was due before it was deleted: claimed, and never placed.
    assert [each for each in dialing.store.attempts.of(25, gone) if each.placing_at] == []


def test_of_a_call_that_the_system_makes_only_what_a_person_knows_is_taken(dialing: House) -> None:
    id_ = automatic(dialing, ANSWERED)
    until(lambda: is_calling(dialing, id_))
    filed = {"failCode": "00537", "callId": "mine", "busiResult": "17549503"}
    assert code(dialing, "updateResult", appointId=id_, **filed) == "0200000"
    until(lambda: dialing.listed()[0]["failCode"])
    (row,) = dialing.listed()
    assert (row["failCode"], row["busiResult"]) == ("00000", "17549503")
    assert row["callId"] != "mine"
    assert code(dialing, "updateResult", appointId=id_, failCode="00537") == "0200000"
    assert dialing.listed()[0]["failCode"] == "00000"


def test_one_that_a_person_closed_is_not_dialed(dialing: House) -> None:
    id_ = automatic(dialing, ANSWERED, 5 * MINUTE + 1_500)
    assert code(dialing, "updateResult", appointId=id_, failCode="00000") == "0200000"
    automatic(dialing, BUSY, 5 * MINUTE + 1_600)
    until(lambda: all(row["failCode"] for row in dialing.listed()))
    assert dialing.store.attempts.of(25, id_) == []


def test_a_campaign_that_is_paused_holds_its_calls_until_it_is_resumed(dialing: House) -> None:
    campaign = "/v1/openapi/campaigns/25/1106025109"
    assert dialing.send("PUT", f"{campaign}/pause").json()["resultCode"] == "0200000"
    id_ = automatic(dialing, BUSY)
    until(lambda: dialing.store.reservations.with_id(id_)[0].held_by == "status")
    assert dialing.store.attempts.of(25, id_) == []
    assert dialing.send("PUT", f"{campaign}/resume").json()["resultCode"] == "0200000"
    until(lambda: dialing.listed()[0]["failCode"] == "00537")


def test_a_call_for_which_its_campaign_has_no_time_left_is_refused(dialing: House) -> None:
    """It ends in an hour. In its only window nobody dials for two."""
    now = dialing.now()
    minute = (now // MINUTE + 120) % 1440
    far = minute if minute < 1438 else 0
    window = f'[{{"begin":{far},"end":{far + 1}}}]'
    dialing.has_campaign(8, end_at=now + 60 * MINUTE)
    dialing.has_campaign(9, end_at=now + 60 * MINUTE, workday_windows=window)
    dialing.has_campaign(10, end_at=now + 2000 * MINUTE, workday_windows=window)
    wish = {"callType": 2, "calledNo": ANSWERED, "userAccount": "a"}

    def create(campaign: int, in_ms: int, **more: object) -> dict[str, str]:
        fields = {"taskId": str(campaign), "appointTime": now + in_ms, **more}
        answer: dict[str, str] = dialing.post("create", wish | fields).json()
        return answer

    late = create(8, 66 * MINUTE)
    assert late["resultCode"] == "0200001"
    assert late["resultDesc"].startswith("appointTime: campaign 8 ends ")
    assert "before the call is due at" in late["resultDesc"]
    assert create(8, 64 * MINUTE)["resultCode"] == "0200000"
    assert create(8, 66 * MINUTE, callType=1)["resultCode"] == "0200000"
    shut = create(9, 30 * MINUTE)
    assert shut["resultCode"] == "0200001"
    assert "before it next dials at" in shut["resultDesc"]
    assert create(10, 30 * MINUTE)["resultCode"] == "0200000"
