"""Modifying, pausing, resuming and deleting campaigns, cec_07_0723 to 0725, 0728 and 0729."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callkeeper.api.examples import PUBLISHED_V2
from callkeeper.clock import HandClock
from tests.campaigns import BEGIN, DAY, END, IVR, NOW, PAUSED, STARTED, Campaigning
from tests.house import ABSENT, HOUR, VDN, House

UNDATED = {"strBeginTime": ABSENT, "strEndTime": ABSENT}
ENVELOPE = {
    "resultCode": "0200000",
    "resultDesc": "success",
    "returnCode": "0200000",
    "returnDesc": "success",
}


@pytest.fixture
def async_store(tmp_path: Path) -> Iterator[Campaigning]:
    """V1 on a house that stands at one instant."""
    with House(tmp_path / "data", clock=HandClock(NOW)) as house:
        yield Campaigning(house)


@pytest.fixture
def v2(async_store: Campaigning) -> Campaigning:
    """V2 on the same house."""
    return Campaigning(async_store.house, 2)


@pytest.fixture(params=[1, 2], ids=["V1", "V2"])
def either(async_store: Campaigning, request: pytest.FixtureRequest) -> Campaigning:
    """Each version in turn."""
    return Campaigning(async_store.house, request.param)


def pause(async_store: Campaigning, id_: int) -> str:
    return async_store.code("PUT", f"/{id_}/pause", version=1)


def resume(async_store: Campaigning, id_: int) -> str:
    return async_store.code("PUT", f"/{id_}/resume", version=1)


def delete(async_store: Campaigning, id_: int, body: Any = None) -> str:
    return async_store.code("DELETE", f"/{id_}", body, version=1)


def test_every_change_answers_with_the_envelope_alone(any_house: House) -> None:
    any_house.key = any_house.issue(None)
    far = {"strBeginTime": "2090-01-01 00:00:00", "strEndTime": "2090-12-31 00:00:00"}
    for version in (1, 2):
        async_store = Campaigning(any_house, version, vdn=7)
        id_ = async_store.add(**far, **PAUSED)
        changed = async_store.body(name="another", **far)
        for method, rest, body in (
            ("PUT", "", changed),
            ("PUT", "/resume", None),
            ("PUT", "/pause", {}),
            ("DELETE", "", {"archiveHistory": 0}),
        ):
            answer = async_store.send(
                method, f"/{id_}{rest}", body, version=version if body is changed else 1
            )
            assert (answer.status_code, answer.json()) == (200, ENVELOPE)
        assert async_store.code("GET", f"/{id_}", version=1) == "0200007"


def test_modifying_replaces_what_is_sent(either: Campaigning) -> None:
    id_ = either.add()
    dates = {"strBeginTime": "2027-01-16 08:00:00", "strEndTime": "2027-01-17 08:00:00"}
    assert either.modifying(id_, name="new", description="n", maxAlertingTime=30, **dates) == (
        "0200000"
    )
    found = either.one(id_)
    assert (found["name"], found["description"], found["maxAlertingTime"]) == ("new", "n", 30)
    assert (found["strBeginTime"], found["strEndTime"]) == tuple(dates.values())


def test_a_field_that_a_modification_does_not_send_stays(either: Campaigning) -> None:
    id_ = either.add()
    before = either.one(id_)
    left_out = ("description", "callBackUrl", "priority", "retryPolicy", "callPolicy")
    assert either.modifying(id_, **dict.fromkeys(left_out, ABSENT)) == "0200000"
    assert either.one(id_) == before


def test_v1_may_leave_the_dates_out_and_v2_may_not(
    async_store: Campaigning, v2: Campaigning
) -> None:
    id_ = async_store.add()
    assert async_store.modifying(id_, **UNDATED) == "0200000"
    assert (async_store.one(id_)["strBeginTime"], async_store.one(id_)["strEndTime"]) == (
        BEGIN,
        END,
    )
    assert v2.modifying(v2.add(), **UNDATED) == "02000001"


def test_v1_does_not_take_from_v2_what_it_does_not_know(
    async_store: Campaigning, v2: Campaigning
) -> None:
    id_ = v2.add()
    assert async_store.modifying(id_, callerNo="88889527") == "0200000"
    found = async_store.one(id_)
    assert found["callerNoList"] == PUBLISHED_V2["callerNo"]
    assert found["retryPolicy"] == PUBLISHED_V2["retryPolicy"]
    assert async_store.modifying(id_, callerNo="10010") == "0200000"
    assert async_store.one(id_)["callerNoList"] == [{"accessCode": "10010", "priority": 1}]


def test_the_initial_status_is_of_no_account_when_modifying(either: Campaigning) -> None:
    id_ = either.add(**STARTED)
    assert either.modifying(id_, **PAUSED) == "0200000"
    assert either.one(id_)["status"] == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": ABSENT}, "02000001"),
        ({"skillParam": ABSENT}, "02000001"),
        ({"name": {}}, "02000006"),
        ({"name": "x" * 101}, "02000003"),
        ({"description": "<b>"}, "02000002"),
        ({"maxAlertingTime": 3}, "02000007"),
        ({"deviceType": 6}, "02000009"),
        (IVR, "02000009"),
        ({"strBeginTime": "2027-01-14 00:00:00"}, "0200002"),
        ({"strEndTime": "2027-01-01 00:00:00"}, "0200001"),
        ({"strEndTime": "soon"}, "0200001"),
        ({"name": "taken"}, "0200005"),
    ],
    ids=str,
)
def test_modifying_refuses_and_changes_nothing(
    either: Campaigning, fields: dict[str, Any], code: str
) -> None:
    id_ = either.add()
    either.add(name="taken")
    before = either.one(id_)
    assert either.modifying(id_, **fields) == code
    assert either.one(id_) == before


def test_too_many_caller_numbers_are_refused_when_modifying(v2: Campaigning) -> None:
    numbers = [{"accessCode": str(n), "priority": 1} for n in range(101)]
    assert v2.modifying(v2.add(), callerNo=numbers) == "02000011"


def test_a_begin_that_has_passed_may_stay_but_not_be_moved_into_the_past(
    either: Campaigning,
) -> None:
    id_ = either.add()
    either.clock.move(3 * DAY)
    assert either.modifying(id_, description="still going") == "0200000"
    assert either.modifying(id_, strBeginTime="2027-01-16 00:00:00") == "0200002"
    assert either.modifying(id_, strBeginTime="2027-01-18 00:00:00") == "0200000"


def test_an_ended_campaign_is_not_modified_paused_or_resumed_but_deleted(
    either: Campaigning,
) -> None:
    id_ = either.add(strEndTime="2027-01-15 08:00:01", **STARTED)
    either.clock.move(1000)
    assert either.one(id_)["status"] == 4
    assert either.modifying(id_) == "0200016"
    assert pause(either, id_) == "0200011"
    assert resume(either, id_) == "0200011"
    assert delete(either, id_) == "0200000"


def test_a_campaign_is_ended_by_moving_its_end(either: Campaigning) -> None:
    id_ = either.add(**STARTED)
    assert either.modifying(id_, strEndTime="2027-01-15 07:59:59") == "0200000"
    assert either.one(id_)["status"] == 4


def test_the_queue_is_checked_when_modifying(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    with House(tmp_path / "data", clock=clock, skill_queues=(2, 5)) as house:
        for version in (1, 2):
            async_store = Campaigning(house, version)
            id_ = async_store.add()
            assert async_store.modifying(id_, skillParam={"skillId": 6}) == "0200017"


def test_a_draft_is_resumed_paused_and_resumed_again(async_store: Campaigning) -> None:
    id_ = 77
    async_store.house.has_campaign(id_, status="draft")
    assert async_store.one(id_)["status"] == 1
    assert pause(async_store, id_) == "0200011"
    assert resume(async_store, id_) == "0200000"
    assert async_store.one(id_)["status"] == 2
    assert resume(async_store, id_) == "0200011"
    assert pause(async_store, id_) == "0200000"
    assert async_store.one(id_)["status"] == 3
    assert pause(async_store, id_) == "0200011"
    assert resume(async_store, id_) == "0200000"


def test_a_started_campaign_is_deleted_only_after_a_pause(async_store: Campaigning) -> None:
    id_ = async_store.add(**STARTED)
    assert delete(async_store, id_) == "0200009"
    assert pause(async_store, id_) == "0200000"
    assert delete(async_store, id_, {"archiveHistory": 1}) == "0200000"
    assert delete(async_store, id_) == "0200007"
    assert async_store.modifying(id_) == "0200007"
    assert resume(async_store, id_) == "0200007"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"archiveHistory": 2}, "02000007"),
        ({"archiveHistory": "yes"}, "02000006"),
        ([], "0200001"),
        (None, "0200000"),
        ({}, "0200000"),
        ({"archiveHistory": "1"}, "0200000"),
    ],
    ids=str,
)
def test_the_body_of_a_deletion(async_store: Campaigning, body: Any, code: str) -> None:
    assert delete(async_store, async_store.add(**PAUSED), body) == code


def test_the_reservations_of_a_deleted_campaign_keep_its_name(async_store: Campaigning) -> None:
    id_ = async_store.add(name="spring", **PAUSED)
    async_store.house.reserve(taskId=str(id_), appointTime=NOW + HOUR)
    assert delete(async_store, id_) == "0200000"
    assert async_store.add(name="spring") == id_ + 1
    (listed,) = async_store.house.listed()
    assert (listed["taskId"], listed["taskName"], listed["taskStatus"]) == (str(id_), "spring", "4")


def test_the_history_tells_every_change_and_no_refused_one(async_store: Campaigning) -> None:
    id_ = async_store.add(**STARTED)
    resume(async_store, id_)
    pause(async_store, id_)
    async_store.modifying(id_, name="renamed")
    async_store.modifying(id_, deviceType=6)
    resume(async_store, id_)
    pause(async_store, id_)
    delete(async_store, id_, {"archiveHistory": 1})
    events = async_store.house.store.history.of(VDN, f"campaign/{id_}")
    assert [(each.version, each.what) for each in events] == [
        (1, "added"),
        (2, "paused"),
        (3, "revised"),
        (4, "resumed"),
        (5, "paused"),
        (6, "deleted"),
    ]
    assert {each.by_whom for each in events} == {f"key {async_store.house.key.ak}"}
    assert msgspec.json.decode(events[0].detail)["begin_at"] == NOW - 8 * HOUR
    assert msgspec.json.decode(events[2].detail)["plan"]["name"] == "renamed"
    assert msgspec.json.decode(events[5].detail) == {"to_history": True}
