"""The reminder: what a stream says to an agent of calls that come due, without number or name.

A stream says each once; that a browser does so whenever it connects again, it sees to itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from callkeeper.console.times import PageTimes
from callkeeper.console.visit import Visit
from callkeeper.core.instants import MINUTE_MS, SECOND_MS
from callkeeper.core.people.session import SignedIn
from callkeeper.core.phrase import Phrase
from callkeeper.core.reservations.reminder import Coming, announced, next_warning
from callkeeper.language import translator
from callkeeper.usecases.watch import Beat

_LEAST_SECONDS = 0.25  # until it is seen again whether a call comes due: the watch is no quicker


class Own(NamedTuple):
    """As whom somebody is an agent in a VDN, and how that stands."""

    vdn: int
    agent: str
    beat: Beat

    @property
    def coming(self) -> Sequence[Coming]:
        """What they have to ring within the hour, or should have by now."""
        return self.beat.coming.get(self.agent, ())


class Reminder:
    """What one stream has said of calls that come due."""

    def __init__(self, visit: Visit, times: PageTimes) -> None:
        self._visit = visit
        self._times = times
        self._said: set[str] = set()

    def news(self, who: SignedIn, own: Sequence[Own]) -> list[Mapping[str, str]]:
        """Return what was not said before; what was said stays so while nothing is known."""
        if not own:
            return []
        all_of_it = list(self._sayings(who, own))
        news = [each for each in all_of_it if each["key"] not in self._said]
        self._said = {each["key"] for each in all_of_it}
        return news

    def _sayings(self, who: SignedIn, own: Sequence[Own]) -> Iterator[Mapping[str, str]]:
        translate = translator(Visit(self._visit.request, who).language)
        times = self._times.of(who)
        for standing in own:
            vdn, at = standing.vdn, standing.beat.at
            for each in announced(standing.coming, who.warning_minutes, at):
                time = times.to_minute(each.promised_at).partition(" ")[2]
                says = Phrase("A call is due at {time}", time=time)
                if each.promised_at < at - MINUTE_MS:
                    says = Phrase("A call is late since {time}", time=time)
                yield {
                    "key": f"{vdn}/{each.key}",
                    "says": says.told(translate),
                    "opens": f"/console/{vdn}/reservations/{each.id}",
                }


def silent_seconds(who: SignedIn, own: Sequence[Own], most: float) -> float:
    """Return for how long nothing is to be said by time alone, as far as is known."""
    waits = [
        (at - each.beat.at) / SECOND_MS
        for each in own
        if (at := next_warning(each.coming, who.warning_minutes, each.beat.at)) is not None
    ]
    return min(most, max(_LEAST_SECONDS, min(waits, default=most)))
