"""The people of a simulation: who reserves calls, and thinks better of it at the worst moment."""

from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from callkeeper.clock import new_attempt_id
from callkeeper.core.campaigns.campaign import Campaign, Window
from callkeeper.core.campaigns.changes import (
    Arrange,
    CampaignChange,
    CampaignOrder,
    Delete,
    NewCampaign,
    Pause,
    Resume,
    Revision,
)
from callkeeper.core.campaigns.dial_settings import RETRIABLE, DialSettings, Retry
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.dialing.desk_call import Asking, DeskClaim, Stopping
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claim
from callkeeper.core.people.house_rules import HOURS_RULES
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Cancel, Change, Move, Order, Result
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.store.port.reservations import Booked
from callkeeper.store.rows.store import SqlStore
from tests.sim.broken import Key
from tests.sim.judge import Judge
from tests.sim.timeloop import TimeLoop
from tests.sim.trace import Trace

MINUTE = 60_000
HOUR = 60 * MINUTE
LEAD_MS = 5 * MINUTE
_MANUAL_SHARE = 0.2

ZONES = (None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
HOURS: tuple[tuple[tuple[int, int], ...], ...] = (
    (),
    (),
    ((0, 1440),),
    ((540, 1020),),
    ((480, 690), (780, 1050)),
    ((60, 130), (150, 200), (1320, 1440)),
    ((120, 150), (165, 175), (600, 1200)),
    ((105, 135), (600, 1200)),
)


class People:
    """They act on the store, each at once and wholly, as a server would for them."""

    def __init__(
        self, random: Random, store: SqlStore, judge: Judge, loop: TimeLoop, trace: Trace
    ) -> None:
        self._random = random
        self._store = store
        self._judge = judge
        self._loop = loop
        self._trace = trace
        self._plans: list[tuple[int, int, str, Any]] = []
        self._order = count()
        self._numbers = count(1)
        self._campaigns: list[tuple[int, int]] = []
        self._reservations: list[Key] = []

    def settle(self, days: int) -> int:
        """Open campaigns and plan all that is to come; return when the last of it is over."""
        random, now = self._random, self._loop.now()
        vdns = range(1, random.randint(1, 3) + 1)
        for number in range(random.randint(1, 4)):
            self._open(random.choice(vdns), number, now, days)
        end = now + days * 24 * HOUR
        # Promises come in bunches: people say three o'clock, not eight past.
        popular = [random.randrange(now + LEAD_MS, end) for _ in range(random.randint(2, 5))]
        for _ in range(random.randint(10, random.choice([15, 40, 60]))):
            appoint_at = random.choice(popular) + random.choice([0, 0, 0, random.randrange(HOUR)])
            self._plan(random.randrange(now, appoint_at), "reserve", appoint_at)
        for _ in range(random.randint(0, 30)):
            self._plan(random.randrange(now, end), "change", None)
        for _ in range(random.randint(0, 8)):
            self._plan(random.randrange(now, end), "change campaign", None)
        return end + HOUR

    def next_at(self) -> int | None:
        """Return when somebody does something next."""
        return self._plans[0][0] if self._plans else None

    def act(self) -> None:
        """Do what somebody meant to do by now."""
        while self._plans and self._plans[0][0] <= self._loop.now():
            _, _, what, appoint_at = heappop(self._plans)
            if what == "reserve":
                self._reserve(appoint_at)
            elif what == "call":
                self._ask(appoint_at)
            elif what == "stop":
                self._stop(appoint_at)
            elif what == "change" and self._reservations:
                self._change(self._random.choice(self._reservations))
            elif what == "change campaign":
                self._change_campaign(self._random.choice(self._campaigns))

    def meddle(self, item: Any) -> None:
        """Change what somebody is just writing about."""
        if isinstance(item, Lease | int) or not self._reservations:
            return
        if self._random.random() < 0.3:
            self._change_campaign(self._random.choice(self._campaigns))
        elif isinstance(item, Claim | DeskClaim):
            self._change(self._random.choice(self._reservations))
        else:
            self._change((item.vdn, item.reservation_id))

    def _plan(self, at: int, what: str, about: Any) -> None:
        heappush(self._plans, (at, next(self._order), what, about))

    def _open(self, vdn: int, number: int, now: int, days: int) -> None:
        random = self._random
        begin_at = now + random.choice([0, 0, 0, random.randrange(24 * HOUR)])
        lasts_ms = random.choice([1, days, days + 2]) * 24 * HOUR
        opening = NewCampaign(
            vdn=vdn,
            plan=self._draw_plan(f"campaign {number}"),
            begin_at=begin_at,
            end_at=begin_at + lasts_ms,
            status=random.choice(["started", "started", "started", "draft"]),
            by="key K",
            at=now,
            active_max=20,
            dial_settings=self._draw_dial_settings(),
        )
        with self._store.transaction():
            (campaign,) = self._store.campaigns.add([opening])
        assert isinstance(campaign, Campaign), campaign
        self._note(campaign)
        self._campaigns.append((campaign.vdn, campaign.id))

    def _draw_plan(self, name: str) -> Plan:
        windows = self._random.choice(HOURS)
        return Plan(
            name=name,
            device_type=3,
            alerting_seconds_max=self._random.choice([20, 30, 60, 120]),
            workday_windows=tuple(
                Window(begin, end, place) for place, (begin, end) in enumerate(windows, 1)
            ),
            special_day_windows=(),
        )

    def _draw_dial_settings(self) -> DialSettings:
        random = self._random
        outcomes = random.sample(RETRIABLE, random.randint(0, len(RETRIABLE)))
        return DialSettings(
            time_zone=random.choice(ZONES),
            calls_max=random.choice([None, None, 1, 2, 5]),
            retries=tuple(
                Retry(each, random.randint(1, 3), random.choice([1, 30, 300, 3600]))
                for each in outcomes
            ),
        )

    def _reserve(self, appoint_at: int) -> None:
        random, number = self._random, next(self._numbers)
        vdn, campaign = random.choice(self._campaigns)
        # Answered is what a call is usually, so several digits stand for it.
        called_no = "6666" + random.choice("0010123345567789")
        booking = Booking(
            vdn=vdn,
            id=f"r{number:03d}",
            wish=Wish(
                kind="manual" if random.random() < _MANUAL_SHARE else "automatic",
                called_no=called_no,
                campaign_id=str(campaign),
                appoint_at=appoint_at,
                agent="ann",
            ),
            request=f"request {number}",
            by="key K",
            at=self._loop.now(),
            lead_ms=LEAD_MS,
        )
        with self._store.transaction():
            (booked,) = self._store.reservations.add([booking])
        if isinstance(booked, Booked):
            self._trace.add("people", f"reserve {booking.id} in {campaign} to {called_no}")
            self._judge.reserved(booked.reservation)
            self._reservations.append((vdn, booking.id))
            if booking.wish.kind == "manual":
                for _ in range(random.choice([0, 2, 6])):
                    at = appoint_at + random.randint(-MINUTE, 30 * MINUTE)
                    self._plan(max(at, self._loop.now()), "call", (vdn, booking.id))

    def _ask(self, key: Key) -> None:
        """Have an agent press *Call*: at a phone of their own, and as likely as not it is well."""
        random, now = self._random, self._loop.now()
        desk = "PJSIP/100" + random.choice("11111123444444")
        asking = Asking(
            *key,
            attempt_id=new_attempt_id(now),
            line="rehearsal",
            desk=desk,
            asked_by="person ann",
            at=now,
            limits=Limits(grace_ms=0),
            hours_rule=random.choice(HOURS_RULES),
            anyway=random.random() < 0.5,
        )
        with self._store.transaction():
            (attempt,) = self._store.desk_calls.ask([asking])
        if isinstance(attempt, Refusal):
            self._trace.add("people", f"may not: call {key[1]}: {attempt.sentence}")
            return
        self._trace.add("people", f"ask for {key[1]} at {desk}: {attempt.id}")
        self._judge.desks.wished(asking)
        if random.random() < 0.2:
            self._plan(now + random.randint(1, 10_000), "stop", key)

    def _stop(self, key: Key) -> None:
        with self._store.transaction():
            (stopped,) = self._store.desk_calls.stop([Stopping(*key, self._loop.now())])
        self._trace.add("people", f"stop the call of {key[1]}: {stopped is not None}")

    def _change(self, key: Key) -> None:
        random, now = self._random, self._loop.now()
        changes: list[Change] = [Cancel(), Result(fail_code="00000"), Move(appoint_at=now + HOUR)]
        (change,) = random.choices(changes, [5, 3, 1])
        with self._store.transaction():
            (outcome,) = self._store.reservations.change([Order(*key, change, "key K", now)])
        if isinstance(outcome, Refusal):
            self._trace.add("people", f"may not: {change.what} {key[1]}: {outcome.sentence}")
            return
        self._trace.add("people", f"{change.what} {key[1]}: {outcome.state}")
        self._judge.told(outcome)

    def _change_campaign(self, key: tuple[int, int]) -> None:
        now, change = self._loop.now(), self._draw_change(self._judge.campaigns[key])
        with self._store.transaction():
            (outcome,) = self._store.campaigns.change([CampaignOrder(*key, change, "key K", now)])
        if isinstance(outcome, Refusal):
            self._trace.add("people", f"may not: {change.what} {key}: {outcome.sentence}")
            return
        self._note(outcome)
        if isinstance(change, Pause) and self._random.random() < 0.7:
            self._plan(now + self._random.randint(1, 3 * HOUR), "change campaign", None)

    def _draw_change(self, old: Campaign) -> CampaignChange:
        random, now = self._random, self._loop.now()
        if old.status != "started":
            return Resume() if random.random() < 0.9 else Delete()
        end_at = random.choice([None, None, now + random.randint(1, 48) * HOUR])
        drawn = self._draw_dial_settings()
        changes: list[CampaignChange] = [
            Pause(),
            Arrange(drawn.time_zone, drawn.calls_max, drawn.retries, without_retries=True),
            Revision(self._draw_plan(old.name), end_at=end_at),
        ]
        return random.choices(changes, [3, 2, 2])[0]

    def _note(self, campaign: Campaign) -> None:
        self._judge.campaigns[campaign.vdn, campaign.id] = campaign
        hours = [(each.begin, each.end) for each in campaign.workday_windows]
        state = "deleted" if campaign.deleted_at is not None else campaign.status
        self._trace.add(
            "people",
            f"campaign {campaign.id} of {campaign.vdn} is {state}, {hours}, "
            f"{campaign.dial_settings}",
        )
