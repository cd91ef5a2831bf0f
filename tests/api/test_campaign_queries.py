"""Querying campaigns, one and all, cec_07_0726 and 0727."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callkeeper.api.examples import PUBLISHED_V1
from callkeeper.clock import HandClock
from tests.campaigns import BEGIN, END, IVR, NOW, PAUSED, STARTED, SUCCESS, VDN_WITHOUT, Campaigning
from tests.house import ABSENT, House


@pytest.fixture
def async_store(tmp_path: Path) -> Iterator[Campaigning]:
    """V1 in a VDN that has no campaigns yet."""
    with House(tmp_path / "data", clock=HandClock(NOW)) as house:
        house.key = house.issue(None)
        yield Campaigning(house, vdn=VDN_WITHOUT)


def test_the_detail_of_v1_is_what_was_added_with_null_where_nothing_was(
    async_store: Campaigning,
) -> None:
    id_ = async_store.add()
    answer = async_store.send("GET", f"/{id_}").json()
    hours = {name: time or None for name, time in PUBLISHED_V1["scheduleParam"].items()}
    predict = {
        "predictMethod": 5,
        "expPredictParam": None,
        "agentPredictParam": None,
        "connectPredictParam": None,
        "offhookPredictParam": {"offHookRate": 100},
    }
    assert answer == SUCCESS | {
        "returnObject": {
            "id": id_,
            "name": "十一流量包推荐",
            "description": "十一流量包推荐",
            "status": 2,
            "strBeginTime": BEGIN,
            "strEndTime": END,
            "deviceType": 2,
            "callerNo": "10085",
            "maxAlertingTime": 20,
            "scheduleParam": hours,
            "ivrParam": None,
            "skillParam": PUBLISHED_V1["skillParam"]
            | {"predictParam": predict, "previewParam": None},
            "callBackUrl": "https://10.10.10.10/xxx/xxx/xxx",
            "priority": None,
            "callOrder": None,
            "retryPolicy": None,
            "callPolicy": None,
            "callerNoList": [{"accessCode": "10085", "priority": 1}],
        }
    }


def test_querying_all_shows_the_documented_members(async_store: Campaigning) -> None:
    id_ = async_store.add()
    assert async_store.query() == SUCCESS | {
        "curPage": 1,
        "totalSize": 1,
        "rowsPerPage": 10,
        "data": [
            {
                "id": id_,
                "name": "十一流量包推荐",
                "status": 2,
                "strBeginTime": BEGIN,
                "strEndTime": END,
                "deviceType": 2,
                "callerNo": "10085",
            }
        ],
        "curSkillQueueCount": 1,
        "curIvrCount": 0,
    }


def test_querying_all_filters(any_house: House) -> None:
    any_house.key = any_house.issue(None)
    async_store = Campaigning(any_house, vdn=VDN_WITHOUT)
    far = {"strBeginTime": "2090-01-01 00:00:00", "strEndTime": "2090-12-31 00:00:00"}
    later = {"strBeginTime": "2091-01-01 00:00:00", "strEndTime": "2091-12-31 00:00:00"}
    draft = 99
    any_house.has_campaign(
        draft,
        vdn=VDN_WITHOUT,
        name="50% 'draft'",
        status="draft",
        device_type=2,
        begin_at=3_786_912_000_000,
        end_at=3_818_361_600_000,
    )
    started = async_store.add(name="started_1", **later, **STARTED)
    paused = async_store.add(name="paused", **far, **PAUSED, **IVR)
    assert async_store.listed() == [draft, started, paused]
    assert async_store.listed(status=1) == [draft]
    assert async_store.listed(status=2) == [started]
    assert async_store.listed(status=3) == [paused]
    assert async_store.listed(status=4) == []
    assert async_store.listed(deviceType=2) == [draft, started]
    assert async_store.listed(deviceType=3) == [paused]
    assert async_store.listed(deviceType=1) == []
    assert async_store.listed(name="d_1") == [started]
    assert async_store.listed(name="0% 'd") == [draft]
    assert async_store.listed(name="%") == [draft]
    assert async_store.listed(beginTime="2090-01-01 0:00:01") == [started]
    assert async_store.listed(endTime="2090-12-31 00:00:00") == [draft, paused]
    assert async_store.listed(status=2, deviceType=3) == []


def test_an_ended_campaign_is_listed_as_ended_and_as_nothing_else(async_store: Campaigning) -> None:
    id_ = async_store.add(strEndTime="2027-01-15 08:00:01", **STARTED)
    async_store.clock.move(1000)
    assert [async_store.listed(status=status) for status in (0, 1, 2, 3, 4)] == [
        [id_],
        [],
        [],
        [],
        [id_],
    ]
    assert async_store.query()["data"][0]["status"] == 4


def test_querying_all_pages(async_store: Campaigning) -> None:
    ids = [async_store.add(name=f"n{number}") for number in range(12)]
    assert async_store.listed() == ids[:10]
    assert async_store.listed(curPage=2) == ids[10:]
    assert async_store.listed(curPage=3) == []
    assert async_store.listed(curPage=2, rowsPerPage=5) == ids[5:10]
    answer = async_store.query(curPage=-3, rowsPerPage=ABSENT)
    assert (answer["curPage"], answer["rowsPerPage"], answer["totalSize"]) == (1, 10, 12)
    assert async_store.listed(curPage=ABSENT, rowsPerPage=100) == ids
    assert async_store.listed(curPage=1_000_000_000, rowsPerPage=100) == []


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"status": ABSENT}, "02000001"),
        ({"deviceType": ABSENT}, "02000001"),
        ({"status": 5}, "02000007"),
        ({"status": "x"}, "02000006"),
        ({"deviceType": 4}, "02000007"),
        ({"rowsPerPage": 101}, "02000007"),
        ({"rowsPerPage": 0}, "02000007"),
        ({"curPage": "one"}, "02000006"),
        ({"name": "n" * 31}, "02000003"),
        ({"name": "\x00"}, "02000002"),
        ({"beginTime": "yesterday"}, "0200001"),
        ({"endTime": "2027-01-15"}, "0200001"),
        ({"curPage": 10**18}, "02000007"),
    ],
    ids=str,
)
def test_querying_all_refuses(async_store: Campaigning, filters: dict[str, Any], code: str) -> None:
    assert async_store.query(**filters)["resultCode"] == code


@pytest.mark.parametrize(
    ("query", "twice"),
    [
        ("status=0&deviceType=0&status=0", "status"),
        ("status=0&deviceType=0&%E5%90%8D=1&x=1&%E5%90%8D=2", "名"),
        ("status=0&deviceType=0&%73tatus=2", "status"),
    ],
)
def test_a_query_that_names_a_parameter_twice_is_told_which(
    async_store: Campaigning, query: str, twice: str
) -> None:
    answer = async_store.send("GET", "", query=query).json()
    said = f"the query names '{twice}' more than once; send it once"
    assert (answer["resultCode"], answer["resultDesc"]) == ("0200001", said)


@pytest.mark.parametrize("version", [1, 2])
def test_a_campaign_of_another_vdn_is_not_there(async_store: Campaigning, version: int) -> None:
    id_ = Campaigning(async_store.house, version, vdn=8).add(**STARTED)
    assert async_store.code("GET", f"/{id_}") == "0200007"
    assert async_store.modifying(id_) == "0200007"
    for rest in ("/pause", "/resume"):
        assert async_store.code("PUT", f"/{id_}{rest}") == "0200007"
    assert async_store.code("DELETE", f"/{id_}") == "0200007"
    assert async_store.query()["totalSize"] == 0


@pytest.mark.parametrize(
    ("campaign", "code"), [("0", "0200007"), ("9" * 30, "0200007"), ("x", "0200001")]
)
def test_a_path_that_names_no_campaign(async_store: Campaigning, campaign: str, code: str) -> None:
    assert async_store.code("GET", f"/{campaign}") == code
    assert async_store.code("PUT", f"/{campaign}", async_store.body()) == code
    assert async_store.code("DELETE", f"/{campaign}") == code
    assert async_store.code("PUT", f"/{campaign}/pause") == code


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": ABSENT, "statusV2": 3}, ["paused"]),
        ({"status": 0, "statusV2": 2}, ["started"]),
        ({"status": 3, "statusV2": "2"}, ["started"]),
        ({"status": "nonsense", "statusV2": 0}, ["started", "paused"]),
        ({"status": 3, "statusV2": ""}, ["paused"]),
    ],
)
def test_the_newer_status_counts_where_it_is_sent(
    async_store: Campaigning, filters: dict[str, Any], found: list[str]
) -> None:
    ids = {
        "started": async_store.add(name="a", **STARTED),
        "paused": async_store.add(name="b", **PAUSED),
    }
    assert async_store.listed(**filters) == [ids[name] for name in found]


def test_a_newer_status_that_is_none_is_refused_by_its_name(async_store: Campaigning) -> None:
    answer = async_store.query(statusV2=9)
    assert answer["resultCode"] == "02000007"
    assert answer["resultDesc"].startswith("statusV2: 9 is none of ")
    assert async_store.query(status=ABSENT)["resultDesc"].startswith("status: is mandatory")
