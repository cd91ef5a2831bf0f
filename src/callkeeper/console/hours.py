"""The hours of a day, by the clock of whoever looks, and the bars that they are drawn as."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from callkeeper.console.plot import Plot, plot
from callkeeper.core.instants import HOUR_MS, Instant, LocalTimes
from callkeeper.core.reservations.promise import KEPT
from callkeeper.usecases.promises import Day

# What a day still wants is told in three words, whatever the promises came to one by one. What was
# deleted is no part of it, and on no list.
STANDING_WORDS = {"done": "done", "open": "open", "missed": "broken or unknown"}
_STANDING: dict[str, str] = {
    **dict.fromkeys(KEPT, "done"),
    "waiting": "open",
    "late": "open",
    "calling": "open",
    "broken": "missed",
    "unknown": "missed",
}


class Hour(NamedTuple):
    """An hour, and what its promises came to."""

    begin_at: Instant
    label: str
    counts: Mapping[str, int]

    @property
    def standing(self) -> "Hour":
        """The same in the words of what a day still wants."""
        counts: Counter[str] = Counter()
        for kind, count in self.counts.items():
            counts[_STANDING.get(kind, "")] += count
        return self._replace(counts={each: counts[each] for each in STANDING_WORDS if counts[each]})


def hours_of(day: Day, span: tuple[Instant, Instant], times: LocalTimes) -> list[Hour]:
    """Return all hours of a day, of which there are 23 or 25 where the clock is set.

    ``span`` is its first and its last instant.
    """
    counted = {
        each.begin_at: {str(kind): count for kind, count in each.counts.items()}
        for each in day.hours
    }
    begins = range(span[0], span[1], HOUR_MS)
    return [Hour(each, times.to_minute(each)[11:], counted.get(each, {})) for each in begins]


def bars_of(hours: list[Hour], kinds: Iterable[str]) -> Plot:
    """Return a bar for each hour, the first kind below."""
    return plot([(each.label[:5], each.counts) for each in hours], list(kinds))
