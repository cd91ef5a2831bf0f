"""The five interfaces of reserved outbound calls, cec_07_0777 to cec_07_0781."""

from callkeeper.api import examples
from callkeeper.api.contract.fields import Form, Values
from callkeeper.api.contract.interface import Admitted, interface
from callkeeper.api.reservation_form import (
    APPOINT_ID,
    LIST_FORM,
    create_form,
    result_form,
    update_form,
)
from callkeeper.api.reservation_record import PAGE, RETURN_OBJECT, record
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.core.phrase import Phrase
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Wish
from callkeeper.http.answer import Answer
from callkeeper.store.port.reservations import Wanted
from callkeeper.usecases.reservations import Bookings

PATH = "/rest/isales/v1/openapi/campaigns/{vdn}/appoint/"

_CODES = "0200000 0200001 0200006 02000001"
_UPDATED = Phrase("update success")  # as both pages print it


class ReservationInterfaces:
    """The interfaces, over the use cases."""

    def __init__(self, bookings: Bookings, clock: Clock) -> None:
        self._bookings = bookings
        self._clock = clock

    @interface(
        "POST",
        PATH + "create",
        "create",
        page="cec_07_0777",
        says="Reserve a call",
        form=create_form,
        codes=f"{_CODES} 0200007 02000002 02000003 04000001 04000002",
        example=examples.create,
        answers={"returnObject": RETURN_OBJECT},
        takes_idempotency_key=True,
    )
    async def create(self, asked: Admitted) -> Answer:
        """Reserve a call; the same signed request again gets the same answer."""
        booked = await self._bookings.reserve(Wish(**asked.values), asked.origin)
        id_ = booked.reservation.id
        headers = {"idempotency-replayed": "true"} if booked.again else None
        return Answer(payload={"returnObject": {"appointId": id_, "id": id_}}, headers=headers)

    @interface(
        "POST",
        PATH + "update",
        "update",
        page="cec_07_0778",
        says="Move a manual reservation to another time or agent",
        form=update_form,
        codes=f"{_CODES} 02000002 02000003 04000004",
        example=examples.UPDATE,
    )
    async def update(self, asked: Admitted) -> Answer:
        """Move a manual reservation."""
        id_ = asked.values.pop("id")
        await self._bookings.change(id_, Move(**asked.values), asked.origin)
        return Answer(_UPDATED)

    @interface(
        "POST",
        PATH + "updateResult",
        "updateResult",
        page="cec_07_0779",
        says="File how the call of a reservation ended",
        form=result_form,
        codes=f"{_CODES} 02000002 02000003 04000004",
        example=examples.UPDATE_RESULT,
    )
    async def update_result(self, asked: Admitted) -> Answer:
        """File a result."""
        id_ = asked.values.pop("id")
        await self._bookings.change(id_, Result(**asked.values), asked.origin)
        return Answer(_UPDATED)

    @interface(
        "POST",
        PATH + "delete",
        "delete",
        page="cec_07_0780",
        says="Delete a reservation whose call was not made",
        form=Form(APPOINT_ID),
        codes=f"{_CODES} 04000004 04000005",
        example=examples.DELETE,
    )
    async def delete(self, asked: Admitted) -> Answer:
        """Delete a reservation."""
        await self._bookings.change(asked.values["id"], Cancel(), asked.origin)
        return Answer()

    @interface(
        "POST",
        PATH + "list",
        "list",
        page="cec_07_0781",
        says="List reservations by appointed time",
        form=LIST_FORM,
        codes=_CODES,
        example=examples.LIST,
        answers=PAGE,
        reads=True,
    )
    async def list(self, asked: Admitted) -> Answer:
        """List reservations."""
        page = await self._bookings.find(_wanted(asked.origin.vdn, asked.values))
        now = self._clock.now()
        data = [record(listed, now) for listed in page.listed]
        return Answer(payload={"totalCount": page.total, "data": data})


def _wanted(vdn: int, values: Values) -> Wanted:
    text = values.pop("campaign_id", None)
    if text is None:
        return Wanted(vdn, **values)
    # A text that is no campaign's id matches nothing, as no campaign has the id 0.
    return Wanted(vdn, **values, campaign_id=campaign_id(text) or 0)
