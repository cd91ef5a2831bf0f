"""What an agent has to do today: what is late, what comes next, and what is done."""

from contextlib import suppress

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.stream import Streams
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit, is_id
from callkeeper.core.instants import Instant, day_around
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.usecases.promises import Kept
from callkeeper.usecases.work import Todo, Work

_ROWS_MAX = 200


class TodayPage:
    """An agent's list."""

    def __init__(self, work: Work, streams: Streams, press: Press, times: PageTimes) -> None:
        self._work = work
        self._streams = streams
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show the list of whoever looks."""
        times = self._times.of(who)
        day = day_around(times.now, times.zone)
        pulse = await self._streams.number(who.person, visit.vdn, own=True, told=visit.told)
        todo = await self._work.todo(who.person, visit.vdn, day, _ROWS_MAX)
        return self._press.page(
            visit.language,
            "today",
            who=who,
            vdn=visit.vdn,
            todo=todo,
            later=[each for each in todo.open.promises if _at(each) > day[1]],
            pulse=pulse,
            filed=await self._filed(visit, who, todo),
            times=times,
        )

    async def _filed(self, visit: Visit, who: SignedIn, todo: Todo) -> Kept | None:
        """Return what whoever looks has just filed, as the path has it."""
        id_ = visit.request.query_params.get("filed", "")
        done = (each for each in todo.done.promises if each.listed.reservation.id == id_)
        found = next(done, None)
        if found is None and is_id(id_):  # of another day, or with more to be said of it
            with suppress(NoSuchReservation):
                found = (await self._work.one(who.person, visit.vdn, id_)).kept
        return None if found is None or found.listed.reservation.state != "done" else found


def _at(kept: Kept) -> Instant:
    return kept.listed.reservation.appoint_at
