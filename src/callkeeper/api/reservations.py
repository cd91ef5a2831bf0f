"""The five interfaces of reserved outbound calls, cec_07_0777 to cec_07_0781."""

from callkeeper.api import examples
from callkeeper.api.contract.interface import Admitted, interface
from callkeeper.api.reservation_form import (
    DELETE_FORM,
    LIST_FORM,
    Addressed,
    Listing,
    create_form,
    result_form,
    update_form,
)
from callkeeper.api.reservation_record import PAGE, RETURN_OBJECT, record
from callkeeper.clock import Clock
from callkeeper.core.phrase import Phrase
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Wish
from callkeeper.http.answer import Answer
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
    async def create(self, asked: Admitted[Wish]) -> Answer:
        """Reserve a call; the same signed request again gets the same answer."""
        booked = await self._bookings.reserve(asked.said, asked.origin)
        id_ = booked.reservation.id
        headers = {"idempotency-replayed": "true"} if booked.again else None
        return Answer(
            payload={"returnObject": {"appointId": id_, "id": id_}},
            headers=headers,
            made={"reservation": id_},
        )

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
    async def update(self, asked: Admitted[Addressed[Move]]) -> Answer:
        """Move a manual reservation."""
        await self._bookings.change(asked.said.id, asked.said.change, asked.origin)
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
    async def update_result(self, asked: Admitted[Addressed[Result]]) -> Answer:
        """File a result."""
        await self._bookings.change(asked.said.id, asked.said.change, asked.origin)
        return Answer(_UPDATED)

    @interface(
        "POST",
        PATH + "delete",
        "delete",
        page="cec_07_0780",
        says="Delete a reservation whose call was not made",
        form=DELETE_FORM,
        codes=f"{_CODES} 04000004 04000005",
        example=examples.DELETE,
    )
    async def delete(self, asked: Admitted[Addressed[Cancel]]) -> Answer:
        """Delete a reservation."""
        await self._bookings.change(asked.said.id, asked.said.change, asked.origin)
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
    async def list(self, asked: Admitted[Listing]) -> Answer:
        """List reservations."""
        page = await self._bookings.find(asked.said.of(asked.origin.vdn))
        now = self._clock.now()
        data = [record(listed, now) for listed in page.listed]
        return Answer(payload={"totalCount": page.total, "data": data})
