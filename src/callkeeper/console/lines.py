"""Lines: which are up, who dials over them, and how many calls are in progress."""

from typing import Literal, NamedTuple

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.people.session import SignedIn
from callkeeper.usecases.lines import LineLook, Lines

LineState = Literal["up", "refuses", "down", "nobody"]

LINE_WORDS = {
    "up": "up",
    "refuses": "refuses every call",
    "down": "down",
    "nobody": "nobody dials over it",
}


class Line(NamedTuple):
    """A line, its calls, how many it begins a second, and the dispatchers that dial over it."""

    name: str
    state: LineState
    trouble: str
    calls: int
    per_second: float
    dispatchers: list[Lease]


class LinesPage:
    """The lines of the installation."""

    def __init__(self, look: LineLook, press: Press, times: PageTimes) -> None:
        self._look = look
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them as they are now."""
        found, times = await self._look.find(who.person), self._times.of(who)
        living = [each for each in found.dispatchers if each.stands(times.now)]
        return self._press.page(
            visit.language,
            "lines",
            who=who,
            lines=_lines(found, living),
            is_dialed=bool(living),
            gone=[each for each in found.dispatchers if not each.stands(times.now)],
            line_words=LINE_WORDS,
            now=times.now,
            times=times,
        )


def _lines(found: Lines, living: list[Lease]) -> list[Line]:
    names = {each.line for each in living} | set(found.calls_in_progress)
    return [_line(each, found, living) for each in sorted(names)]


def _line(name: str, found: Lines, living: list[Lease]) -> Line:
    its = [each for each in living if each.line == name]
    trouble = next((each.trouble for each in its if each.trouble), "")
    return Line(
        name,
        _state(its),
        trouble,
        found.calls_in_progress.get(name, 0),
        round(sum(each.per_second for each in its), 1),
        its,
    )


def _state(dispatchers: list[Lease]) -> LineState:
    """Return how a line is: as well as the one of its dispatchers that has it best."""
    if not dispatchers:
        return "nobody"
    up = [each for each in dispatchers if each.is_up]
    if not up:
        return "down"
    return "refuses" if all(each.trouble for each in up) else "up"
