"""The five interfaces of reserved outbound calls, cec_07_0777 to cec_07_0781."""

from typing import Any

from callkeeper.api import examples
from callkeeper.api.contract.auth import Caller
from callkeeper.api.contract.fields import Form, Schema, Values
from callkeeper.api.contract.interface import Admitted, Interface
from callkeeper.api.reservation_form import (
    APPOINT_ID,
    KINDS,
    LIST_FORM,
    Deployment,
    create_form,
    result_form,
    update_form,
)
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.core.phrase import Phrase
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Wish
from callkeeper.http.admission import Admission
from callkeeper.http.answer import Answer
from callkeeper.store.port.reservations import Listed, Wanted
from callkeeper.usecases.reservations import Bookings

PATH = "/rest/isales/v1/openapi/campaigns/{vdn}/appoint/"

_CODES = "0200000 0200001 0200006 02000001"
_CALL_TYPES = {kind: str(number) for number, kind in KINDS.items()}
_UPDATED = Phrase("update success")  # as both pages print it
_CAMPAIGN_STATUS = {"draft": "1", "started": "2", "paused": "3"}
_ENDED = "4"


class ReservationInterfaces:
    """The interfaces, over the use cases."""

    def __init__(self, bookings: Bookings, clock: Clock) -> None:
        self._bookings = bookings
        self._clock = clock

    def all(self, admission: Admission[Caller], deployment: Deployment) -> list[Interface]:
        """Return the interfaces, ready to be routed."""
        return [
            Interface(
                method="POST",
                path=PATH + "create",
                name="create",
                page="cec_07_0777",
                says="Reserve a call",
                form=create_form(deployment),
                codes=f"{_CODES} 0200007 02000002 02000003 04000001 04000002",
                example=examples.create(deployment),
                handler=self.create,
                admission=admission,
                answers={"returnObject": _RETURN_OBJECT},
                takes_idempotency_key=True,
            ),
            Interface(
                method="POST",
                path=PATH + "update",
                name="update",
                page="cec_07_0778",
                says="Move a manual reservation to another time or agent",
                form=update_form(deployment),
                codes=f"{_CODES} 02000002 02000003 04000004",
                example=examples.UPDATE,
                handler=self.update,
                admission=admission,
            ),
            Interface(
                method="POST",
                path=PATH + "updateResult",
                name="updateResult",
                page="cec_07_0779",
                says="File how the call of a reservation ended",
                form=result_form(deployment),
                codes=f"{_CODES} 02000002 02000003 04000004",
                example=examples.UPDATE_RESULT,
                handler=self.update_result,
                admission=admission,
            ),
            Interface(
                method="POST",
                path=PATH + "delete",
                name="delete",
                page="cec_07_0780",
                says="Delete a reservation whose call was not made",
                form=Form(APPOINT_ID),
                codes=f"{_CODES} 04000004 04000005",
                example=examples.DELETE,
                handler=self.delete,
                admission=admission,
            ),
            Interface(
                method="POST",
                path=PATH + "list",
                name="list",
                page="cec_07_0781",
                says="List reservations by appointed time",
                form=LIST_FORM,
                codes=_CODES,
                example=examples.LIST,
                handler=self.list,
                reads=True,
                admission=admission,
                answers=_PAGE,
            ),
        ]

    async def create(self, asked: Admitted) -> Answer:
        """Reserve a call; the same signed request again gets the same answer."""
        booked = await self._bookings.reserve(Wish(**asked.values), asked.origin)
        id_ = booked.reservation.id
        headers = {"idempotency-replayed": "true"} if booked.again else None
        return Answer(payload={"returnObject": {"appointId": id_, "id": id_}}, headers=headers)

    async def update(self, asked: Admitted) -> Answer:
        """Move a manual reservation."""
        id_ = asked.values.pop("id")
        await self._bookings.change(id_, Move(**asked.values), asked.origin)
        return Answer(_UPDATED)

    async def update_result(self, asked: Admitted) -> Answer:
        """File a result."""
        id_ = asked.values.pop("id")
        await self._bookings.change(id_, Result(**asked.values), asked.origin)
        return Answer(_UPDATED)

    async def delete(self, asked: Admitted) -> Answer:
        """Delete a reservation."""
        await self._bookings.change(asked.values["id"], Cancel(), asked.origin)
        return Answer()

    async def list(self, asked: Admitted) -> Answer:
        """List reservations."""
        page = await self._bookings.find(_wanted(asked.origin.vdn, asked.values))
        now = self._clock.now()
        data = [_record(listed, now) for listed in page.listed]
        return Answer(payload={"totalCount": page.total, "data": data})


def _wanted(vdn: int, values: Values) -> Wanted:
    text = values.pop("campaign_id", None)
    if text is None:
        return Wanted(vdn, **values)
    # A text that is no campaign's id matches nothing, as no campaign has the id 0.
    return Wanted(vdn, **values, campaign_id=campaign_id(text) or 0)


def _record(listed: Listed, now: int) -> dict[str, Any]:
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


def _campaign_status(listed: Listed, now: int) -> str:
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
_RETURN_OBJECT = _object(appointId=(_TEXT, "the reservation"), id=(_TEXT, "the same"))
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
_PAGE: dict[str, Schema] = {
    "totalCount": {"type": "integer", "description": "matching records, in all"},
    "data": {"type": "array", "items": _RECORD, "description": "this page's"},
}
