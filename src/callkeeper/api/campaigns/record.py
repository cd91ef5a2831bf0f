"""A campaign as it is answered: the detail of cec_07_0726, the page of cec_07_0727."""

from typing import Any

from callkeeper.api.campaigns.form import IVR, PREDICTION, SKILL
from callkeeper.api.contract.fields import Form, Schema
from callkeeper.api.contract.times import SCHEDULE, date_time, schedule
from callkeeper.core.campaigns.campaign import IVR_DEVICES, SKILL_DEVICES, Campaign

ENDED = 4
STATUS = {"draft": 1, "started": 2, "paused": 3}


def row(campaign: Campaign, now: int) -> dict[str, Any]:
    """Return what a list shows of a campaign."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": ENDED if campaign.has_ended(now) else STATUS[campaign.status],
        "strBeginTime": date_time(campaign.begin_at),
        "strEndTime": date_time(campaign.end_at),
        "deviceType": campaign.device_type,
        "callerNo": campaign.shown_number,
    }


def detail(campaign: Campaign, now: int) -> dict[str, Any]:
    """Return all of a campaign, null where something does not apply or was not given.

    ``callerNo`` is the one number that is shown; ``callerNoList``, our own addition, has all.
    """
    terms = campaign.terms
    hours = schedule(campaign.workday_windows, campaign.special_day_windows)
    return {
        **row(campaign, now),
        "description": campaign.description,
        "maxAlertingTime": campaign.alerting_seconds_max,
        "scheduleParam": terms.get("scheduleParam", {}) | hours,
        "ivrParam": _part(campaign, "ivrParam", IVR_DEVICES, IVR),
        "skillParam": _skill(_part(campaign, "skillParam", SKILL_DEVICES, SKILL)),
        "callBackUrl": terms.get("callBackUrl"),
        "priority": terms.get("priority"),
        "callOrder": terms.get("callOrder"),
        "retryPolicy": terms.get("retryPolicy"),
        "callPolicy": terms.get("callPolicy"),
        "callerNoList": [
            {"accessCode": each.number, "priority": each.priority}
            for each in campaign.caller_numbers
        ],
    }


def _part(
    campaign: Campaign, name: str, device_types: frozenset[int], form: Form
) -> dict[str, Any] | None:
    if campaign.device_type not in device_types or name not in campaign.terms:
        return None
    part: dict[str, Any] = campaign.terms[name]
    return _absent(form) | part


def _skill(part: dict[str, Any] | None) -> dict[str, Any] | None:
    if part is None or part["predictParam"] is None:
        return part
    return part | {"predictParam": _absent(PREDICTION) | part["predictParam"]}


def _absent(form: Form) -> dict[str, Any]:
    return dict.fromkeys(field.name for field in form.fields)


def _nullable(form: Form) -> Schema:
    members = {field.name: {**field.schema(), "nullable": True} for field in form.fields}
    return {"type": "object", "properties": members, "nullable": True}


_INTEGER = {"type": "integer", "format": "int64"}
_TEXT = {"type": "string"}
_ANY_OBJECT = {"type": "object", "nullable": True}
ROW: Schema = {
    "type": "object",
    "properties": {
        "id": _INTEGER,
        "name": _TEXT,
        "status": {"type": "integer", "enum": [*STATUS.values(), ENDED]},
        "strBeginTime": _TEXT,
        "strEndTime": _TEXT,
        "deviceType": {"type": "integer", "enum": sorted(IVR_DEVICES | SKILL_DEVICES)},
        "callerNo": {**_TEXT, "nullable": True},
    },
}
DETAIL: Schema = {
    "type": "object",
    "properties": {
        **ROW["properties"],
        "description": {**_TEXT, "nullable": True},
        "maxAlertingTime": _INTEGER,
        "scheduleParam": _nullable(SCHEDULE),
        "ivrParam": _nullable(IVR),
        "skillParam": _nullable(SKILL),
        "callBackUrl": {**_TEXT, "nullable": True},
        "priority": {**_INTEGER, "nullable": True},
        "callOrder": {**_INTEGER, "nullable": True},
        "retryPolicy": _ANY_OBJECT,
        "callPolicy": _ANY_OBJECT,
        "callerNoList": {
            "type": "array",
            "items": {"type": "object", "properties": {"accessCode": _TEXT, "priority": _INTEGER}},
        },
    },
}
_COUNT = {"type": "integer"}
PAGE: dict[str, Schema] = {
    "curPage": _COUNT,
    "totalSize": _COUNT,
    "rowsPerPage": _COUNT,
    "data": {"type": "array", "items": ROW},
    "curSkillQueueCount": _COUNT,
    "curIvrCount": _COUNT,
}
RETURN_OBJECT: Schema = {"type": "object", "properties": {"id": _INTEGER}}
