"""From a signed create to a result in the list, over a real Asterisk, with no updateResult."""

from pathlib import Path
from typing import Any

from tests import far_end_scenario
from tests.far_end import FarEnd
from tests.house import VDN, House
from tests.private_asterisk import PrivateAsterisk
from tests.waiting import until

TASK = "77"
MINUTE = 60_000
CODES = {
    far_end_scenario.ANSWERS_BRIEFLY: "00000",
    far_end_scenario.RINGS: "01040",
    f"{far_end_scenario.PROGRESS}{far_end_scenario.RINGS}": "01040",
    f"{far_end_scenario.FORWARDED}{far_end_scenario.RINGS}": "01040",
    f"{far_end_scenario.QUEUED}{far_end_scenario.RINGS}": "01040",
    f"{far_end_scenario.TRYING}{far_end_scenario.RINGS}": "00605",
    "486": "00537",
    "603": "00604",
    "404": "00538",
    "480": "00603",
    "503": "00605",
}


def over(asterisk: PrivateAsterisk) -> dict[str, Any]:
    """Return the settings of a server that dials over an Asterisk."""
    return {
        "line": "asterisk",
        "ari_url": asterisk.url,
        "ari_user": asterisk.user,
        "ari_password": asterisk.password,
        "destinations": {"ivr hold": "answered,hold", "ivr brief": "answered,brief"},
    }


def test_each_outcome_comes_to_stand_in_the_list_by_itself(
    tmp_path: Path, database: str | None, asterisk: PrivateAsterisk, far_end: FarEnd
) -> None:
    with House(tmp_path / "data", database=database, **over(asterisk)) as house:
        house.has_campaign(int(TASK), alerting_seconds_max=5, goes_to="ivr brief")
        numbers = {f"1380{house.now() % 10**7:07d}{code}": code for code in CODES}
        for number in numbers:
            appoint_at = house.now() + MINUTE
            house.reserve(callType=2, calledNo=number, taskId=TASK, appointTime=appoint_at)
        until(lambda: all(row["failCode"] for row in house.listed(taskId=TASK)), 30)
        rows = house.listed(taskId=TASK)
    assert {numbers[row["calledNo"]]: row["failCode"] for row in rows} == CODES
    for row in rows:
        assert row["callId"]
        assert row["callerNo"] == "10086"
        assert row["endTime"] >= row["beginTime"] > 0
    rung = far_end.rung()
    assert {rung[number] for number in numbers} == {1}


def test_call_data_reaches_the_dialplan_as_variables(
    tmp_path: Path, asterisk: PrivateAsterisk
) -> None:
    with House(tmp_path / "data", **over(asterisk)) as house:
        house.has_campaign(int(TASK), goes_to="ivr hold")
        number = f"1381{house.now() % 10**7:07d}{far_end_scenario.ANSWERS}"
        id_ = house.reserve(
            callType=2,
            calledNo=number,
            taskId=TASK,
            appointTime=house.now() + MINUTE,
            callData='{"name":"Ann ${EXTEN}","SHELL(id)":"no"}',
        )

        def channel() -> str | None:
            attempts = house.store.attempts.of(VDN, id_)
            return next((each.id for each in attempts if each.answered_at), None)

        answered = until(channel)
        assert until(lambda: asterisk.seen(answered or "")) == "10086 Ann ${EXTEN}"
        assert house.post("delete", {"appointId": id_}).json()["resultCode"] == "04000005"
        asterisk.hang_up(answered or "")
        until(lambda: house.listed(taskId=TASK)[0]["failCode"] == "00000")
