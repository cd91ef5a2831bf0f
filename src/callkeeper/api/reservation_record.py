"""A reservation as it is answered: the row of cec_07_0781, and the id of a new one."""

from typing import Any

from callkeeper.api.contract.fields import Schema
from callkeeper.api.reservation_form import KINDS
from callkeeper.core.instants import Instant
from callkeeper.store.port.reservations import Listed

_CALL_TYPES = {kind: str(number) for number, kind in KINDS.items()}
_CAMPAIGN_STATUS = {"draft": "1", "started": "2", "paused": "3"}
_ENDED = "4"


def record(listed: Listed, now: Instant) -> dict[str, Any]:
    """Return one row of the list, table 5 of cec_07_0781, and the fields behind it."""
    reservation = listed.reservation
    return {
        "appointId": reservation.id,
        "callType": _CALL_TYPES[reservation.kind],
        "appointTime": reservation.appoint_at,
        "calledNo": reservation.called_no,
        "taskId": str(reservation.campaign_id),
        "taskName": listed.campaign_name,
        "taskStatus": _campaign_status(listed, now),
        "timeout": reservation.is_overdue(now),
        "userAccount": reservation.agent,
        "userName": listed.agent_name,
        "beginTime": reservation.begin_at,
        "endTime": reservation.end_at,
        "callerNo": reservation.caller_no,
        "failCode": reservation.fail_code,
        "callId": reservation.call_id,
        "busiResult": reservation.business_result,
        "busiSubStatus": reservation.business_sub_result,
        "callData": reservation.call_data,
        "remark": reservation.remark,
    }


def _campaign_status(listed: Listed, now: Instant) -> str:
    ended = listed.campaign_end_at is None or listed.campaign_end_at <= now
    if ended or listed.campaign_deleted_at is not None or listed.campaign_status is None:
        return _ENDED
    return _CAMPAIGN_STATUS[listed.campaign_status]


def _object(**properties: tuple[Schema, str]) -> Schema:
    """Return the schema of an object that always has all its fields."""
    described = {name: {**kind, "description": says} for name, (kind, says) in properties.items()}
    return {"type": "object", "required": list(properties), "properties": described}


_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "integer", "format": "int64", "x-type": "TimeStamp"}
_TEXT_OR_NULL = {**_TEXT, "nullable": True}
_TIME_OR_NULL = {**_TIME, "nullable": True}
RETURN_OBJECT = _object(appointId=(_TEXT, "the reservation"), id=(_TEXT, "the same"))
_RECORD = _object(
    appointId=(_TEXT, "the reservation"),
    callType=({**_TEXT, "enum": ["1", "2"]}, "1 manual, 2 automatic"),
    appointTime=(_TIME, "appointed time"),
    calledNo=(_TEXT, "called number"),
    taskId=(_TEXT, "campaign it belongs to"),
    taskName=(_TEXT_OR_NULL, "the campaign's name"),
    taskStatus=(
        {**_TEXT, "enum": ["1", "2", "3", "4"]},
        "the campaign's status: 1 draft, 2 started, 3 suspended, 4 ended or deleted",
    ),
    timeout=({"type": "boolean"}, "true: its time has passed and the call was not made"),
    userAccount=(_TEXT_OR_NULL, "the agent's business account, or agent id"),
    userName=(_TEXT_OR_NULL, "the agent's name"),
    beginTime=(_TIME_OR_NULL, "when the call began"),
    endTime=(_TIME_OR_NULL, "when the call ended"),
    callerNo=(_TEXT_OR_NULL, "calling number"),
    failCode=(_TEXT_OR_NULL, "CTI result code; 00000: the call succeeded"),
    callId=(_TEXT_OR_NULL, "call record id"),
    busiResult=(_TEXT_OR_NULL, "id of the business result"),
    busiSubStatus=(_TEXT_OR_NULL, "id of the business sub-result"),
    callData=(_TEXT_OR_NULL, "data for the flow of an automatic call"),
    remark=(_TEXT_OR_NULL, "note"),
)
PAGE: dict[str, Schema] = {
    "totalCount": {"type": "integer", "description": "matching records, in all"},
    "data": {"type": "array", "items": _RECORD, "description": "this page's"},
}
