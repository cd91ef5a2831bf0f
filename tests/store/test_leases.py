"""Who answers for an attempt, on both engines: its dispatcher, as long as that one lives."""

from typing import Any

from callkeeper.core.campaigns.changes import Pause
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    LEAD,
    adopt,
    as_it_is,
    begun,
    claim,
    claimed,
    due,
    end,
    ending,
    give_back,
    rearrange,
    renew,
    standing,
)
from tests.store.orders import HOUR, NOW, Opened, has_campaign

LONG_AGO = NOW - 60_000
DAY = 24 * 60 * 60 * 1000


def orphans(store: SqlStore, now: int = NOW, claimed_before: int = LONG_AGO) -> list[str]:
    """Return whose attempts nobody answers for."""
    found = store.attempts.orphaned("rehearsal", now, claimed_before, 100)
    return [each.reservation_id for each in found]


def test_a_dispatcher_is_known_with_what_it_said_last(store: SqlStore) -> None:
    renew(store, "dora", NOW + 10)
    emma = renew(store, "emma", NOW + 10, line="another", per_second=1.25)
    dora = renew(store, "dora", NOW + 20, said_at=NOW + 5, is_up=False, per_second=0.0)
    assert store.leases.all() == [emma, dora]  # by line
    assert [each.is_up for each in store.leases.all()] == [True, False]


def test_a_dispatcher_is_known_with_what_its_line_bears_and_how_its_calls_ended(
    store: SqlStore,
) -> None:
    told: dict[str, Any] = {
        "calls_max": 37,
        "calls_per_second_max": 12.5,
        "outcomes": {"answered": 412, "of_a_newer_version": 1},
        "down_at": NOW - 5,
        "down_why": 'no "connection" to 阿里',
    }
    renew(store, "dora", NOW + 10)
    dora = renew(store, "dora", NOW + 10, is_up=False, **told)
    emma = renew(store, "emma", NOW + 10, begun_at=NOW + 1, outcomes={})
    assert store.leases.all() == [dora, emma]
    again = renew(store, "dora", NOW + 20)
    assert store.leases.all() == [again, emma]


def test_a_lease_keeps_when_it_began(store: SqlStore) -> None:
    renew(store, "dora", NOW + 10, begun_at=NOW - 5)
    renew(store, "dora", NOW + 20, begun_at=NOW + 5)
    assert [each.begun_at for each in store.leases.all()] == [NOW - 5]


def test_a_dispatcher_that_has_been_silent_for_a_day_is_forgotten(store: SqlStore) -> None:
    renew(store, "dora", NOW)
    renew(store, "emma", NOW + DAY, said_at=NOW + DAY)
    assert len(store.leases.all()) == 2
    renew(store, "emma", NOW + DAY + 1, said_at=NOW + DAY + 1)
    assert [each.name for each in store.leases.all()] == ["emma"]


def test_an_attempt_of_a_living_dispatcher_is_no_orphan(store: SqlStore) -> None:
    renew(store, "dora", NOW + 10)
    begun(store, 1)
    claimed(store, 2)
    assert orphans(store, NOW) == []
    assert orphans(store, NOW + 9) == []


def test_an_attempt_is_an_orphan_when_its_holders_lease_has_run_out(store: SqlStore) -> None:
    renew(store, "dora", NOW + 10)
    begun(store, 1)
    claimed(store, 2)
    assert orphans(store, NOW + 10) == ["r00001", "r00002"]


def test_an_attempt_of_a_dispatcher_that_nobody_ever_heard_of_is_an_orphan(store: SqlStore) -> None:
    begun(store, 1)
    assert orphans(store) == ["r00001"]


def test_a_claim_too_long_ago_is_an_orphan_even_of_a_living_dispatcher(
    store: SqlStore,
) -> None:
    renew(store, "dora", NOW + 10)
    begun(store, 1)
    claimed(store, 2)
    assert orphans(store, claimed_before=NOW - 1) == []
    assert orphans(store, claimed_before=NOW) == ["r00002"]


def test_a_lease_from_a_clock_that_was_ahead_binds_nobody(store: SqlStore) -> None:
    """None is given for more than 15 s, and clocks may differ by two."""
    begun(store, 1)
    lease = renew(store, "dora", NOW + 17_000, said_at=NOW)
    assert orphans(store, NOW) == []
    assert lease.stands(NOW)
    lease = renew(store, "dora", NOW + 17_001, said_at=NOW + 90_000)
    assert orphans(store, NOW) == ["r00001"]
    assert not lease.stands(NOW)


def test_a_claim_from_a_clock_that_was_ahead_is_an_orphan(store: SqlStore) -> None:
    due(store, 1, 2)
    claim(store, ids=1, at=NOW + 17_000)
    claim(store, ids=1, at=NOW + 17_001)
    renew(store, "dora", NOW + 15_000)
    assert orphans(store, NOW) == ["r00002"]


def wake(store: SqlStore, now: int) -> int:
    """Have looked at what a clock held that was ahead; return how many were."""
    with store.transaction():
        (woken,) = store.due.wake_from_ahead([now])
    assert isinstance(woken, int)
    return woken


def test_a_reservation_held_by_a_clock_that_was_ahead_is_looked_at_again(store: SqlStore) -> None:
    rearrange(store, Pause())
    held, _ = due(store, 1, 2)
    (due_later,) = due(store, 3, appoint_at=NOW + LEAD + HOUR // 6)
    assert claim(store, at=NOW + HOUR // 3).held == 3
    assert wake(store, NOW + HOUR // 3) == 0
    assert wake(store, NOW) == 3
    assert standing(store, held).look_at == NOW
    assert standing(store, due_later).look_at == due_later.due_at
    assert wake(store, NOW) == 0


def test_a_reservation_that_waits_for_its_time_its_hours_or_a_near_instant_is_left_alone(
    opened: Opened, store: SqlStore
) -> None:
    has_campaign(opened.session, 1, 8, workday_windows='[{"begin":720,"end":1020}]')
    (by_its_time,) = due(store, 1, appoint_at=NOW + 9 * HOUR)
    (by_hours,) = due(store, 2, campaign_id="8")
    assert claim(store).held == 1
    rearrange(store, Pause())
    (paused,) = due(store, 3)
    assert claim(store).held == 1
    before = [standing(store, each) for each in (by_its_time, by_hours, paused)]
    assert wake(store, NOW - 1_000) == 0
    assert [standing(store, each) for each in (by_its_time, by_hours, paused)] == before


def test_an_attempt_that_has_ended_is_nobodys(store: SqlStore) -> None:
    end(store, ending(begun(store, 1)))
    give_back(store, claimed(store, 2))
    assert orphans(store) == []
    assert store.attempts.held("rehearsal", "dora", 100) == []
    assert store.attempts.live_by_line() == {}


def test_a_dispatcher_looks_after_the_orphans_of_its_own_line_oldest_first(
    store: SqlStore,
) -> None:
    due(store, 1, 2, 3)
    claim(store, ids=1, at=NOW + 2, line="another")
    claim(store, ids=1, at=NOW + 1)
    claim(store, ids=1, at=NOW)
    assert orphans(store) == ["r00003", "r00002"]
    found = store.attempts.orphaned("rehearsal", NOW, LONG_AGO, 1)
    assert [each.reservation_id for each in found] == ["r00003"]


def test_the_attempts_of_a_dispatcher_are_its_own_over_its_line_oldest_first(
    store: SqlStore,
) -> None:
    due(store, 1, 2, 3, 4)
    claim(store, ids=1, at=NOW + 2)
    claim(store, ids=1, at=NOW + 1, holder="emma")
    claim(store, ids=1, at=NOW + 1, line="another")
    claim(store, ids=1, at=NOW)

    def held(limit: int) -> list[str]:
        found = store.attempts.held("rehearsal", "dora", limit)
        return [each.reservation_id for each in found]

    assert held(100) == ["r00004", "r00001"]
    assert held(1) == ["r00004"]


def test_live_attempts_are_counted_by_line_over_all_vdns(store: SqlStore) -> None:
    assert store.attempts.live_by_line() == {}
    due(store, 1, 2)
    due(store, 3, vdn=2)
    claim(store)
    due(store, 4)
    claim(store, line="another")
    assert store.attempts.live_by_line() == {"rehearsal": 3, "another": 1}


def test_an_attempt_is_taken_over_from_the_holder_it_was_read_with(store: SqlStore) -> None:
    attempt = begun(store)
    (adopted,) = adopt(store, "emma", attempt)
    assert isinstance(adopted, Attempt)
    assert adopted.holder == "emma"
    assert as_it_is(store, attempt) == adopted
    assert [each.id for each in store.attempts.held("rehearsal", "emma", 10)] == [attempt.id]


def test_of_two_that_take_an_attempt_over_the_faster_one_has_it(store: SqlStore) -> None:
    attempt = begun(store)
    adopt(store, "emma", attempt)
    assert adopt(store, "fay", attempt) == [None]
    assert as_it_is(store, attempt).holder == "emma"


def test_an_attempt_that_has_ended_is_not_taken_over(store: SqlStore) -> None:
    attempt = begun(store)
    end(store, ending(attempt))
    over = as_it_is(store, attempt)
    assert adopt(store, "emma", attempt) == [None]
    assert as_it_is(store, attempt) == over
