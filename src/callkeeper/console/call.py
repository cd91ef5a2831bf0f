"""Asking for a call on a reservation's page, and for its end; and saying so of one by hand.

What is typed there of its result comes with that, and stays.
"""

from starlette.responses import Response

from callkeeper.console.reservation import ReservationPage
from callkeeper.console.visit import Visit
from callkeeper.core.dialing.desk_call import CallRefused
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import Overtaken, ParameterWrong
from callkeeper.usecases.by_hand import HandCalls
from callkeeper.usecases.calling import Calling


class CallActs:
    """What is done with buttons; the page then tells how the call stands."""

    def __init__(self, calling: Calling, by_hand: HandCalls, one: ReservationPage) -> None:
        self._calling = calling
        self._by_hand = by_hand
        self._one = one

    async def call(self, visit: Visit, who: SignedIn) -> Response:
        """Ask for the call: the phone of whoever asks rings first."""
        form = visit.form()
        try:
            await self._calling.ask(who.person, visit.vdn, visit.id, anyway="anyway" in form)
        except CallRefused as refused:
            return await self._one.refill(visit, who, form, refused)
        return await self._one.go_on(visit, who, form)

    async def hang_up(self, visit: Visit, who: SignedIn) -> Response:
        """Ask for its end; if it is over already, that is well."""
        form = visit.form()
        await self._calling.hang_up(who.person, visit.vdn, visit.id)
        return await self._one.go_on(visit, who, form)

    async def begin_by_hand(self, visit: Visit, who: SignedIn) -> Response:
        """Say that one rings by oneself now; the page then has the number as a link."""
        form = visit.form()
        try:
            await self._by_hand.begin(who.person, visit.vdn, visit.id, anyway="anyway" in form)
        except (CallRefused, ParameterWrong, Overtaken) as refused:
            return await self._one.refill(visit, who, form, refused)
        return await self._one.go_on(visit, who, form)

    async def end_by_hand(self, visit: Visit, who: SignedIn) -> Response:
        """Say that it is over."""
        form = visit.form()
        try:
            await self._by_hand.end(who.person, visit.vdn, visit.id)
        except (ParameterWrong, Overtaken) as refused:
            return await self._one.refill(visit, who, form, refused)
        return await self._one.refill(visit, who, form)
