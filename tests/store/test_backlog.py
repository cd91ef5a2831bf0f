"""A backlog that is held delays nobody else, and costs a claim no more for being large."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Pause, Resume
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claimed
from callkeeper.store.engine.migrate import Migration
from callkeeper.store.engine.session import Item, Row, Session
from callkeeper.store.port.progress import Tell, tell_nobody
from callkeeper.store.rows.backlog import CAMPAIGNS_MAX
from callkeeper.store.rows.due import LOOKED_AT
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.outlook import outlook
from tests.store.calls import GRACE, LEAD, claim, due, end, ending, placing, rearrange
from tests.store.orders import NOW, Opened, booking, has_campaign

MANY = 20_000
FIVE = Limits(GRACE, vdn_calls_max=5)


class Counted:
    """A session that counts the statements it runs and the rows that they return."""

    file = None

    def __init__(self, session: Session) -> None:
        self._session = session
        self.run: Counter[str] = Counter()
        self.returned = 0

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        return self._count(name, self._session.rows(name, **parameters))

    def each(self, name: str, items: Sequence[Item], /, **parameters: object) -> list[Row]:
        self.returned += len(items)
        return self._count(name, self._session.each(name, items, **parameters))

    def learn(self, text: str) -> None:
        self._session.learn(text)

    def close_gates(self) -> None:
        self._session.close_gates()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._session.transaction():
            yield

    def migrate(
        self, steps: Sequence[Migration] | None = None, tell: Tell = tell_nobody
    ) -> list[str]:
        return self._session.migrate(steps, tell)

    def spread(self) -> list[str]:
        return self._session.spread()

    def close(self) -> None:
        self._session.close()

    def _count(self, name: str, rows: list[Row]) -> list[Row]:
        self.run[name] += 1
        self.returned += len(rows)
        return rows


def backlog(opened: Opened, numbers: range = range(MANY), **fields: Any) -> None:
    """Put into the database what came due one after another before now; the ids tell the order."""
    given: dict[str, Any] = {"kind": "automatic", "appoint_at": NOW + LEAD} | fields
    campaign = opened.store.campaigns.get(given.get("vdn", 1), int(given.get("campaign_id", 7)))
    one = booking(0, **given).reservation(campaign, ZoneInfo("UTC"))
    early = [
        msgspec.structs.replace(one, id=f"b{n:06d}", look_at=NOW - MANY + n, due_at=NOW - MANY + n)
        for n in numbers
    ]
    with opened.session.transaction():
        opened.session.each("add_reservations", early)


def called(outcome: Claimed) -> list[str]:
    return [each.reservation_id for each in outcome.attempts]


def named(*numbers: int) -> list[str]:
    return [f"b{number:06d}" for number in numbers]


def test_a_vdn_above_its_bound_delays_nobody(opened: Opened) -> None:
    backlog(opened)
    due(opened.store, 900, vdn=2)
    assert called(claim(opened.store, limits=FIVE)) == [*named(*range(5)), "r00900"]
    due(opened.store, 901, vdn=2)
    assert called(claim(opened.store, limits=FIVE)) == ["r00901"]
    assert claim(opened.store, limits=FIVE) == Claimed([])
    assert claim(opened.store, limits=FIVE, sweeps=False) == Claimed([])


def test_a_paused_campaign_delays_nobody_and_goes_on_where_it_was(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8)
    backlog(opened, campaign_id="8")
    rearrange(opened.store, Pause(), campaign_id=8)
    due(opened.store, 900)
    assert called(claim(opened.store)) == ["r00900"]
    assert claim(opened.store, at=NOW + 60_000) == Claimed([])
    rearrange(opened.store, Resume(), at=NOW + 60_000, campaign_id=8)
    assert called(claim(opened.store, at=NOW + 60_000)) == named(*range(10))


def test_a_call_that_ends_makes_room_for_the_one_that_is_next(opened: Opened) -> None:
    backlog(opened)
    first, *_ = claim(opened.store, limits=FIVE).attempts
    with opened.store.transaction():
        opened.store.attempts.begin([placing(first)])
    end(opened.store, ending(first, at=NOW))
    assert called(claim(opened.store, limits=FIVE)) == named(5)


def test_campaigns_of_one_vdn_are_called_in_the_order_in_which_all_is_due(opened: Opened) -> None:
    """Also where so many campaigns have something due that few of each are looked at."""
    for number in range(200):
        has_campaign(opened.session, 2, 100 + number)
        due(opened.store, 500 + number, vdn=2, campaign_id=str(100 + number))
    has_campaign(opened.session, 1, 8)
    backlog(opened, range(0, 40, 2))
    backlog(opened, range(1, 40, 2), campaign_id="8")
    found: list[str] = []
    while len(found) < 40:
        outcome = claim(opened.store, ids=10)
        found += [each.reservation_id for each in outcome.attempts if each.vdn == 1]
        assert outcome.more
    assert found == named(*range(40))


def test_a_call_too_late_is_closed_though_its_campaign_is_paused(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8)
    backlog(opened, range(700), campaign_id="8")
    rearrange(opened.store, Pause(), campaign_id=8)
    assert claim(opened.store, at=NOW + LEAD + GRACE) == Claimed([])
    late = NOW + LEAD + GRACE + 1
    assert claim(opened.store, at=late, sweeps=False) == Claimed([])
    assert claim(opened.store, at=late) == Claimed([], given_up=LOOKED_AT, more=True)
    assert claim(opened.store, at=late).given_up == 700 - LOOKED_AT
    (expired,) = opened.store.reservations.with_id("b000001")
    assert (expired.state, expired.held_by) == ("expired", "paused")
    event = opened.store.history.of(1, expired.id)[-1]
    assert msgspec.json.decode(event.detail) == {
        "rule": "grace",
        "why": "campaign 8 was paused; it is over 30 min late",
        "held_by": "paused",
    }


def test_more_campaigns_than_one_claim_looks_at_all_get_their_turn(opened: Opened) -> None:
    count = CAMPAIGNS_MAX + 20
    for number in range(count):
        has_campaign(opened.session, 1, 100 + number)
        due(opened.store, number, campaign_id=str(100 + number))
    found = [called(claim(opened.store, ids=200)) for _ in range(2)]
    assert sorted(found[0] + found[1]) == [f"r{number:05d}" for number in range(count)]


@pytest.mark.parametrize("sweeps", [True, False])
def test_a_claim_costs_no_more_for_a_larger_backlog(opened: Opened, *, sweeps: bool) -> None:
    """It reads no more rows, and runs no more statements, once nothing of it may be dialed."""
    counted = Counted(opened.session)
    store = SqlStore(counted)
    costs = []
    for numbers in (range(1_000), range(1_000, MANY)):
        backlog(opened, numbers)
        for _ in range(2):
            claim(opened.store, limits=FIVE)
        counted.run.clear()
        counted.returned = 0
        claim(store, limits=FIVE, sweeps=sweeps)
        costs.append((counted.returned, counted.run.total()))
    assert costs[0] == costs[1]
    assert costs[0] < (20, 12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (None, "VDN 1 has 5 calls, as many as it may"),
        (Pause(), "campaign 7 is paused; resume it"),
    ],
)
def test_each_of_a_backlog_says_what_holds_it(
    opened: Opened, change: Pause | None, says: str
) -> None:
    """Those too that no claim has read."""
    backlog(opened, range(2_000))
    claim(opened.store, limits=FIVE)
    if change is not None:
        rearrange(opened.store, change)
    (last,) = opened.store.reservations.with_id(*named(1_999))
    assert says in outlook(opened.store, last, FIVE, NOW)
