"""What is due: all of it while that is little, the first of each campaign when it is much.

A campaign that is paused, or has as many calls as it may, can have any number due. Those stay due
and are not read, so that nobody else waits for them, and they need not be woken.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.pace import Pace
from callkeeper.core.dialing.policy import Limits, holds_all
from callkeeper.core.dialing.triage import CampaignKey, DueBatch, Judged, Load
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.transfer import UNCALLED, Transfer
from callkeeper.store.engine.session import Session
from callkeeper.store.rows.campaigns import campaign_of
from callkeeper.store.zones import zone_of

# How many are read as they come. Beyond it, campaigns that are held are left out.
AHEAD = 100
# How many campaigns a claim looks at, and how many reservations of each at the least.
CAMPAIGNS_MAX = 256
FEW = 4


class Backlog:
    """Reads what is due, and what bounds the calls of each campaign."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, now: Instant, limit: int) -> int:
        """Return how many reservations wait to be looked at, counting no further than a limit."""
        return int(self._session.rows("count_due", now=now, limit=limit)[0][0])

    def load(self, line: str) -> Load:
        """Return how many calls there are, by VDN, by campaign, and on a line."""
        load = Load()
        for its_line, vdn, campaign_id, count in self._session.rows("count_live_attempts"):
            load.vdns[vdn] += count
            load.campaigns[vdn, campaign_id] += count
            if its_line == line:
                load.on_line += count
        return load

    def try_lock(self) -> bool:
        """Return whether nobody else claims just now; until this transaction ends, nobody does."""
        return bool(self._session.rows("try_claim_lock")[0][0])

    def pace(self, line: str, now: Instant, per_second: float) -> Pace:
        """Return how many calls a line may make now, of those that it may make a second."""
        rows = self._session.rows("line_pace", name=line)
        return Pace(rows[0][0] if rows else 0, now * 1000, per_second)

    def note_pace(self, line: str, pace: Pace, calls: int) -> None:
        """Note that a line makes so many calls."""
        self._session.rows("pace_line", name=line, next_at=pace.after(calls))

    def due(self, now: Instant, limits: Limits, load: Load, most: int, *, sweeps: bool) -> DueBatch:
        """Return what is due; of much, the first of each campaign, about ``most`` in all.

        What a campaign holds is left out then, but for what a claim that sweeps may find too late.
        """
        if self.count(now, AHEAD + 1) <= AHEAD:
            due = self._locked(now)
            keys = {(each.vdn, each.campaign_id) for each in due}
            judged = _in_their_zones(self.judged_campaigns(keys), limits)
            return DueBatch(due, judged, frozenset(), is_all=True)
        heads = self._session.rows("campaigns_due", now=now)
        late = {
            (vdn, id_)
            for vdn, id_, appoint_at in heads
            if sweeps and appoint_at + limits.grace_ms < now
        }
        campaigns = self.judged_campaigns((vdn, id_) for vdn, id_, _ in heads)
        held = {
            key for key, each in campaigns.items() if holds_all(each, limits, load.of(key), now)
        }
        open_ = [key for key in campaigns if key not in held]
        chosen = open_[:CAMPAIGNS_MAX] + _in_turn(
            [key for key in campaigns if key in held & late], now
        )
        few = max(FEW, most // max(1, len(chosen)))
        return self._first_of(chosen, _in_their_zones(campaigns, limits), now, few)

    def judged_campaigns(self, keys: Iterable[CampaignKey]) -> dict[CampaignKey, Campaign]:
        """Return campaigns, deleted or not, that stay as they are until this transaction ends.

        They come in the order of the keys. One that is just being changed is left out, and all of
        a VDN that is moving to another installation, or was moved.
        """
        moving = self._moving()
        wanted = [{"vdn": vdn, "id": id_} for vdn, id_ in keys if vdn not in moving]
        found = {
            (each.vdn, each.id): each
            for each in map(campaign_of, self._session.each("campaigns_of", wanted))
        }
        keyed = ((each["vdn"], each["id"]) for each in wanted)
        return {key: found[key] for key in keyed if key in found}

    def _locked(self, now: Instant) -> list[Reservation]:
        """Return what is due, in its order: found first, then locked, VDN by VDN."""
        keys = [(row[0], row[1]) for row in self._session.rows("keys_due", now=now, limit=AHEAD)]
        items = [{"vdn": vdn, "id": id_} for vdn, id_ in keys]
        rows = self._session.each("lock_due", items, now=now)
        found = {(row[0], row[1]): Reservation(*row) for row in rows}
        return [found[key] for key in keys if key in found]

    def _moving(self) -> set[int]:
        """Return the VDNs that nobody calls for from here."""
        transfers = (Transfer(*row) for row in self._session.rows("transfers"))
        return {each.vdn for each in transfers if each.state in UNCALLED}

    def _first_of(
        self,
        keys: Sequence[CampaignKey],
        campaigns: dict[CampaignKey, Judged],
        now: Instant,
        few: int,
    ) -> DueBatch:
        items = [{"vdn": vdn, "campaign_id": id_} for vdn, id_ in keys]
        rows = self._session.each("due_of_campaigns", items, now=now, few=few)
        due = sorted((Reservation(*row) for row in rows), key=_turn)
        counts = Counter((each.vdn, each.campaign_id) for each in due)
        last = {(each.vdn, each.campaign_id): (each.vdn, each.id) for each in due}
        ends = frozenset(last[key] for key, count in counts.items() if count == few)
        return DueBatch(due, campaigns, ends, is_all=False)


def _in_their_zones(
    campaigns: dict[CampaignKey, Campaign], limits: Limits
) -> dict[CampaignKey, Judged]:
    return {key: Judged(each, zone_of(each, limits.zone)) for key, each in campaigns.items()}


def _turn(each: Reservation) -> tuple[int, int]:
    return each.look_at or 0, each.appoint_at


def _in_turn(keys: list[CampaignKey], now: Instant) -> list[CampaignKey]:
    """Return no more than may be looked at, beginning with another one each time."""
    begin = now % max(1, len(keys))
    return (keys[begin:] + keys[:begin])[:CAMPAIGNS_MAX]
