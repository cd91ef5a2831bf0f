"""The vendor's published examples, and what of this product's must be there for them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from callkeeper.core.campaign import CallerNumber, Opening, Plan, Window

CAMPAIGN_ID = 1106025109
RESULT_ID = "174738152455111432454674595509"
MOVE_ID = "174729926098016859445364892091"
DELETE_ID = "174730004495053249845286302552"
RESERVATION_IDS = (RESULT_ID, MOVE_ID, DELETE_ID)

AUTOMATIC_NO = "66660011"

_CREATE_AT = "1748858400000"
_MOVE_AT = "1749204000000"
_LISTED = 3
_HOUR_MS = 3_600_000
_DAYS = 28
_PREVIEW = 5  # an agent sees the customer first, then dials

# Character for character as in section 1 to 4 of the contract, cec_07_0777 to cec_07_0780.
CREATE = (
    '{"callType":"1","calledNo":"66660001","userAccount":"testName","taskId":"1106025109",'
    f'"appointTime":{_CREATE_AT},"remark":"remark备注"}}'
).encode()
_MOVE = (
    '{"appointId":"174729926098016859445364892091","remark":"备注更新0516",'
    f'"appointTime":{_MOVE_AT},"workNo":"125"}}'
).encode()
RESULT = (
    b'{"appointId":"174738152455111432454674595509","failCode":"00000",'
    b'"callId":"1747316188-341779","busiResult":"17549503","busiSubStatus":"17124429",'
    b'"beginTime":1747220297000,"endTime":1747220365000}'
)
DELETE = b'{"appointId":"174730004495053249845286302552"}'
DELETE_CALLED = b'{"appointId":"174738152455111432454674595509"}'
LIST = b'{"taskId":"1106025109","offset":0,"limit":100}'

# cec_07_0732
BUSINESS_RESULT = (
    '{ "name": "呼叫失败", "code": "123456", "description": "呼叫失败",\n'
    '  "children": [ { "name": "客户直接挂断", "code": "100001", "description": "客户直接挂断" },\n'
    '                { "name": "客户关机", "code": "100002", "description": "客户关机" } ] }'
).encode()

# cec_07_0721
_CAMPAIGN: dict[str, Any] = {
    "name": "十一流量包推荐",
    "description": "十一流量包推荐",
    "strBeginTime": "2020-09-10 00:00:00",
    "strEndTime": "2020-10-07 23:59:59",
    "deviceType": 2,
    "callerNo": "10085",
    "maxAlertingTime": 20,
    "scheduleParam": {
        "workdayBeginTime1": "08:00",
        "workdayEndTime1": "11:30",
        "workdayBeginTime2": "13:00",
        "workdayEndTime2": "17:30",
        "workdayBeginTime3": "",
        "workdayEndTime3": "",
        "holidayBeginTime1": "10:00",
        "holidayEndTime1": "11:00",
        "holidayBeginTime2": "13:00",
        "holidayEndTime2": "17:30",
        "holidayBeginTime3": "",
        "holidayEndTime3": "",
    },
    "skillParam": {
        "skillId": 5,
        "skillName": "Voice Skill Queue",
        "outBoundType": 2,
        "predictParam": {"predictMethod": 5, "offhookPredictParam": {"offHookRate": 100}},
    },
    "initStatus": 0,
    "callBackUrl": "https://10.10.10.10/xxx/xxx/xxx",
}


def create_at(instant: int) -> bytes:
    """Return the published create for another time."""
    return CREATE.replace(_CREATE_AT.encode(), str(instant).encode())


def move_at(instant: int) -> bytes:
    """Return the published modify with another new time."""
    return _MOVE.replace(_MOVE_AT.encode(), str(instant).encode())


def campaign_from(now: int) -> bytes:
    """Return the published campaign, beginning tomorrow and as long as it was."""
    begins = datetime.fromtimestamp(now / 1000, UTC).date() + timedelta(days=1)
    ends = begins + timedelta(days=_DAYS - 1)
    dates = {"strBeginTime": f"{begins} 00:00:00", "strEndTime": f"{ends} 23:59:59"}
    return msgspec.json.encode(_CAMPAIGN | dates)


def automatic_at(instant: int) -> bytes:
    """Return the published create for a call that the system makes by itself."""
    wish = {"callType": "2", "calledNo": AUTOMATIC_NO, "appointTime": instant}
    return msgspec.json.encode(msgspec.json.decode(CREATE) | wish)


def list_of(called_no: str) -> bytes:
    """Return the list of the calls to a number."""
    return msgspec.json.encode({"calledNo": called_no, "offset": 0, "limit": 100})


def is_dialled(fields: Mapping[str, Any], reservation_id: str) -> bool:
    """Whether the list has a call with all that the system writes of one that was answered."""
    (row,) = fields["data"]
    written = (row["callId"], row["callerNo"], row["beginTime"], row["endTime"])
    return row["appointId"] == reservation_id and row["failCode"] == "00000" and all(written)


def is_expected_list(fields: Mapping[str, Any]) -> bool:
    """Whether the list shows what the examples before it have done."""
    rows = {row["appointId"]: row for row in fields["data"]}
    return (
        fields["totalCount"] == len(rows) == _LISTED
        and DELETE_ID not in rows
        and rows[RESULT_ID]["failCode"] == "00000"
        and rows[MOVE_ID]["remark"] == "备注更新0516"
    )


def opening(vdn: int, now: int) -> Opening:
    """Return the campaign of the published reservations, with the id that they name."""
    plan = Plan(
        name="demo",
        device_type=_PREVIEW,
        alerting_seconds_max=20,
        workday_windows=(Window(0, 24 * 60),),
        special_day_windows=(),
        terms={},
        caller_numbers=(CallerNumber("10086"),),
    )
    return Opening(
        vdn=vdn,
        plan=plan,
        begin_at=now,
        end_at=now + 365 * 24 * _HOUR_MS,
        status="started",
        by="migration",
        at=now,
        active_max=1,
        id=CAMPAIGN_ID,
    )
