"""The board: what is outstanding in a VDN, who has it, and what holds it.

Outstanding calls are read where they alone are kept, so a board costs the same however many
reservations are stored.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeVar

import msgspec

from callkeeper.core.campaigns.campaign import Obstacle as CampaignObstacle
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import HOUR_MS, Instant
from callkeeper.core.people.presence import Presence, Sighting, presence_of
from callkeeper.core.reservations.promise import Keeping, Measure
from callkeeper.core.reservations.reservation import Kind
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import FIRST, LAST, Found, Promises, Whose, in_order

# What is promised within it is due, and on the board.
AHEAD_MS = HOUR_MS

K = TypeVar("K", bound=tuple[object, ...])
Counts = dict[Keeping, int]
_Calls = dict[Kind, Counter[int]]
# Which rows are asked for: what has come to one thing; or what waits, be it late or due; or all
# that waits, whenever it is for.
OPEN: Literal["open"] = "open"
ALL: Literal["all"] = "all"
Wanted = Keeping | Literal["open", "all"]
Obstacle = CampaignObstacle | Literal["no_dialer", "line_down", "line_refuses"]

# Whoever has the most of the first has the worst day.
_WORST: tuple[Keeping, ...] = ("broken", "late", "unknown", "waiting", "calling")


class OfCampaign(msgspec.Struct, frozen=True):
    """What is outstanding of a campaign; and how many of it wait for the system to dial them."""

    id: int
    name: str | None
    counts: Counts
    automatic: int


class OfAgent(msgspec.Struct, frozen=True):
    """What is outstanding of an agent; without an account: of nobody's.

    ``presence`` is None where nobody signs in as that agent. ``seen_at`` is of whoever is absent
    when they were last there; None: never.
    """

    account: str | None
    name: str | None
    counts: Counts
    presence: Presence | None = None
    seen_at: Instant | None = None

    @property
    def is_missed(self) -> bool:
        """Whether calls are due within the hour of somebody who is not there."""
        return self.presence in ("away", "absent") and bool(self.counts.get("waiting"))


class Hindrance(msgspec.Struct, frozen=True):
    """What holds calls back that are on the board, and how many automatic ones.

    ``subject`` is the campaign's id, or the line's name; ``says`` what a line says of itself.
    ``by_agents``: of its campaign as many wait for agents, who cannot have the line ring for them.
    """

    obstacle: Obstacle
    subject: str
    name: str | None
    calls: int
    says: str | None = None
    by_agents: int = 0


class Board(msgspec.Struct, frozen=True):
    """What is outstanding at an instant and was promised by then, or for within the hour.

    ``missed`` are the first that nobody called in time, or that may not have been called; or
    those that were asked for.
    """

    at: Instant
    counts: Counts
    campaigns: list[OfCampaign]
    agents: list[OfAgent]
    hindrances: list[Hindrance]
    missed: Found

    @property
    def absent(self) -> list[OfAgent]:
        """Who is not there and has calls due within the hour; those with the most of them first."""
        found = (each for each in self.agents if each.is_missed)
        return sorted(found, key=lambda each: -each.counts["waiting"])


def board(
    store: Store,
    measure: Measure,
    whose: Whose,
    now: Instant,
    limit: int,
    wanted: Wanted | None = None,
) -> Board:
    """Return the board of a VDN, or of an agent or a campaign of it, with the first rows.

    Those are of what was missed; or of all that has come to one thing; or of what waits.
    """
    vdn = whose.vdn
    sought = whose.within(FIRST, now + AHEAD_MS)
    alike = store.outstanding.count(sought, now, now - measure.grace_ms)
    total: Counter[Keeping] = Counter()
    campaigns: dict[tuple[int, str | None], Counter[Keeping]] = {}
    agents: dict[tuple[str | None, str | None], Counter[Keeping]] = {}
    waiting: _Calls = {"automatic": Counter(), "manual": Counter()}  # by campaign
    for each in alike:
        keeping = measure.of(each.promise, now)
        total[keeping] += each.count
        campaign = campaigns.setdefault((each.campaign_id, each.campaign_name), Counter())
        campaign[keeping] += each.count
        if each.kind == "manual":
            agent = agents.setdefault((each.agent, each.agent_name), Counter())
            agent[keeping] += each.count
        if each.state == "waiting":
            waiting[each.kind][each.campaign_id] += each.count
    promises = Promises(store, measure, whose, now)
    seen = store.presence.agents_seen(vdn)
    return Board(
        at=now,
        counts=in_order(total),
        campaigns=[
            OfCampaign(*key, in_order(counts), waiting["automatic"][key[0]])
            for key, counts in _worst_first(campaigns)
        ],
        agents=[
            _of_agent(*key, in_order(counts), seen.get(key[0] or "", []), now)
            for key, counts in _worst_first(agents)
        ],
        hindrances=[
            *_of_campaigns(store, vdn, waiting, now),
            *hindering_lines(store.leases.all(), waiting["automatic"].total(), now),
        ],
        missed=_rows(promises, wanted, now, limit),
    )


def _rows(promises: Promises, wanted: Wanted | None, now: Instant, limit: int) -> Found:
    """Return the first rows that are asked for; None: what was missed."""
    if wanted is None:
        return promises.missed(limit)
    if wanted == ALL:
        return promises.waiting(LAST, limit)
    if wanted == OPEN:
        return promises.waiting(now + AHEAD_MS, limit)
    return promises.of_keeping(wanted, now + AHEAD_MS, limit)


def _of_agent(
    account: str | None,
    name: str | None,
    counts: Counts,
    sightings: Sequence[Sighting],
    now: Instant,
) -> OfAgent:
    """Return what is outstanding of an agent, and whether one of those who are it is there."""
    if not sightings:
        return OfAgent(account, name, counts)
    presence = presence_of(sightings, now)
    seen = [each.seen_at for each in sightings if each.seen_at is not None]
    seen_at = max(seen, default=None) if presence == "absent" else None
    return OfAgent(account, name, counts, presence, seen_at)


def _of_campaigns(store: Store, vdn: int, waiting: _Calls, now: Instant) -> Iterator[Hindrance]:
    """Yield which campaigns have nothing dialed of what they have, whatever the hour."""
    automatic, manual = waiting["automatic"], waiting["manual"]
    for id_, _ in (automatic + manual).most_common():
        campaign = store.campaigns.get(vdn, id_)
        obstacle = "deleted" if campaign is None else campaign.obstacle(now)
        if obstacle is not None:
            name = None if campaign is None else campaign.name
            yield Hindrance(obstacle, str(id_), name, automatic[id_], by_agents=manual[id_])


def hindering_lines(leases: Iterable[Lease], calls: int, now: Instant) -> Iterator[Hindrance]:
    """Yield which lines make none of so many automatic calls, or that nobody dials over any."""
    if not calls:
        return
    living = [each for each in leases if each.stands(now)]
    if not living:
        yield Hindrance("no_dialer", "", None, calls)
    for line in sorted({each.line for each in living}):
        mine = [each for each in living if each.line == line]
        if not any(each.is_up for each in mine):
            yield Hindrance("line_down", line, None, calls)
        elif all(each.trouble for each in mine):
            yield Hindrance("line_refuses", line, None, calls, mine[0].trouble)


def _worst_first(parts: dict[K, Counter[Keeping]]) -> list[tuple[K, Counter[Keeping]]]:
    def badness(part: tuple[K, Counter[Keeping]]) -> tuple[list[int], str]:
        return [-part[1][each] for each in _WORST], str(part[0])

    return sorted(parts.items(), key=badness)
