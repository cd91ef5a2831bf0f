"""What an agent has to do today: what is late, what comes next, and what is done."""

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.stream import Streams
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.instants import Instant, day_around
from callkeeper.core.people.session import SignedIn
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
            filed=_filed(visit, todo),
            times=times,
        )


def _at(kept: Kept) -> Instant:
    return kept.listed.reservation.appoint_at


def _filed(visit: Visit, todo: Todo) -> Kept | None:
    """Return what whoever looks has just filed, as the path has it, if it is on the list."""
    id_ = visit.request.query_params.get("filed")
    done = todo.done.promises
    return next((each for each in done if each.listed.reservation.id == id_), None)
