"""A simulation: days of calls for one seed, in which much goes wrong and no promise may break."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

from callkeeper.asyncstore.batch import Write
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Begun, Ending, Withdrawn
from callkeeper.core.dialing.desk_call import DeskClaim, TakenCalls
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.config import DialerConfig
from tests.dialer.stage import post
from tests.sim.arena import Arena
from tests.sim.audit import Audit
from tests.sim.crew import Station, tasks_die_with_their_station
from tests.sim.fate import Fate
from tests.sim.judge import Judge
from tests.sim.pbx import Pbx
from tests.sim.people import HOUR, MINUTE, People
from tests.sim.timeloop import TimeLoop
from tests.sim.trace import Trace

# Days without anything, and eves of those on which clocks are set: Lord Howe's by half an hour.
FIRST_DAYS = (
    "2027-01-14",
    "2027-06-30",
    "2027-03-13",  # New York
    "2027-03-27",  # Berlin
    "2027-04-02",  # Lord Howe, back
    "2027-10-01",  # Lord Howe
    "2027-10-30",  # Berlin, back
    "2027-11-06",  # New York, back
)
# What is done by then is done at once; what is not waits for something.
_AT_ONCE_SECONDS = 0.001
# In an hour of the simulation; days on which clocks are wrong, and looked at often, take a tenth.
_STEPS_MAX = 20_000
_NOON_MS = 12 * HOUR
# What the days after the last promise are for: retries, and hours that have yet to open.
_CALM_MS = 8 * 24 * HOUR


class FailedError(Exception):
    """A seed broke a promise; it tells which, and what went before."""


class World:
    """All there is for one seed."""

    def __init__(self, seed: int, arena: Arena, loop: TimeLoop, trace: Trace) -> None:
        self.trace = trace
        self._random = random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._arena = arena
        self._loop = loop
        self._fate = Fate(random)
        talk_ms = random.choice([500, 4_000, 4_000, 20_000, 150_000])
        self._pbx = Pbx(loop, self._fate, trace, ring_ms=1_500, talk_ms=talk_ms, slow_ms=1_000)
        self._rules = self._draw_rules()
        self.judge = Judge(arena, self._pbx, self._rules)
        self._people = People(random, arena.store, self.judge, loop, trace)
        self._audit = Audit(arena)
        self._stations: list[Station] = []
        # As on SQLite, whose clock is the machine's, or as on PostgreSQL.
        self._own_time = random.choice([None, self._ask_time])
        self._names = count(1)
        self._steps: Counter[int] = Counter()  # by the hour
        self._births = [loop.now() for _ in range(random.choice([1, 1, 2, 2, 3]))]

    async def run(self) -> None:
        """Live through all days; raise what went wrong."""
        horizon = self._people.settle(self._random.choice([1, 1, 2, 3]))
        while self._loop.now() < horizon:
            await self._step(horizon)
            self._misfortunes()
        self._calm()
        end = self._loop.now() + _CALM_MS
        while self._is_anything_open() and self._loop.now() < end:
            await self._step(end)
            if self._loop.now() > horizon + HOUR:
                self._audit.check_old(self._loop.now() - HOUR)
        self._audit.check_end(self._loop.now())
        self.judge.check_withdrawn()
        self.judge.desks.check_end()

    def tally(self) -> Counter[str]:
        """Return how often things happened."""
        return self.judge.counts + Counter({str(key): n for key, n in self._fate.struck.items()})

    def meddle(self, item: object) -> None:
        """Have somebody change what is just being written about."""
        self._people.meddle(item)

    def committed(self, station: str, batch: Sequence[Write], outcomes: Sequence[object]) -> None:
        """Judge what was just written."""
        for write, outcome in zip(batch, outcomes, strict=True):
            self._judge_write(station, write, outcome)

    def asked(self, station: str, attempt_id: str) -> None:
        """Judge that a call is asked for."""
        self.judge.asked(station, attempt_id)

    def has_fault(self, error: BaseException) -> None:
        """Keep what nobody expected."""
        self.judge.keep(error)

    def _judge_write(self, station: str, write: Write, outcome: object) -> None:
        match outcome:
            case Claimed():
                assert isinstance(write.item, Claim)
                self.judge.claimed(write.item, outcome)
                if outcome.given_up:
                    self.judge.gave_up()
            case TakenCalls():
                assert isinstance(write.item, DeskClaim)
                self.judge.taken(write.item, outcome)
            case Withdrawn():
                self.judge.gave_up()
            case Begun(attempt=attempt):
                self.trace.add(station, f"begins {attempt.id} of {attempt.reservation_id}")
                self.judge.begun(station, outcome)
            case Attempt() if isinstance(write.item, Ending):
                self.trace.add(station, f"ends {outcome.id}: {outcome.outcome}")
                self.judge.ended(outcome)
            case Attempt():
                self.trace.add(station, f"adopts {outcome.id} of {outcome.reservation_id}")
                self.judge.counts["adopted"] += 1

    async def _step(self, until: int) -> None:
        """Let everybody work, then let time pass until something may happen."""
        self._people.act()
        self._pbx.advance()
        self._bear()
        self._random.shuffle(self._stations)
        for station in self._stations:
            station.step()
        await asyncio.sleep(_AT_ONCE_SECONDS)
        wait_ms = min(self._next(), until) - self._loop.now()
        await asyncio.sleep(max(1, wait_ms) / 1000)
        if self.judge.faults:
            raise self.judge.faults[0]
        self._audit.check()
        self.judge.counts["steps"] += 1
        hour = self._loop.now() // HOUR
        self._steps[hour] += 1
        if self._steps[hour] > _STEPS_MAX:
            raise FailedError("it goes on and on")

    def _next(self) -> int:
        """Return an instant by which something will have happened, or soon after it."""
        now, random = self._loop.now(), self._random
        times = [*self._births, self._people.next_at(), self._pbx.next_wake()]
        ((look_at, live),) = self._arena.look(
            "SELECT (SELECT MIN(look_at) FROM reservation WHERE look_at IS NOT NULL),"
            " EXISTS (SELECT 1 FROM attempt WHERE state <> 'ended')"
        )
        for station in self._stations:
            if (right_at := station.clock.right_at) is not None:
                times += [now + random.randint(50, 9_000), right_at]
        is_idle = not any(station.extension.is_up for station in self._stations)
        if (live and self._stations) or any(station.is_busy for station in self._stations):
            times.append(now + random.randint(300, 9_000))
        if look_at is not None and look_at > now:
            times.append(look_at + random.choice([0, 0, 40, 1_000]))
        elif look_at is not None:
            times.append(now + random.randint(500, 90_000 if is_idle else 4_000))
        return min((at for at in times if at is not None), default=now + HOUR)

    async def _ask_time(self) -> int:
        """Return what the database's own clock shows."""
        if self._fate.strikes("read_fails"):
            raise DatabaseFailed
        return self._loop.now()

    def _misfortunes(self) -> None:
        """Let happen to a dispatcher or to the PBX what may happen at any time."""
        random = self._random
        for station in self._stations:
            if self._fate.strikes("stalls"):
                self.trace.add(station.name, "stalls")
                station.stalled_until = self._loop.now() + random.randint(1_000, 60_000)
            if self._fate.strikes("clock_leaps"):
                station.clock.leap()
                self.trace.add(station.name, f"has its clock at {station.clock.now()}")
            if self._fate.strikes("events_cut"):
                station.extension.cut(is_all=False)
            if self._fate.strikes("all_cut"):
                station.extension.cut(is_all=True)
            if self._fate.strikes("stops"):
                station.stop()
        if self._fate.strikes("pbx_restarts"):
            self._pbx.restart()
        if self._fate.strikes("refuses_all"):
            self._pbx.refuse()

    def _bear(self) -> None:
        """Replace the dead after some time, and begin those whose time has come."""
        now = self._loop.now()
        for station in self._stations:
            if station.is_dead:
                after_ms = self._random.choice([1_000, 10_000, MINUTE, 10 * MINUTE, 3 * HOUR])
                self._births.append(now + self._random.randint(1, after_ms))
        self._stations = [station for station in self._stations if not station.is_dead]
        for _ in [at for at in self._births if at <= now]:
            rules = post(f"d{next(self._names)}", **self._shared)
            store, pbx = self._arena.store, self._pbx
            make = self._arena.make_dialer
            self._stations.append(
                Station(rules, store, pbx, self, self._own_time, make_dialer=make)
            )
        self._births = [at for at in self._births if at > now]

    def _calm(self) -> None:
        """From now on nothing goes wrong, and somebody is there to dial."""
        self.trace.add("world", "is calm")
        self._fate.calm()
        self._births.append(self._loop.now())
        for station in self._stations:
            station.extension.mend()
        self._pbx.refuses = None

    def _is_anything_open(self) -> bool:
        """Whether a reservation has not come to its end, or an attempt has not."""
        ((is_open,),) = self._arena.look(
            "SELECT EXISTS (SELECT 1 FROM reservation"
            " WHERE kind = 'automatic' AND state IN ('waiting', 'calling'))"
            " OR EXISTS (SELECT 1 FROM attempt WHERE state <> 'ended')"
        )
        return bool(is_open)

    def _draw_rules(self) -> DialerConfig:
        random = self._random
        self._shared: dict[str, Any] = {
            "calls_max": random.choice([1, 2, 5, 100]),
            "calls_per_second": random.choice([0.2, 1.0, 5.0, 20.0]),
            "limits": Limits(
                grace_ms=random.choice([2 * MINUTE, 30 * MINUTE, 2 * HOUR]),
                zone=random.choice(["UTC", "Europe/Berlin"]),
                vdn_calls_max=random.choice([None, None, 1, 3]),
                campaign_calls_max=random.choice([None, None, 1, 2]),
            ),
        }
        return post(**self._shared)


def simulate(seed: int, arena: Arena, trace: Trace | None = None) -> Counter[str]:
    """Live through a seed, and count what happened.

    Raise FailedError with its number and the last of its trace.
    """
    trace = trace or Trace()
    day = FIRST_DAYS[seed % len(FIRST_DAYS)]
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) + _NOON_MS
    arena.sweep()
    with asyncio.Runner(loop_factory=lambda: TimeLoop(start)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, TimeLoop)
        loop.set_task_factory(tasks_die_with_their_station)
        # What ends badly is kept by whoever began it; the loop need not repeat it.
        loop.set_exception_handler(lambda _, __: None)
        trace.begin(loop)
        world = World(seed, arena, loop, trace)
        try:
            runner.run(world.run())
        except Exception as error:
            told = "\n".join(trace.lines())
            raise FailedError(f"seed {seed}: {error!r}\n{told}") from error
        return world.tally()
