"""One reservation: the promise, how it stands, its story, and what may be done with it."""

from collections.abc import Callable, Mapping

from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.press import Press, lead_to
from callkeeper.console.result_form import ENDS, read_result
from callkeeper.console.times import times_of
from callkeeper.console.visit import Visit
from callkeeper.core.instants import LocalTimes
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import AlreadyCalled, Overtaken, ParameterWrong, Refusal
from callkeeper.core.reservations.changes import Cancel, Change, Move
from callkeeper.core.wall_time import read_wall_time
from callkeeper.usecases.work import Work

Form = Mapping[str, str]
Read = Callable[[Form, LocalTimes], Change]


class ReservationPage:
    """One reservation, and the forms on its page."""

    def __init__(self, work: Work, press: Press, clock: Clock, zone: str) -> None:
        self._work = work
        self._press = press
        self._clock = clock
        self._zone = zone

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show it."""
        return await self._page(visit, who)

    async def file(self, visit: Visit, who: SignedIn) -> Response:
        """File how its call ended."""
        role = who.person.role_in(visit.vdn)
        agent = None if role is None else role.agent
        return await self._changed(visit, who, lambda form, times: read_result(form, times, agent))

    async def move(self, visit: Visit, who: SignedIn) -> Response:
        """Give it another time."""
        return await self._changed(visit, who, _moved)

    async def note(self, visit: Visit, who: SignedIn) -> Response:
        """Give it another note."""
        return await self._changed(visit, who, lambda form, _: Move(remark=form.get("note", "")))

    async def cancel(self, visit: Visit, who: SignedIn) -> Response:
        """Delete it: the customer no longer wants the call."""
        return await self._changed(visit, who, lambda _form, _times: Cancel())

    async def _changed(self, visit: Visit, who: SignedIn, read: Read) -> Response:
        form = await visit.form()
        times = self._times(who)
        try:
            change = read(form, times)
            await self._work.change(who.person, visit.vdn, visit.id, change, _version(form))
        except (ParameterWrong, AlreadyCalled, Overtaken) as refused:
            return await self._page(visit, who, typed=form, refused=refused)
        is_gone = isinstance(change, Cancel)
        today = f"/console/{visit.vdn}/today"
        return lead_to(today if is_gone else f"{today}#done-{visit.id}")

    async def _page(
        self,
        visit: Visit,
        who: SignedIn,
        *,
        typed: Form | None = None,
        refused: Refusal | None = None,
    ) -> Response:
        times = self._times(who)
        found = await self._work.one(who.person, visit.vdn, visit.id)
        status = 200 if refused is None else 409 if isinstance(refused, Overtaken) else 422
        return self._press.page(
            visit.language,
            "reservation",
            status=status,
            who=who,
            vdn=visit.vdn,
            found=found,
            times=times,
            ends=ENDS,
            typed=typed or {},
            refused=refused,
        )

    def _times(self, who: SignedIn) -> LocalTimes:
        return times_of(who.person, self._zone, self._clock.now())


def _moved(form: Form, times: LocalTimes) -> Move:
    at = read_wall_time(form.get("day", ""), form.get("at", ""), times.zone, form.get("which", ""))
    return Move(appoint_at=at)


def _version(form: Form) -> int | None:
    text = form.get("version", "")
    if not text.isascii() or not text.isdigit():
        raise ParameterWrong("the form cannot be read; load the page again")
    return int(text)
