"""One request and its answer for each interface: /docs and /openapi.json show it, a test sends it.

As far as the vendor prints one, it is his; a time of his that is past lies in 2030 here.
"""

from typing import Any

from callkeeper.api.contract.example import CAMPAIGN_ID, Example
from callkeeper.api.contract.interface import Dialect
from callkeeper.http.answer import SUCCESS

RESULT_ID = "174738152455111432454674595509"
MOVE_ID = "174729926098016859445364892091"
DELETE_ID = "174730004495053249845286302552"
APPOINTED_AT = 1_893_578_400_000  # 2030-01-02 10:00:00 UTC
_MOVED_TO = 1_893_592_800_000  # 14:00:00

# cec_07_0777 to cec_07_0780
PUBLISHED_CREATE: dict[str, Any] = {
    "callType": "1",
    "calledNo": "66660001",
    "userAccount": "testName",
    "taskId": "1106025109",
    "appointTime": 1748858400000,
    "remark": "remark备注",
}
PUBLISHED_RESULT: dict[str, Any] = {
    "appointId": RESULT_ID,
    "failCode": "00000",
    "callId": "1747316188-341779",
    "busiResult": "17549503",
    "busiSubStatus": "17124429",
    "beginTime": 1747220297000,
    "endTime": 1747220365000,
}

# cec_07_0721
PUBLISHED_V1: dict[str, Any] = {
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
# cec_07_0722
PUBLISHED_V2: dict[str, Any] = {
    "name": "test0827shwocase1",
    "description": "long0825",
    "strBeginTime": "2021-08-27 00:00:00",
    "strEndTime": "2021-08-28 23:59:59",
    "deviceType": 2,
    "callerNo": [
        {"accessCode": "88889527", "priority": 3},
        {"accessCode": "88880066", "priority": 4},
    ],
    "maxAlertingTime": 20,
    "priority": 4,
    "scheduleParam": {
        "workdayBeginTime1": "00:00",
        "workdayEndTime1": "23:59",
        "workdayBeginTime2": "",
        "workdayEndTime2": "",
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
        "skillId": 2,
        "skillName": "defaultAudioSkill",
        "outBoundType": 2,
        "predictParam": {
            "predictMethod": 1,
            "expPredictParam": {"maxAvgCallTime": 100, "minAvgCallTime": 50, "outBoundRate": 50},
        },
    },
    "retryPolicy": {
        "policyType": 1,
        "policyJson": "[{'dataType':'SI','type':1,"
        "'policy':[{'result':4,'retryNumber':3,'callInterval':600}]}]",
    },
    "callPolicy": {"callType": 1, "chooseType": 0, "turns": [{"turnType": "SI"}]},
    "initStatus": 0,
    "callBackUrl": "https://10.10.10.10/xxx/xxx/xxx",
}
# cec_07_0732
PUBLISHED_BUSINESS_RESULT: dict[str, Any] = {
    "name": "呼叫失败",
    "code": "123456",
    "description": "呼叫失败",
    "children": [
        {"name": "客户直接挂断", "code": "100001", "description": "客户直接挂断"},
        {"name": "客户关机", "code": "100002", "description": "客户关机"},
    ],
}


def _says(said: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON goes out
    codes = {"returnCode": SUCCESS, "resultCode": SUCCESS}
    return {**codes, "resultDesc": said, "returnDesc": said, **more}


def create(dialect: Dialect) -> Example:
    """Return the reservation of a call, its agent named as the deployment does."""
    body = PUBLISHED_CREATE | {"appointTime": APPOINTED_AT}
    if dialect.deployment == "op":
        body = {name: value for name, value in body.items() if name != "userAccount"}
        body["workNo"] = "125"
    id_ = "174712034211433247704877116507"
    return Example(
        body,
        _says("success", returnObject={"appointId": id_, "id": id_}),
        ("returnObject.appointId", "returnObject.id"),
    )


UPDATE = Example(
    {"appointId": MOVE_ID, "remark": "备注更新0516", "appointTime": _MOVED_TO},
    _says("update success"),
)
UPDATE_RESULT = Example(PUBLISHED_RESULT, _says("update success"))
DELETE = Example({"appointId": DELETE_ID}, _says("success"))
LIST = Example(
    {"taskId": str(CAMPAIGN_ID), "offset": 0, "limit": 1},
    _says(
        "success",
        totalCount=3,
        data=[
            {
                "appointId": MOVE_ID,
                "callType": "1",
                "appointTime": APPOINTED_AT,
                "calledNo": "66660001",
                "taskId": str(CAMPAIGN_ID),
                "taskName": "SAAS_JST",
                "taskStatus": "2",
                "timeout": False,
                "userAccount": "testName",
                "userName": None,
                "beginTime": None,
                "endTime": None,
                "callerNo": None,
                "failCode": None,
                "callId": None,
                "busiResult": None,
                "busiSubStatus": None,
                "callData": None,
                "remark": None,
            }
        ],
    ),
)

_DATES = {"strBeginTime": "2030-01-01 00:00:00", "strEndTime": "2030-01-28 23:59:59"}
_NAMED = {"name": "SAAS_JST"}
_ADDED = _says("", returnObject={"id": CAMPAIGN_ID})
ADD_CAMPAIGN = Example(PUBLISHED_V1 | _DATES, _ADDED, ("returnObject.id",))
ADD_CAMPAIGN_V2 = Example(PUBLISHED_V2 | _DATES, _ADDED, ("returnObject.id",))
STANDING = PUBLISHED_V1 | _DATES | _NAMED  # campaign 46, as it was added
MODIFY_CAMPAIGN = Example(
    {name: value for name, value in STANDING.items() if name != "initStatus"}
    | {"maxAlertingTime": 30},
    _says("success"),
)
MODIFY_CAMPAIGN_V2 = Example(
    {name: value for name, value in PUBLISHED_V2.items() if name != "initStatus"} | _DATES | _NAMED,
    _says("success"),
)
DELETE_CAMPAIGN = Example({"archiveHistory": 0}, _says("success"))
PAUSE = RESUME = Example({}, _says("success"))
QUERY_CAMPAIGN = Example(
    {},
    _says(
        "",
        returnObject={
            "id": CAMPAIGN_ID,
            **_NAMED,
            "status": 2,
            **_DATES,
            "deviceType": 2,
            "callerNo": "10085",
            "description": STANDING["description"],
            "maxAlertingTime": 20,
            "scheduleParam": {
                name: time or None for name, time in STANDING["scheduleParam"].items()
            },
            "ivrParam": None,
            "skillParam": {
                **STANDING["skillParam"],
                "predictParam": {
                    "predictMethod": 5,
                    "expPredictParam": None,
                    "agentPredictParam": None,
                    "connectPredictParam": None,
                    "offhookPredictParam": {"offHookRate": 100},
                },
                "previewParam": None,
            },
            "callBackUrl": STANDING["callBackUrl"],
            "priority": None,
            "callOrder": None,
            "retryPolicy": None,
            "callPolicy": None,
            "callerNoList": [{"accessCode": "10085", "priority": 1}],
        },
    ),
)
QUERY_CAMPAIGNS = Example(
    {"status": 0, "deviceType": 2, "curPage": 1, "rowsPerPage": 10},
    _says(
        "",
        curPage=1,
        totalSize=1,
        rowsPerPage=10,
        data=[
            {"id": CAMPAIGN_ID, **_NAMED, "status": 2, **_DATES, "deviceType": 2}
            | {"callerNo": "10085"}
        ],
        curSkillQueueCount=1,
        curIvrCount=1,
    ),
)
ADD_BUSINESS_RESULT = Example(PUBLISHED_BUSINESS_RESULT, _says("addBusinessResult success"))
QUERY_BUSINESS_RESULTS = Example(
    {"pageSize": 10, "pageNum": 1},
    _says(
        "success",
        totalCount=1,
        data=[
            {
                "name": "呼叫失败",
                "code": "123456",
                "defLevel": "1",
                "children": [
                    {"name": "客户直接挂断", "code": "100001", "defLevel": "2"},
                    {"name": "客户关机", "code": "100002", "defLevel": "2"},
                ],
            }
        ],
    ),
)
