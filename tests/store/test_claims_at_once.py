"""Claims of many at once, and beside whatever else is written: nothing twice, and no waiting."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from callkeeper.core.campaigns.changes import CampaignOrder, Pause, Resume
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claimed
from callkeeper.core.reservations.changes import Cancel
from callkeeper.store.rows.due import LOOKED_AT
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    GRACE,
    claim,
    due,
    rearrange,
    standing,
    wish,
)
from tests.store.orders import (
    CAMPAIGN,
    NOW,
    Opened,
    Opener,
    has_campaign,
    order,
)
from tests.store.test_claims import reservations
from tests.store.test_two_writers import side_by_side
from tests.waiting import until

only_on_postgres = pytest.mark.parametrize("engine", ["postgres"])


@only_on_postgres  # on SQLite the transaction itself is the turn
def test_while_one_claims_another_gets_nothing_and_comes_back(
    opener: Opener, store: SqlStore
) -> None:
    """Not even what is due since: the bounds would not hold."""
    due(store, 1)
    other = opener.open().store
    with store.transaction():
        (first,) = store.due.claim([wish()])
        due(other, 2)
        assert claim(other) == Claimed([])
    assert isinstance(first, Claimed)
    assert reservations(first) + reservations(claim(other)) == ["r00001", "r00002"]


def test_two_that_claim_at_once_claim_nothing_twice_and_keep_every_bound(
    opener: Opener, opened: Opened
) -> None:
    has_campaign(opened.session, 1, 8, dial_settings='{"calls_max":5}')
    due(opened.store, *range(40))
    due(opened.store, *range(40, 60), campaign_id="8")
    due(opened.store, *range(60, 100), vdn=2)
    limits = Limits(GRACE, vdn_calls_max=20)
    gate = threading.Barrier(2)

    def work(holder: str) -> list[Attempt]:
        mine = opener.open().store
        got: list[Attempt] = []
        for turn in range(20):
            gate.wait(30)
            at = NOW + turn * 2_000
            got += claim(mine, holder=holder, ids=3, calls_max=31, limits=limits, at=at).attempts
        return got

    made = [
        each for got in side_by_side(lambda: work("dora"), lambda: work("emma")) for each in got
    ]
    assert max(Counter(each.reservation_id for each in made).values()) == 1
    assert len(made) == 31
    by_vdn = Counter(each.vdn for each in made)
    assert max(by_vdn.values()) <= 20
    assert Counter(each.campaign_id for each in made)[8] <= 5


def test_two_that_claim_at_once_keep_the_pace(opener: Opener, store: SqlStore) -> None:
    due(store, *range(60))
    gate = threading.Barrier(2)

    def work(holder: str) -> list[Attempt]:
        mine = opener.open().store
        got: list[Attempt] = []
        for turn in range(21):
            gate.wait(30)
            got += claim(mine, holder=holder, per_second=20, at=NOW + turn * 50).attempts
        return got

    made = [
        each for got in side_by_side(lambda: work("dora"), lambda: work("emma")) for each in got
    ]
    assert 20 <= len(made) <= 20 + 3  # a second's worth, and what is caught up on


@only_on_postgres
def test_a_claim_leaves_what_another_transaction_has_locked(
    opener: Opener, store: SqlStore
) -> None:
    first, second = due(store, 1, 2)
    other = opener.open().store
    with other.transaction():
        other.reservations.change([order(first.id, Cancel())])
        assert reservations(claim(store)) == [second.id]
    assert claim(store) == Claimed([])
    assert standing(store, first).state == "cancelled"


@only_on_postgres
def test_a_claim_leaves_reservations_whose_campaign_is_just_being_changed(
    opener: Opener, opened: Opened
) -> None:
    has_campaign(opened.session, 1, 8)
    (mine,) = due(opened.store, 1)
    due(opened.store, 2, campaign_id="8")
    other = opener.open().store
    with other.transaction():
        other.campaigns.change([CampaignOrder(1, CAMPAIGN, Pause(), "key K", NOW)])
        outcome = claim(opened.store)
        assert reservations(outcome) == ["r00002"]
        assert (outcome.held, outcome.given_up) == (0, 0)
        assert standing(opened.store, mine) == mine
    assert claim(opened.store).held == 1


@only_on_postgres
def test_a_claim_that_can_judge_nothing_is_not_worth_to_be_repeated_at_once(
    opener: Opener, store: SqlStore
) -> None:
    due(store, *range(LOOKED_AT))
    other = opener.open().store
    with other.transaction():
        other.campaigns.change([CampaignOrder(1, CAMPAIGN, Pause(), "key K", NOW)])
        assert claim(store) == Claimed([])


@only_on_postgres
def test_a_change_of_a_campaign_waits_for_a_claim_and_wakes_what_it_held(
    opener: Opener, store: SqlStore
) -> None:
    (reservation,) = due(store, 1)
    rearrange(store, Pause())
    other = opener.open().store
    with ThreadPoolExecutor(1) as thread:
        with store.transaction():
            store.due.claim([wish()])
            resuming = thread.submit(rearrange, other, Resume(), at=NOW + 5)
            until(opener.somebody_waits)
            assert not resuming.done()
        resuming.result(30)
    assert standing(store, reservation).look_at == NOW
    assert reservations(claim(store, at=NOW + 5)) == [reservation.id]
