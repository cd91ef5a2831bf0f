"""Days of calls in which much goes wrong: no promise breaks, and a broken one would be seen."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

import msgspec
import pytest

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Adoption, Ending, HandBack, Progress
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import CampaignKey, Claim, Claimed
from callkeeper.core.refusal import NoSuchReservation, Refusal
from callkeeper.core.reservations.changes import Cancel, Order
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.desk_call import DeskCaller
from callkeeper.dialer.desks import Desk
from callkeeper.dialer.dialer import Dialer
from callkeeper.store.engine.session import Session
from callkeeper.store.port.history import Event
from callkeeper.store.rows.attempts import AttemptRows
from callkeeper.store.rows.backlog import Backlog
from callkeeper.store.rows.due import DueRows
from callkeeper.store.rows.history import HistoryRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.rows.store import SqlStore
from tests.dialer.faults import Rings
from tests.families import turn
from tests.sim.arena import Arena
from tests.sim.fate import FAULTS
from tests.sim.run import run_seeds
from tests.sim.trace import Trace
from tests.sim.world import FailedError, simulate

_CHUNK = 25
_SEEDS = range(1, 151, _CHUNK)
_SEEDS_UNTIL_SEEN = 80


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """One database for all seeds that are run here."""
    with Arena() as opened:
        yield opened


@pytest.mark.parametrize("first", _SEEDS)
def test_no_promise_breaks(first: int) -> None:
    counts, failures = run_seeds(first, first + _CHUNK)
    assert not failures, failures[0]
    assert counts["asked"] > _CHUNK


def test_everything_that_can_go_wrong_does(arena: Arena) -> None:
    counts: Counter[str] = Counter()
    for seed in range(501, 541):
        counts += simulate(seed, arena)
    missing = [fault for fault in FAULTS if not counts[fault]]
    outcomes = ("answered", "busy", "congestion", "no_answer", "refused", "rejected", "unknown")
    missing += [each for each in (*outcomes, "withdrawn") if not counts[f"ended {each}"]]
    missing += [each for each in get_args(Rings) if not counts[f"not answered, rings {each}"]]
    assert not missing
    assert counts["rang when the agent left"]
    assert counts["adopted"]
    assert counts["held"]
    assert counts["dialed outside the hours, by person"]
    assert counts["dialed outside the hours, by rule"]


def test_a_seed_goes_the_same_way_again(arena: Arena) -> None:
    first, second = Trace(is_whole=True), Trace(is_whole=True)
    simulate(9, arena, first)
    simulate(9, arena, second)
    assert first.lines() == second.lines()
    assert len(first.lines()) > 100


class ForgetsCancels(ReservationRows):
    """Says that it cancelled, and did not."""

    def change(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        (order,) = orders
        if not isinstance(order.change, Cancel):
            return super().change(orders)
        found = [each for each in self.with_id(order.id) if each.vdn == order.vdn]
        if not found or found[0].state != "waiting":
            return [NoSuchReservation()]
        return [msgspec.structs.replace(found[0], state="cancelled")]


class RedialsUnknown(AttemptRows):
    """Has another go where nobody knows what came of the first."""

    def end(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        outcomes = super().end(endings)
        for each in outcomes:
            if isinstance(each, Attempt) and each.outcome == "unknown":
                (old,) = self._reservations.lock([(each.vdn, each.reservation_id)]).values()
                again = msgspec.structs.replace(
                    old, state="waiting", due_at=each.ended_at, look_at=each.ended_at
                )
                self._reservations.keep([again])
        return outcomes


class IgnoresHours(Backlog):
    """Dials at any hour."""

    def judged_campaigns(self, keys: Iterable[CampaignKey]) -> dict[CampaignKey, Campaign]:
        found = super().judged_campaigns(keys)
        return {
            key: msgspec.structs.replace(each, workday_windows=()) for key, each in found.items()
        }


class IgnoresPauses(Backlog):
    """Dials for campaigns that are paused."""

    def judged_campaigns(self, keys: Iterable[CampaignKey]) -> dict[CampaignKey, Campaign]:
        found = super().judged_campaigns(keys)
        return {key: msgspec.structs.replace(each, status="started") for key, each in found.items()}


class IgnoresCaps(DueRows):
    """Makes as many calls at once as there are."""

    def claim(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        (claim,) = claims
        limits = Limits(claim.limits.grace_ms, claim.limits.zone)
        return super().claim([msgspec.structs.replace(claim, calls_max=1_000, limits=limits)])


class IgnoresPace(DueRows):
    """Makes as many calls a second as there are."""

    def claim(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        (claim,) = claims
        return super().claim([msgspec.structs.replace(claim, per_second=10_000.0)])


class HearsNothing(AttemptRows):
    """Forgets that phones rang."""

    def end(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        return super().end([_unheard(each) for each in endings])

    def note_progress(self, words: Sequence[Progress]) -> list[bool | Refusal]:
        return super().note_progress([_unrung(each) for each in words])


def _unheard(ending: Ending) -> Ending:
    heard = None if ending.heard is None else _unrung(ending.heard)
    return msgspec.structs.replace(ending, heard=heard)


def _unrung(word: Progress) -> Progress:
    return msgspec.structs.replace(word, ringing_at=None)


class GivesUpTooSoon(DueRows):
    """Holds what is a minute late for too late, whatever the grace; as a wrong clock would."""

    def claim(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        (claim,) = claims
        limits = msgspec.structs.replace(claim.limits, grace_ms=60_000)
        return super().claim([msgspec.structs.replace(claim, limits=limits)])


class KeepsClaims(AttemptRows):
    """Does not hand back what a dispatcher claimed that died."""

    def hand_back(self, claims: Sequence[HandBack]) -> list[bool | Refusal]:
        return [True for _ in claims]


class AdoptsNothing(AttemptRows):
    """Leaves the calls of the dead to themselves."""

    def adopt(self, adoptions: Sequence[Adoption]) -> list[Attempt | Refusal | None]:
        return [None for _ in adoptions]


class TellsHalf(HistoryRows):
    """Leaves out of the history that it dialed."""

    def append(self, events: Sequence[Event]) -> None:
        super().append([each for each in events if each.what != "dialed"])


SABOTEURS: list[tuple[type, str, str]] = [
    (ForgetsCancels, "reservations", "is cancelled by a person, and is dialed"),
    (RedialsUnknown, "attempts", "is tried again, .* unknown"),
    (IgnoresHours, "due._backlog", "outside its campaign's hours|the hours open at"),
    (IgnoresPauses, "due._backlog", "begins, and its campaign is (paused|draft)"),
    (IgnoresCaps, "due", "calls, and may have"),
    (IgnoresPace, "due", "more calls a second than it may"),
    (HearsNothing, "attempts", "rang (aloud|behind media|unheard), and is congestion"),
    (GivesUpTooSoon, "due", "given up as too late, and it is not"),
    (KeepsClaims, "attempts", "live for hours: .* 'claimed'"),
    (AdoptsNothing, "attempts", "live for hours: .* 'pla(cing|ced)'"),
    (TellsHalf, "history", "its new events are|was dialed by (rule|person)"),
]


class RingsTooSoon(DeskCaller):
    """Takes a phone that rings for one that was answered."""

    def _attend_ringing(self, desk: Desk) -> asyncio.Task[None] | None:
        desk.is_up = True
        return super()._attend_ringing(desk)


class LetsRing(DeskCaller):
    """Does not care for an agent's phone once the customer's rings."""

    def _attend_placed(self, desk: Desk) -> asyncio.Task[None] | None:
        is_over = self._context.live_calls.get(desk.attempt.id) is None
        return super()._attend_placed(desk) if is_over else None


@pytest.mark.parametrize(
    ("saboteur", "first", "words"),
    [
        (RingsTooSoon, 1, "rings a customer before its agent has answered"),
        # Only on days on which nothing goes wrong; this is one of them.
        (LetsRing, 67, "rang on for [0-9]+ ms without its agent"),
    ],
)
def test_a_customer_who_rings_for_nobody_is_seen(
    saboteur: type[DeskCaller], first: int, words: str
) -> None:
    def make(context: DialerContext) -> Dialer:
        dialer = Dialer(context)
        dialer.desk_caller.__class__ = saboteur
        return dialer

    with Arena(make_dialer=make) as arena:
        told = _first_failure(arena, first)
    assert re.search(words, told.splitlines()[0])


@pytest.mark.parametrize(("saboteur", "family", "words"), SABOTEURS)
def test_a_broken_promise_is_seen(saboteur: type, family: str, words: str) -> None:
    def make(session: Session) -> SqlStore:
        store = SqlStore(session)
        turn(store, family, saboteur)
        return store

    with Arena(make) as arena:
        told = _first_failure(arena)
    assert re.match("seed [0-9]+: ", told)
    assert re.search(words, told.splitlines()[0])


def _first_failure(arena: Arena, first: int = 1) -> str:
    for seed in range(first, first + _SEEDS_UNTIL_SEEN):
        try:
            simulate(seed, arena)
        except FailedError as failed:
            return str(failed)
    return "none"
