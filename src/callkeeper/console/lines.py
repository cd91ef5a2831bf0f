"""Lines: which are up, who dials over them, how many calls go on, and how those before ended."""

from collections.abc import Iterator
from typing import NamedTuple

from starlette.responses import Response

from callkeeper.console.press import Press
from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import may
from callkeeper.core.people.session import SignedIn
from callkeeper.usecases.lines import LineLook

LINE_WORDS = {
    "up": "up",
    "refuses": "refuses every call",
    "down": "down",
    "nobody": "nobody dials over it",
}

OUTCOME_WORDS = {
    "answered": "answered",
    "busy": "busy",
    "no_answer": "no answer",
    "rejected": "rejected",
    "number_changed": "number changed",
    "wrong_number": "wrong number",
    "unreachable": "not reached",
    "congestion": "congestion",
    "failed": "failed for another reason",
    "refused": "refused by the line",
    "unknown": "unknown",
    "withdrawn": "not dialed after all",
}


class Tally(NamedTuple):
    """How many of a dispatcher's calls ended one way."""

    outcome: str
    times: int


class LinesPage:
    """The lines of the installation."""

    def __init__(self, look: LineLook, press: Press, times: PageTimes) -> None:
        self._look = look
        self._press = press
        self._times = times

    async def show(self, visit: Visit, who: SignedIn) -> Response:
        """Show them as they are now."""
        found, times = await self._look.find(who.person), self._times.of(who)
        return self._press.page(
            visit.language,
            "lines",
            who=who,
            lines=found.loads(times.now),
            is_dialed=bool(found.living(times.now)),
            gone=found.gone(times.now),
            line_words=LINE_WORDS,
            outcome_words=OUTCOME_WORDS,
            tallies=_tallies,
            boards=list(_boards(who.person)),
            now=times.now,
            times=times,
        )


def _tallies(lease: Lease) -> list[Tally]:
    """Return how the calls of a dispatcher ended, in the order in which outcomes are known.

    One that only a newer version knows comes last, as that one calls it.
    """
    told = lease.outcomes or {}
    newer = sorted(told.keys() - OUTCOME_WORDS.keys())
    return [Tally(each, told[each]) for each in (*OUTCOME_WORDS, *newer) if each in told]


def _boards(person: Person) -> Iterator[int]:
    """Yield the VDNs whose board somebody has a role to look at."""
    for role in person.roles:
        if role.vdn is not None and may(person, "see_board", role.vdn):
            yield role.vdn
