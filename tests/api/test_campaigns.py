"""Adding campaigns, cec_07_0721 and 0722."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callkeeper.api.examples import PUBLISHED_V1, PUBLISHED_V2
from callkeeper.clock import HandClock
from tests.campaigns import BEGIN, DAY, IVR, NOW, PAUSED, SUCCESS, VDN_WITHOUT, Campaigning
from tests.house import ABSENT, House


@pytest.fixture
def async_store(tmp_path: Path) -> Iterator[Campaigning]:
    """V1 in a VDN that has no campaigns yet."""
    with House(tmp_path / "data", clock=HandClock(NOW)) as house:
        house.key = house.issue(None)
        yield Campaigning(house, vdn=VDN_WITHOUT)


@pytest.fixture(params=[1, 2], ids=["V1", "V2"])
def either(async_store: Campaigning, request: pytest.FixtureRequest) -> Campaigning:
    """Each version in turn."""
    return Campaigning(async_store.house, request.param, VDN_WITHOUT)


@pytest.fixture
def v2(async_store: Campaigning) -> Campaigning:
    """V2 in the same VDN."""
    return Campaigning(async_store.house, 2, VDN_WITHOUT)


@pytest.mark.parametrize("version", [1, 2])
def test_the_published_example_gets_the_published_answer_once_its_dates_are_to_come(
    any_house: House, version: int
) -> None:
    printed = PUBLISHED_V1 if version == 1 else PUBLISHED_V2
    any_house.key = any_house.issue(None)
    async_store = Campaigning(any_house, version, VDN_WITHOUT)
    assert async_store.code("POST", "", printed) == "0200002"
    dates = {"strBeginTime": "2090-09-10 00:00:00", "strEndTime": "2090-10-07 23:59:59"}
    answer = async_store.send("POST", "", printed | dates)
    assert (answer.status_code, answer.json()) == (200, SUCCESS | {"returnObject": {"id": 1}})


def test_v2_keeps_its_numbers_and_policies_as_they_came(v2: Campaigning) -> None:
    found = v2.one(v2.add(callOrder=2))
    for name in ("retryPolicy", "callPolicy", "priority", "callBackUrl"):
        assert found[name] == PUBLISHED_V2[name]
    assert (found["callOrder"], found["callerNo"]) == (2, "88889527")
    assert found["callerNoList"] == PUBLISHED_V2["callerNo"]


def test_the_number_shown_is_the_first_of_the_smallest_priority(v2: Campaigning) -> None:
    numbers = [("1", 5), ("2", 2), ("3", 2)]
    listed = [{"accessCode": number, "priority": priority} for number, priority in numbers]
    found = v2.one(v2.add(callerNo=listed))
    assert (found["callerNo"], found["callerNoList"]) == ("2", listed)


def test_an_ivr_campaign_has_its_parameters_and_none_of_a_queue(either: Campaigning) -> None:
    found = either.one(either.add(**IVR))
    assert found["ivrParam"] == IVR["ivrParam"]
    assert found["skillParam"] is None


def test_members_that_the_contract_does_not_know_are_given_back(either: Campaigning) -> None:
    hours = {"workdayBeginTime1": "8:00", "workdayEndTime1": "24:00", "zone": "\u0000 Europe"}
    skill = {"skillId": "7", "skillName": None, "mine": {"deep": [1, 2.5, None]}}
    found = either.one(either.add(scheduleParam=hours, skillParam=skill))
    assert found["skillParam"]["mine"] == {"deep": [1, 2.5, None]}
    assert (found["skillParam"]["skillId"], found["skillParam"]["skillName"]) == (7, None)
    schedule = found["scheduleParam"]
    assert schedule["zone"] == "\u0000 Europe"
    assert (schedule["workdayBeginTime1"], schedule["workdayEndTime1"]) == ("08:00", "24:00")


def test_a_gap_between_windows_stays_where_it_was(async_store: Campaigning) -> None:
    hours = {
        "workdayBeginTime1": "08:00",
        "workdayEndTime1": "09:00",
        "workdayBeginTime2": None,
        "workdayBeginTime3": "09:00",
        "workdayEndTime3": "10:00",
        "holidayBeginTime2": "10:00",
        "holidayEndTime2": "12:00",
    }
    found = async_store.one(async_store.add(scheduleParam=hours))["scheduleParam"]
    assert {name: time for name, time in found.items() if time} == {
        name: time for name, time in hours.items() if time
    }
    assert len(found) == 12


@pytest.mark.parametrize(
    ("sent", "status"), [(ABSENT, 2), (None, 2), (0, 2), ("0", 2), (1, 3), ("1", 3)], ids=str
)
def test_a_campaign_is_started_unless_its_initial_status_pauses_it(
    either: Campaigning, sent: Any, status: int
) -> None:
    assert either.one(either.add(initStatus=sent))["status"] == status


def test_a_campaign_that_was_added_as_paused_is_started_by_a_resume(either: Campaigning) -> None:
    id_ = either.add(**PAUSED)
    assert either.code("PUT", f"/{id_}/resume", version=1) == "0200000"
    assert either.one(id_)["status"] == 2


@pytest.mark.parametrize(("sent", "status"), [(ABSENT, 2), (1, 2), (0, 1)], ids=str)
@pytest.mark.parametrize("version", [1, 2])
def test_with_one_starts_a_zero_makes_a_draft(
    tmp_path: Path, version: int, sent: Any, status: int
) -> None:
    with House(tmp_path / "data", clock=HandClock(NOW), init_status="one_starts") as house:
        async_store = Campaigning(house, version)
        assert async_store.one(async_store.add(initStatus=sent))["status"] == status


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": ABSENT}, "02000001"),
        ({"name": ""}, "02000001"),
        ({"strBeginTime": ABSENT}, "02000001"),
        ({"strEndTime": None}, "02000001"),
        ({"deviceType": ABSENT}, "02000001"),
        ({"callerNo": ABSENT}, "02000001"),
        ({"maxAlertingTime": ABSENT}, "02000001"),
        ({"scheduleParam": ABSENT}, "02000001"),
        ({"scheduleParam": {}}, "02000001"),
        ({"skillParam": ABSENT}, "02000001"),
        ({"skillParam": {}}, "02000001"),
        ({"deviceType": 5, "skillParam": ABSENT}, "02000001"),
        ({"deviceType": 1, "ivrParam": ABSENT}, "02000001"),
        ({"deviceType": "03", "ivrParam": ABSENT}, "02000001"),
        ({"skillParam": ABSENT, "maxAlertingTime": "soon"}, "02000001"),
        ({"name": "x" * 101}, "02000003"),
        ({"description": "x" * 201}, "02000003"),
        ({"description": "a=b"}, "02000002"),
        ({"name": "a\nb"}, "02000002"),
        ({"name": ["a"]}, "02000006"),
        ({"deviceType": "two"}, "02000006"),
        ({"maxAlertingTime": 2.5}, "02000006"),
        ({"scheduleParam": "08:00-17:00"}, "02000006"),
        ({"skillParam": [5]}, "02000006"),
        ({"skillParam": {"skillId": "five"}}, "02000006"),
        ({"strBeginTime": 20270115}, "02000006"),
        ({"deviceType": 4}, "02000007"),
        ({"maxAlertingTime": 4}, "02000007"),
        ({"maxAlertingTime": 121}, "02000007"),
        ({"deviceType": 5, "maxAlertingTime": 8}, "02000007"),
        ({"deviceType": 5, "maxAlertingTime": 121}, "02000007"),
        ({"initStatus": 2}, "02000007"),
        ({"strBeginTime": "2027-01-15"}, "0200001"),
        ({"strBeginTime": "2027-02-30 00:00:00"}, "0200001"),
        ({"strEndTime": "2101-01-01 00:00:00"}, "0200001"),
        ({"strEndTime": BEGIN}, "0200001"),
        ({"strBeginTime": "2027-01-14 23:59:59"}, "0200002"),
    ],
    ids=str,
)
def test_adding_refuses(either: Campaigning, fields: dict[str, Any], code: str) -> None:
    assert either.adding(**fields) == code
    assert either.query()["totalSize"] == 0


def test_a_line_break_is_refused_with_what_the_field_takes(either: Campaigning) -> None:
    body = either.body(description="first line\nsecond line")
    answer = either.send("POST", body=body).json()
    assert answer["resultDesc"] == (
        "description: '\\n' at position 11 is not allowed; "
        'it takes any text without " [ ] = ; < > and control characters'
    )


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ({"workdayBeginTime1": "08:00"}, "02000001"),
        ({"workdayBeginTime1": "8 am"}, "0200001"),
        ({"workdayBeginTime1": "24:01"}, "0200001"),
        ({"workdayBeginTime1": "08:00:00"}, "02000003"),
        ({"workdayEndTime1": "07:59"}, "02000009"),
        ({"workdayEndTime1": "08:00"}, "02000009"),
        ({"workdayBeginTime2": "12:00"}, "02000009"),
        ({"workdayBeginTime2": "16:59", "workdayEndTime2": "17:30"}, "02000009"),
        ({"holidayEndTime3": "12:00"}, "02000009"),
        ({"workdayBeginTime2": "17:00", "workdayEndTime2": "17:30"}, "0200000"),
        ({"holidayBeginTime2": "08:00", "holidayEndTime2": "17:30"}, "0200000"),
    ],
    ids=str,
)
def test_windows_go_forwards_and_do_not_overlap(
    either: Campaigning, hours: dict[str, str], code: str
) -> None:
    whole = {"workdayBeginTime1": "08:00", "workdayEndTime1": "17:00"} | hours
    if hours == {"workdayBeginTime1": "08:00"}:
        whole = hours | {"workdayEndTime2": "12:00"}
    assert either.adding(scheduleParam=whole) == code


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        ("1" * 25, "02000003"),
        ("10-85", "02000002"),
        (["10085"], "02000006"),
        (10085, "0200000"),
        ("*10#", "0200000"),
    ],
    ids=str,
)
def test_the_caller_number_of_v1(async_store: Campaigning, caller: Any, code: str) -> None:
    assert async_store.adding(callerNo=caller) == code


@pytest.mark.parametrize(
    ("callers", "code"),
    [
        ([], "02000001"),
        ([{"priority": 1}], "02000001"),
        ([{"accessCode": "1"}], "02000001"),
        ("10085", "02000006"),
        (["10085"], "02000006"),
        ([{"accessCode": "1" * 25, "priority": 1}], "02000003"),
        ([{"accessCode": "+1", "priority": 1}], "02000002"),
        ([{"accessCode": "1", "priority": 0}], "02000007"),
        ([{"accessCode": "1", "priority": 6}], "02000007"),
        ([{"accessCode": "1", "priority": 1}, {"accessCode": "1", "priority": 2}], "0200001"),
        ([{"accessCode": str(n), "priority": 1} for n in range(101)], "02000011"),
        ([{"accessCode": str(n), "priority": 1} for n in range(100)], "0200000"),
    ],
    ids=range(12),
)
def test_the_caller_numbers_of_v2(v2: Campaigning, callers: Any, code: str) -> None:
    assert v2.adding(callerNo=callers) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"priority": 6}, "02000007"),
        ({"retryPolicy": "none"}, "02000006"),
        ({"retryPolicy": {"policyType": 2}}, "02000007"),
        ({"retryPolicy": {"policyJson": [1]}}, "02000006"),
        ({"retryPolicy": {"policyJson": "[\n]"}}, "0200000"),
        ({"callPolicy": {"callType": "x"}}, "02000006"),
        ({"maxAlertingTime": 61}, "02000007"),
        ({"maxAlertingTime": 60}, "0200000"),
        ({"deviceType": 5, "maxAlertingTime": 120}, "0200000"),
    ],
    ids=str,
)
def test_the_rest_of_v2(v2: Campaigning, fields: dict[str, Any], code: str) -> None:
    assert v2.adding(**fields) == code


def test_v1_lets_it_ring_for_120_seconds_and_v2_as_long_as_the_setting_says(
    async_store: Campaigning, tmp_path: Path
) -> None:
    assert async_store.adding(maxAlertingTime=120) == "0200000"
    with House(tmp_path / "90", clock=HandClock(NOW), alerting_seconds_max=90) as house:
        v2 = Campaigning(house, 2)
        assert v2.adding(maxAlertingTime=91) == "02000007"
        assert v2.adding(maxAlertingTime=90) == "0200000"


def test_a_body_nested_too_deeply_is_refused(either: Campaigning) -> None:
    deep: Any = 1
    for _ in range(20):
        deep = {"deeper": deep}
    assert either.adding(skillParam={"skillId": 5, "mine": deep}) == "0200001"


def test_a_part_for_other_device_types_is_ignored(either: Campaigning) -> None:
    found = either.one(either.add(ivrParam="not mine"))
    assert found["ivrParam"] is None


def test_a_name_is_free_again_once_its_campaign_is_deleted(either: Campaigning) -> None:
    id_ = either.add(**PAUSED)
    assert either.adding() == "0200005"
    assert either.code("DELETE", f"/{id_}", version=1) == "0200000"
    assert either.add() == id_ + 1


def test_a_skill_queue_must_be_one_that_the_settings_name(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    with House(tmp_path / "data", clock=clock, skill_queues=(2, 5)) as house:
        for version in (1, 2):
            async_store = Campaigning(house, version)
            assert async_store.adding(skillParam={"skillId": 6}) == "0200017"
            assert async_store.adding(skillParam={"skillId": 5}) == "0200000"


def test_the_quota_counts_each_kind_and_neither_the_ended_nor_the_deleted(tmp_path: Path) -> None:
    with House(tmp_path / "data", clock=HandClock(NOW), active_campaigns_max=2) as house:
        house.key = house.issue(None)
        async_store = Campaigning(house, vdn=VDN_WITHOUT)
        first = async_store.add(name="a", strEndTime="2027-01-15 09:00:00")
        async_store.add(name="b", deviceType=5)
        assert async_store.adding(name="c", deviceType=6) == "0200003"
        for name in ("d", "e"):
            async_store.add(name=name, **IVR)
        assert async_store.adding(name="f", **IVR) == "0200004"
        counts = async_store.query()
        assert (counts["curSkillQueueCount"], counts["curIvrCount"]) == (2, 2)
        async_store.clock.move(DAY // 24)
        assert async_store.one(first)["status"] == 4
        third = async_store.add(name="c", deviceType=6, **PAUSED)
        assert async_store.adding(name="g") == "0200003"
        assert async_store.code("DELETE", f"/{third}") == "0200000"
        assert async_store.adding(name="g") == "0200000"
