"""A campaign as it is answered: the detail of cec_07_0726, the page of cec_07_0727."""

from typing import Any

from callkeeper.api.campaigns.policies import CALL, IVR, PREDICTION, RETRY, SKILL
from callkeeper.api.contract.fields import Fields, Schema, Values
from callkeeper.api.contract.times import SCHEDULE, date_time, schedule
from callkeeper.core.campaigns.campaign import (
    DEVICE_TYPES,
    IVR_DEVICES,
    SKILL_DEVICES,
    Campaign,
    Status,
)
from callkeeper.core.instants import Instant

ENDED = 4
STATUS: dict[Status, int] = {"draft": 1, "started": 2, "paused": 3}


def row(campaign: Campaign, now: Instant) -> dict[str, Any]:
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


def detail(campaign: Campaign, now: Instant) -> dict[str, Any]:
    """Return all of a campaign, null where something does not apply or was not given.

    ``callerNo`` is the one number that is shown; ``callerNoList``, our own addition, has all.
    """
    policies = campaign.policies
    hours = schedule(campaign.workday_windows, campaign.special_day_windows)
    return {
        **row(campaign, now),
        "description": campaign.description,
        "maxAlertingTime": campaign.alerting_seconds_max,
        "scheduleParam": (policies.schedule or {}) | hours,
        "ivrParam": _ivr_flow(campaign),
        "skillParam": _skill_queue(campaign),
        "callBackUrl": policies.call_back_url,
        "priority": policies.priority,
        "callOrder": policies.call_order,
        "retryPolicy": policies.retry and RETRY.write(policies.retry),
        "callPolicy": policies.call and CALL.write(policies.call),
        "callerNoList": [
            {"accessCode": each.number, "priority": each.priority}
            for each in campaign.caller_numbers
        ],
    }


def _ivr_flow(campaign: Campaign) -> Values | None:
    flow = campaign.policies.ivr_flow
    if campaign.device_type not in IVR_DEVICES or flow is None:
        return None
    return _absent(IVR) | IVR.write(flow)


def _skill_queue(campaign: Campaign) -> Values | None:
    queue = campaign.policies.skill_queue
    if campaign.device_type not in SKILL_DEVICES or queue is None:
        return None
    written = _absent(SKILL) | SKILL.write(queue)
    if queue.pacing is not None:
        written["predictParam"] = _absent(PREDICTION) | PREDICTION.write(queue.pacing)
    return written


def _absent(form: Fields) -> Values:
    return dict.fromkeys(field.name for field in form.fields)


def _nullable(form: Fields) -> Schema:
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
        "deviceType": {"type": "integer", "enum": list(DEVICE_TYPES)},
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
