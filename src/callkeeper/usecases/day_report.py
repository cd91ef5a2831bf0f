"""The report of a day: what its promises came to, by hour, by campaign and by agent."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.reservations.promise import Keeping, Measure
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import Day, Promises, Whose, in_order

# So many promises of a day are read; of a day that has more, it is said until when.
REPORTED = 200_000

Key = tuple[str, str]


class PartOfDay(msgspec.Struct, frozen=True):
    """A campaign's part of a day, or an agent's ("": nobody's): how many came to what."""

    name: str
    id: str
    counts: dict[Keeping, int]


class DayReport(msgspec.Struct, frozen=True):
    """A day, and its parts, by name; as of an instant. Its ``found`` is empty."""

    day: Day
    campaigns: list[PartOfDay]
    agents: list[PartOfDay]
    at: Instant


def day_report(
    store: Store, measure: Measure, whose: Whose, day: tuple[Instant, Instant], now: Instant
) -> DayReport:
    """Return the report of a day, of its first and its last instant. The database counts."""
    whole = Promises(store, measure, whose, now, looked_through=REPORTED).of_day(day, 0)
    end_at = day[1] if whole.counted_to is None else whole.counted_to - 1
    counted = whose.within(day[0], end_at)
    campaigns: defaultdict[Key, Counter[Keeping]] = defaultdict(Counter)
    agents: defaultdict[Key, Counter[Keeping]] = defaultdict(Counter)
    for each in store.reservations.tally(counted, "campaign", now, measure.grace_ms):
        key = (each.campaign_name or "", str(each.campaign_id))
        campaigns[key][measure.of(each.promise, now)] += each.count
    for each in store.reservations.tally(counted, "agent", now, measure.grace_ms):
        key = (each.agent_name or each.agent or "", each.agent or "")
        agents[key][measure.of(each.promise, now)] += each.count
    return DayReport(whole, _parts(campaigns), _parts(agents), now)


def _parts(counted: Mapping[Key, Counter[Keeping]]) -> list[PartOfDay]:
    return [PartOfDay(*key, in_order(counts)) for key, counts in sorted(counted.items())]
