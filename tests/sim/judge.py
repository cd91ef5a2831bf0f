"""The judge: what was promised, checked at every write and at every call that is asked for.

It believes what people were told (an acknowledged cancel, a campaign as it was answered) and what
the PBX has in its own book, not what the dialer thinks of either.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Begun
from callkeeper.core.dialing.breaker import ROW
from callkeeper.core.dialing.desk_call import DeskClaim, TakenCalls
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.outcome import Outcome
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.line.line import LineDown, LineRefused, LineUnwilling
from tests.sim import wall
from tests.sim.arena import Arena
from tests.sim.broken import BrokenError, Key
from tests.sim.desk_judge import DeskJudge
from tests.sim.pbx import REFUSED, SILENT, Call, Pbx

# How long after an attempt was begun its call may still be asked for: its verdict is of then.
_ASKED_WITHIN_MS = 10_000
_CATCH_UP_SECONDS = 0.1
_CLOCK_SLACK_MS = 2_000  # a clock that is off by more is wrong
# A line that says of each number that it is this one is believed for so many numbers; once more,
# should a call that was asked for before be taken late.
_USED_UP_MAX = 2 * ROW
_TAKEN = "SELECT vdn, campaign_id FROM attempt WHERE state <> 'ended' AND holder <> ''"
_HOURS = """
SELECT detail ->> 'outside_hours' FROM event
WHERE vdn = ? AND subject = ? AND what = 'dialed' ORDER BY version DESC LIMIT 1
"""
_GIVEN_UP = """
SELECT vdn, id, campaign_id, CASE held_by WHEN 'campaign_ended' THEN held_by ELSE 'grace' END
FROM reservation WHERE version > 1 AND (
  state = 'expired' AND held_by NOT IN ('campaign_gone', 'number')
  OR state = 'done' AND held_by IN ('grace', 'campaign_ended')
)
"""


class Try:
    """An attempt that was begun: from then on, perhaps, a call."""

    def __init__(self, begun: Attempt, station: str) -> None:
        self.attempt = begun
        self.station = station
        self.is_asked = False
        self.outcome: Outcome | None = None


class Judge:
    """Knows the promises, and remembers what bears on them."""

    def __init__(self, arena: Arena, pbx: Pbx, rules: DialerConfig) -> None:
        self.campaigns: dict[tuple[int, int], Campaign] = {}
        self.faults: list[BaseException] = []
        self.counts: Counter[str] = Counter()
        self._arena = arena
        self._pbx = pbx
        self._rules = rules
        self._reserved: dict[Key, Reservation] = {}
        self._closed: dict[Key, str] = {}
        self._next_try_at: dict[Key, int] = {}
        self._tries: defaultdict[Key, list[Try]] = defaultdict(list)
        self._by_id: dict[str, Try] = {}
        self._doubted: set[str] = set()
        self._used_up: dict[tuple[str, int], set[str]] = {}
        self._room = self._most_room
        self._paced_at = 0
        self._given_up: set[Key] = set()
        self._held: set[tuple[int, str, int]] = set()
        self.desks = DeskJudge(pbx, self.counts)

    def keep(self, fault: BaseException) -> None:
        """Keep what went wrong; the simulation ends with it."""
        self.faults.append(fault)

    def reserved(self, reservation: Reservation) -> None:
        """Note that somebody was promised a call."""
        self._reserved[reservation.vdn, reservation.id] = reservation

    def told(self, reservation: Reservation) -> None:
        """Note what somebody was told of a reservation that they changed."""
        if reservation.state in ("cancelled", "done"):
            self._closed.setdefault((reservation.vdn, reservation.id), reservation.state)

    def claimed(self, claim: Claim, claimed: Claimed) -> None:
        """Judge a claim: caps, pace, and what was held."""
        for attempt in claimed.attempts:
            self._pace(attempt.claimed_at, self._pbx.loop.now())
        for vdn, campaign in {(each.vdn, each.campaign_id) for each in claimed.attempts}:
            self._check_caps(vdn, self.campaigns[vdn, campaign])
        if claimed.held:
            self._check_held(claim.at)
        self.counts["claimed"] += len(claimed.attempts)

    def taken(self, claim: DeskClaim, taken: TakenCalls) -> None:
        """Judge what was taken of agents' calls: caps and pace."""
        for attempt in taken.taken:
            self._pace(claim.at, self._pbx.loop.now())
            self._check_caps(attempt.vdn, self.campaigns[attempt.vdn, attempt.campaign_id])
        self.counts["desk calls taken"] += len(taken.taken)
        self.counts["desk calls given up"] += taken.given_up

    def gave_up(self) -> None:
        """Judge what was given up: it is too late, or its campaign ended, by the right clock."""
        now, zone = self._pbx.loop.now(), self._rules.limits.zone
        for vdn, id_, campaign_id, rule in self._arena.look(_GIVEN_UP):
            key = (vdn, id_)
            if key in self._given_up:
                continue
            self._given_up.add(key)
            self.counts["given up"] += 1
            campaign, reservation = self.campaigns[vdn, campaign_id], self._reserved[key]
            due_at = max(reservation.due_at or 0, campaign.begin_at)
            opens_at = wall.opens_at(campaign, zone, due_at)
            # At the earliest: it may have been held since, or tried.
            promised = max(reservation.appoint_at, opens_at)
            if rule == "grace" and now <= promised + self._rules.limits.grace_ms:
                raise BrokenError(f"{key} is given up as too late, and it is not")
            if rule == "campaign_ended" and now < campaign.end_at:
                never = wall.opens_at(campaign, zone, max(now, campaign.begin_at))
                if never < campaign.end_at:
                    raise BrokenError(f"{key} is given up, and its campaign has not ended")

    def begun(self, station: str, begun: Begun) -> None:
        """Judge that a try begins."""
        attempt = begun.attempt
        key = (attempt.vdn, attempt.reservation_id)
        if attempt.desk is None:
            self._check_promise(key, attempt)
        else:
            self.desks.begun(attempt)
            self._check_open(key)
        self._check_campaign(attempt)
        before = [each for each in self._tries[key] if each.outcome != "withdrawn"]
        if attempt.desk is not None:
            before = []  # a person says when
        again_at = self._next_try_at.pop(key, None)
        if before and (again_at is None or (attempt.placing_at or 0) < again_at):
            words = ", ".join(f"{each.attempt.id} {each.outcome}" for each in before)
            raise BrokenError(f"{key} is tried again, not to be before {again_at}, after {words}")
        found = Try(attempt, station)
        self._tries[key].append(found)
        self._by_id[attempt.id] = found
        self.counts["begun"] += 1

    def asked(self, station: str, attempt_id: str) -> None:
        """Judge that the line is asked for a call."""
        found = self._by_id.get(attempt_id)
        if found is None:
            raise BrokenError(f"{attempt_id} is asked for and was never begun")
        if found.is_asked or attempt_id in self._pbx.book:
            raise BrokenError(f"{attempt_id} is asked for twice")
        if found.station != station:
            raise BrokenError(f"{attempt_id} is asked for by {station}, begun by {found.station}")
        found.is_asked = True
        attempt = found.attempt
        late_ms = self._pbx.loop.now() - (attempt.placing_at or 0)
        if late_ms > _ASKED_WITHIN_MS:
            raise BrokenError(f"{attempt_id} is asked for {late_ms} ms after it was begun")
        self._check_record(attempt)
        self._check_others(attempt)
        if attempt.desk is not None:
            self.desks.asked(attempt)
        self.counts["asked"] += 1

    def ended(self, attempt: Attempt) -> None:
        """Judge an outcome by what the PBX knows of the call."""
        found = self._by_id[attempt.id]
        if found.outcome is not None:
            raise BrokenError(f"{attempt.id} ended twice")
        found.outcome = attempt.outcome
        self.counts[f"ended {attempt.outcome}"] += 1
        call = self._pbx.book.get(attempt.id)
        if call is not None and not call.is_garbled:
            was_answered = call.answered_at is not None
            if was_answered and attempt.outcome not in ("answered", "unknown"):
                raise BrokenError(f"{attempt.id} was answered, and is {attempt.outcome}")
            if attempt.outcome == "answered" and not was_answered:
                raise BrokenError(f"{attempt.id} is answered, and was not")
            self._check_rung(attempt, call)
        self._check_used_up(attempt, found.station)
        is_silent = attempt.called_no[-1] == SILENT
        if self._pbx.fate.is_quiet and attempt.outcome == "unknown" and not is_silent:
            raise BrokenError(f"{attempt.id} is unknown, and nothing went wrong")
        self._allow_retry(attempt)

    def check_withdrawn(self) -> None:
        """Insist that what is called not dialed never was, not even later."""
        for each in self._by_id.values():
            call = self._pbx.book.get(each.attempt.id)
            if each.outcome == "withdrawn" and call is not None and not call.is_refused:
                raise BrokenError(f"{each.attempt.id} is withdrawn, and was made")

    def _allow_retry(self, attempt: Attempt) -> None:
        if attempt.desk is not None:
            return
        key = (attempt.vdn, attempt.reservation_id)
        campaign = self.campaigns[attempt.vdn, attempt.campaign_id]
        tries = [each for each in self._tries[key] if each.outcome != "withdrawn"]
        if campaign.deleted_at is None:
            for retry in campaign.dial_settings.retries:
                if retry.outcome == attempt.outcome and len(tries) <= retry.times:
                    spacing_ms = retry.spacing_seconds * 1000
                    self._next_try_at[key] = (attempt.ended_at or 0) + spacing_ms
        if attempt.outcome == "withdrawn" and tries:
            self._next_try_at[key] = attempt.ended_at or 0

    def _check_promise(self, key: Key, attempt: Attempt) -> None:
        reservation = self._reserved[key]
        self._check_open(key)
        if reservation.kind != "automatic":
            raise BrokenError(f"{key} is {reservation.kind}, and is dialed")
        at = attempt.placing_at or 0
        if min(at, self._pbx.loop.now()) < (reservation.due_at or 0):
            raise BrokenError(f"{key} is dialed before it is due")
        campaign = self.campaigns[attempt.vdn, attempt.campaign_id]
        due_at = max(attempt.due_at, campaign.begin_at)
        promised = max(
            reservation.appoint_at, wall.opens_at(campaign, self._rules.limits.zone, due_at)
        )
        if at > promised + self._rules.limits.grace_ms:
            raise BrokenError(f"{key} is dialed past its grace")

    def _check_open(self, key: Key) -> None:
        if key in self._closed:
            raise BrokenError(f"{key} is {self._closed[key]} by a person, and is dialed")

    def _check_campaign(self, attempt: Attempt) -> None:
        campaign = self.campaigns[attempt.vdn, attempt.campaign_id]
        at, name = attempt.placing_at or 0, f"{attempt.id} of campaign {attempt.campaign_id}"
        if campaign.deleted_at is not None:
            raise BrokenError(f"{name} begins, and its campaign is deleted")
        if campaign.status != "started":
            raise BrokenError(f"{name} begins, and its campaign is {campaign.status}")
        if not campaign.begin_at <= at < campaign.end_at:
            raise BrokenError(f"{name} begins outside its campaign's dates")
        is_open = wall.is_open(campaign, self._rules.limits.zone, at)
        # Whether it is told at all that it was dialed, the audit looks at.
        for (word,) in self._arena.look(_HOURS, attempt.vdn, attempt.reservation_id) or [(None,)]:
            self.desks.check_hours(attempt, word, is_open=is_open)

    def _check_record(self, attempt: Attempt) -> None:
        rows = self._arena.look(
            "SELECT a.state, r.state FROM attempt AS a JOIN reservation AS r"
            " ON r.vdn = a.vdn AND r.id = a.reservation_id WHERE a.vdn = ? AND a.id = ?",
            attempt.vdn,
            attempt.id,
        )
        if rows != [("placing", "calling")]:
            raise BrokenError(f"{attempt.id} is asked for, and on record it is {rows}")

    def _check_rung(self, attempt: Attempt, call: Call) -> None:
        """Insist that a phone that rang is no congestion, and one that never did is nothing else.

        While words were lost nobody can know the latter; a quiet day has none of that.
        """
        if call.hangup is None or call.hangup.cause != 0:
            return
        self.counts[f"not answered, rings {call.rings}"] += 1
        if call.rang_at is not None and attempt.outcome == "congestion":
            raise BrokenError(f"{attempt.id} rang {call.rings}, and is {attempt.outcome}")
        if call.rang_at is None and self._pbx.fate.is_quiet and attempt.outcome != "congestion":
            raise BrokenError(f"{attempt.id} never rang, and is {attempt.outcome}")

    def _check_others(self, attempt: Attempt) -> None:
        for other in self._tries[attempt.vdn, attempt.reservation_id]:
            call = self._pbx.book.get(other.attempt.id)
            if call is None:
                continue
            if call.is_there:
                raise BrokenError(f"{attempt.id} is asked for while {other.attempt.id} goes on")
            if call.answered_at is not None and not call.is_garbled:
                raise BrokenError(f"{attempt.id} is asked for, and {other.attempt.id} was answered")

    def _check_used_up(self, attempt: Attempt, station: str) -> None:
        """Insist that no promise is used up because the PBX refuses everybody."""
        kind = self._pbx.refused.get(attempt.id)
        if kind is None or attempt.called_no[-1] == REFUSED:
            return
        self.counts[f"refused as all are, {kind.__name__}: {attempt.outcome}"] += 1
        number = attempt.called_no
        if attempt.outcome == "unknown":
            return  # whoever was told of the refusal died, and nobody else knows
        if attempt.outcome == "withdrawn":
            self._doubted.add(number)
            return
        if kind is LineDown or (kind is LineUnwilling and number not in self._doubted):
            raise BrokenError(f"{attempt.id} is {attempt.outcome}, and everybody was refused")
        if kind is LineRefused:
            used_up = self._used_up.setdefault((station, self._pbx.refusals), set())
            used_up.add(number)  # which may have been promised many calls
            if len(used_up) > _USED_UP_MAX:
                raise BrokenError(f"{station} used up promise after promise, and all were refused")

    def _check_caps(self, vdn: int, campaign: Campaign) -> None:
        limits = self._rules.limits
        rows = self._arena.look(_TAKEN)
        most = campaign.dial_settings.calls_max
        bounds: Sequence[tuple[str, int, int | None]] = (
            ("the line", len(rows), self._rules.calls_max),
            (f"VDN {vdn}", len([row for row in rows if row[0] == vdn]), limits.vdn_calls_max),
            (
                f"campaign {campaign.id}",
                rows.count((vdn, campaign.id)),
                limits.campaign_calls_max if most is None else most,
            ),
        )
        for whose, calls, bound in bounds:
            if bound is not None and calls > bound:
                raise BrokenError(f"{whose} has {calls} calls, and may have {bound}")

    @property
    def _most_room(self) -> float:
        # One call, and what may be caught up on; and one for a claim that is written late.
        return 2 + self._rules.calls_per_second * _CATCH_UP_SECONDS

    def _pace(self, at: int, now: int) -> None:
        """Insist on the line's pace, which what a wrong clock claims begins anew.

        Whoever finds the next call's instant further ahead than the pace can have put it takes it
        for wrong, and dials: else one clock that is ahead would stop everybody.
        """
        if abs(at - now) > _CLOCK_SLACK_MS:
            self._room, self._paced_at = self._most_room, now
            return
        seconds = max(0, at - self._paced_at) / 1000
        self._paced_at = max(self._paced_at, at)
        filled = self._room + seconds * self._rules.calls_per_second
        self._room = min(self._most_room, filled) - 1
        if self._room < 0:
            raise BrokenError("the line is asked for more calls a second than it may")

    def _check_held(self, now: int) -> None:
        """Insist that who is held by the hours is held until they open, and no longer."""
        rows: list[Any] = self._arena.look(
            "SELECT vdn, id, campaign_id, look_at FROM reservation"
            " WHERE held_by = 'hours' AND look_at > ?",
            self._pbx.loop.now(),
        )
        for vdn, id_, campaign_id, look_at in rows:
            if (vdn, id_, look_at) in self._held:
                continue
            self._held.add((vdn, id_, look_at))
            self.counts["held"] += 1
            campaign = self.campaigns[vdn, campaign_id]
            opens_at = wall.opens_at(campaign, self._rules.limits.zone, max(now, campaign.begin_at))
            if opens_at != look_at:
                raise BrokenError(
                    f"{id_} is held from {now} until {look_at}, and the hours open at {opens_at}"
                )
