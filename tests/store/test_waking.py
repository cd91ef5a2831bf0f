"""Whoever changes a campaign wakes what its dates, hours or state held, and nothing else."""

import pytest

from callkeeper.core.campaigns.changes import Arrange, CampaignChange, Pause, Resume, Revision
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    GRACE,
    RETRIES,
    begun,
    claim,
    claimed,
    due,
    end,
    ending,
    rearrange,
    standing,
)
from tests.store.orders import NOW, Opened, has_campaign
from tests.store.test_campaigns import plan

LATER = NOW + 5_000
SHUT = '[{"begin":600,"end":720}]'  # NOW is 8:00


@pytest.fixture
def shut(opened: Opened) -> Reservation:
    """A reservation that waits for the hours of campaign 8."""
    has_campaign(opened.session, 1, 8, workday_windows=SHUT)
    (reservation,) = due(opened.store, 1, campaign_id="8")
    assert claim(opened.store).held == 1
    return reservation


def paused(store: SqlStore) -> Reservation:
    """Return a reservation that is held because campaign 7 is paused."""
    (reservation,) = due(store, 1)
    rearrange(store, Pause())
    assert claim(store).held == 1
    return reservation


def test_a_reservation_held_by_a_pause_is_looked_at_as_soon_as_the_campaign_is_resumed(
    store: SqlStore,
) -> None:
    reservation = paused(store)
    rearrange(store, Resume(), at=LATER)
    assert standing(store, reservation).look_at == NOW  # its turn, among what was due since
    assert len(claim(store, at=LATER).attempts) == 1


def test_a_reservation_held_by_its_hours_is_looked_at_as_soon_as_they_are_others(
    store: SqlStore, shut: Reservation
) -> None:
    others = Revision(plan("campaign 8", workday_windows=()))
    rearrange(store, others, at=LATER, campaign_id=8)
    assert standing(store, shut).look_at == LATER
    assert len(claim(store, at=LATER).attempts) == 1


@pytest.mark.parametrize("change", [Arrange("Asia/Tokyo"), Pause()])
def test_any_change_has_it_judged_anew(
    store: SqlStore, shut: Reservation, change: CampaignChange
) -> None:
    rearrange(store, change, at=LATER, campaign_id=8)
    assert standing(store, shut).look_at == LATER


def test_a_reservation_of_another_campaign_or_vdn_sleeps_on(
    store: SqlStore, shut: Reservation
) -> None:
    held = standing(store, shut)
    rearrange(store, Pause(), at=LATER)
    rearrange(store, Pause(), at=LATER, vdn=2)
    assert standing(store, shut) == held


def test_waking_is_no_change_of_the_promise(store: SqlStore) -> None:
    reservation = paused(store)
    rearrange(store, Resume(), at=LATER)
    woken = standing(store, reservation)
    assert (woken.version, woken.changed_at) == (reservation.version, reservation.changed_at)
    assert (woken.due_at, woken.held_by) == (reservation.due_at, "status")


def test_a_retry_is_not_woken(store: SqlStore) -> None:
    rearrange(store, Arrange(retries=RETRIES.retries))
    attempt = begun(store)
    end(store, ending(attempt, at=NOW))
    waiting = standing(store, attempt)
    assert waiting.held_by == "retry"
    rearrange(store, Pause(), at=LATER)
    rearrange(store, Resume(), at=LATER)
    assert standing(store, attempt) == waiting


def test_a_reservation_held_by_a_bound_or_the_line_is_not_woken(store: SqlStore) -> None:
    attempt = begun(store, 2)
    end(store, ending(attempt, "down", at=NOW))
    down = standing(store, attempt)
    (capped,) = due(store, 1)
    assert claim(store, limits=Limits(GRACE, vdn_calls_max=0)).held == 1
    held = standing(store, capped)
    rearrange(store, Pause(), at=NOW + 1)
    assert [standing(store, each) for each in (capped, down)] == [held, down]


def test_a_claimed_reservation_is_not_woken(store: SqlStore) -> None:
    reservation = paused(store)
    rearrange(store, Resume())
    claim(store)
    rearrange(store, Pause(), at=LATER)
    assert standing(store, reservation).look_at is None


def test_a_reservation_never_held_keeps_its_time(store: SqlStore) -> None:
    (later,) = due(store, 1, appoint_at=NOW + 3_600_000)
    attempt = claimed(store, 2)
    rearrange(store, Pause(), at=LATER)
    assert standing(store, later) == later
    assert standing(store, attempt).look_at is None
