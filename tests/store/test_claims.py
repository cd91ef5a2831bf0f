"""Claiming what is due, on both engines: in order, once, within all bounds, and never waiting."""

import sqlite3
from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Pause
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claimed
from callkeeper.core.refusal import DatabaseFailed, DatabaseLost, DatabasePartLost
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.store.engine.session import StatementFailed
from callkeeper.store.rows.backlog import AHEAD
from callkeeper.store.rows.due import LOOKED_AT
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    GRACE,
    LEAD,
    begun,
    claim,
    claimed,
    due,
    end,
    ending,
    give_back,
    rearrange,
    standing,
)
from tests.store.orders import (
    CAMPAIGN,
    HOUR,
    NOW,
    Opened,
    Opener,
    carry_out,
    check_history,
    has_campaign,
    order,
)


def reservations(claimed: Claimed) -> list[str]:
    """Return whose attempts were claimed, in order."""
    return [each.reservation_id for each in claimed.attempts]


def test_a_claim_is_an_attempt_that_knows_all_it_needs(store: SqlStore) -> None:
    (reservation,) = due(store, 1, called_no="1234")
    (attempt,) = claim(store, holder="emma", line="trunk", at=NOW + 7).attempts
    assert attempt.reservation_id == reservation.id
    assert (attempt.vdn, attempt.campaign_id, attempt.number) == (1, CAMPAIGN, 1)
    assert (attempt.line, attempt.holder, attempt.state) == ("trunk", "emma", "claimed")
    assert (attempt.called_no, attempt.alerting_seconds) == ("1234", 20)
    assert (attempt.due_at, attempt.claimed_at) == (NOW, NOW + 7)
    assert store.attempts.of(1, reservation.id) == [attempt]
    assert standing(store, reservation) == msgspec.structs.replace(reservation, look_at=None)


def test_a_reservation_is_claimed_once(store: SqlStore) -> None:
    due(store, 1, 2)
    assert len(claim(store).attempts) == 2
    assert claim(store) == Claimed([])


def test_the_reservation_due_first_is_claimed_first(store: SqlStore) -> None:
    due(store, 1, 2, appoint_at=NOW + LEAD + 20)
    due(store, 3, appoint_at=NOW + LEAD + 10)
    due(store, 4, appoint_at=NOW + LEAD + 30)
    first = claim(store, ids=2, at=NOW + 30)
    assert reservations(first)[0] == "r00003"
    assert sorted(reservations(first) + reservations(claim(store, at=NOW + 30))) == [
        "r00001",
        "r00002",
        "r00003",
        "r00004",
    ]


def test_of_what_is_due_at_one_instant_the_earlier_appointment_comes_first(store: SqlStore) -> None:
    due(store, 1, appoint_at=NOW + 3_000)
    due(store, 2, appoint_at=NOW + 1_000)
    due(store, 3, appoint_at=NOW + 2_000)
    assert reservations(claim(store)) == ["r00002", "r00003", "r00001"]


def test_nothing_is_claimed_before_its_lead(store: SqlStore) -> None:
    due(store, 1, appoint_at=NOW + LEAD + 1)
    assert not store.due.is_any(NOW)
    assert claim(store) == Claimed([])
    assert store.due.is_any(NOW + 1)
    assert reservations(claim(store, at=NOW + 1)) == ["r00001"]


def test_manual_ones_and_closed_ones_are_never_due(store: SqlStore) -> None:
    due(store, 1, kind="manual")
    due(store, 2, 3)
    carry_out(store, order("r00002", Cancel()), order("r00003", Result(fail_code="00000")))
    assert not store.due.is_any(NOW + HOUR)
    assert claim(store, at=NOW + HOUR) == Claimed([])


def test_how_many_are_due_is_counted_no_further_than_the_limit(store: SqlStore) -> None:
    due(store, *range(5))
    due(store, 9, appoint_at=NOW + 2 * LEAD)
    assert [store.due.count(NOW, limit) for limit in (3, 5, 100)] == [3, 5, 5]


def test_no_more_is_claimed_than_there_are_ids(store: SqlStore) -> None:
    due(store, *range(5))
    assert reservations(claim(store, ids=2)) == ["r00000", "r00001"]
    assert reservations(claim(store, ids=0)) == []
    assert len(claim(store, ids=9).attempts) == 3


def test_no_more_is_claimed_than_the_line_may_have_whoever_dials(store: SqlStore) -> None:
    due(store, *range(5))
    assert len(claim(store, calls_max=2, holder="emma").attempts) == 2
    assert claim(store, calls_max=2).attempts == []
    assert len(claim(store, calls_max=2, line="another").attempts) == 2


def test_an_attempt_that_ended_makes_room_for_another(store: SqlStore) -> None:
    attempt = begun(store)
    due(store, 2)
    assert claim(store, calls_max=1).attempts == []
    end(store, ending(attempt))
    assert reservations(claim(store, calls_max=1)) == ["r00002"]


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        ({"calls_max": 1}, "line rehearsal has as many calls as it may, 1"),
        ({"per_second": 1.0}, "line rehearsal begins 1 calls a second and no more"),
        ({"ids": 0}, "line rehearsal is down"),
    ],
)
def test_a_call_without_room_on_the_line_stays_due_and_says_why(
    store: SqlStore, bound: dict[str, Any], why: str
) -> None:
    _, second = due(store, 1, 2)
    assert claim(store, sweeps=False, **bound).held == 0
    assert standing(store, second).verdict is None
    claim(store, **bound)
    noted = standing(store, second)
    assert (noted.held_by, noted.verdict) == ("line", why)
    assert noted == msgspec.structs.replace(second, held_by="line", verdict=why)
    assert claim(store, **bound) == Claimed([])
    assert standing(store, second) == noted


def test_a_reservation_left_for_the_next_claim_is_held_by_nothing(store: SqlStore) -> None:
    _, second = due(store, 1, 2)
    assert claim(store, ids=1).more
    assert standing(store, second) == second


def test_the_pace_of_a_line_holds_whoever_dials(store: SqlStore) -> None:
    due(store, *range(9))
    assert len(claim(store, per_second=20).attempts) == 3  # a tenth of a second's worth, and one
    assert claim(store, per_second=20, holder="emma").attempts == []
    assert claim(store, per_second=20, at=NOW + 49).attempts == []
    assert len(claim(store, per_second=20, at=NOW + 50, holder="emma").attempts) == 1
    assert len(claim(store, per_second=20, at=NOW + 50, line="another").attempts) == 3


def test_a_vdns_bound_holds_its_own_and_lets_others_pass(store: SqlStore) -> None:
    due(store, 1, 2, 3)
    due(store, 4, vdn=2)
    outcome = claim(store, limits=Limits(GRACE, vdn_calls_max=2))
    assert reservations(outcome) == ["r00001", "r00002", "r00004"]
    (held,) = store.reservations.with_id("r00003")
    assert (held.held_by, held.look_at, outcome.held) == ("vdn_cap", NOW, 1)
    assert held.verdict == "VDN 1 has 2 calls, as many as it may"
    check_history(store, held)


def test_a_campaigns_own_bound_holds_its_own_and_lets_others_pass(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, dial_settings='{"calls_max":1}')
    due(opened.store, 1, 2, campaign_id="8")
    due(opened.store, 3, 4)
    assert reservations(claim(opened.store)) == ["r00001", "r00003", "r00004"]
    (held,) = opened.store.reservations.with_id("r00002")
    assert held.held_by == "campaign_cap"


def test_bounds_count_calls_over_other_lines_too(store: SqlStore) -> None:
    due(store, 1, 2)
    limits = Limits(GRACE, campaign_calls_max=1)
    assert len(claim(store, limits=limits, line="another").attempts) == 1
    assert claim(store, limits=limits).attempts == []


def test_a_held_reservation_is_judged_anew_at_its_instant_and_not_before(store: SqlStore) -> None:
    (reservation,) = due(store, 1)
    rearrange(store, Pause())
    assert claim(store).held == 1
    held = standing(store, reservation)
    assert (held.held_by, held.look_at, held.due_at) == ("status", NOW + 60_000, NOW)
    assert claim(store, at=NOW + 59_999) == Claimed([])
    assert claim(store, at=NOW + 60_000).held == 1
    check_history(store, held)


def test_outside_its_hours_it_is_due_when_they_open(opened: Opened) -> None:
    """NOW is 8:00 in UTC, and 9:00 in Berlin."""
    windows = '[{"begin":600,"end":720}]'
    has_campaign(opened.session, 1, 8, workday_windows=windows)
    has_campaign(
        opened.session, 1, 9, workday_windows=windows, dial_settings='{"time_zone":"Europe/Berlin"}'
    )
    due(opened.store, 1, campaign_id="8")
    due(opened.store, 2, campaign_id="9")
    assert claim(opened.store).held == 2
    for id_, opens in (("r00001", NOW + 2 * HOUR), ("r00002", NOW + HOUR)):
        (held,) = opened.store.reservations.with_id(id_)
        assert (held.held_by, held.due_at, held.look_at) == ("hours", opens, opens)
    assert reservations(claim(opened.store, at=NOW + HOUR)) == ["r00002"]
    (attempt,) = claim(opened.store, at=NOW + 2 * HOUR).attempts
    assert attempt.due_at == NOW + 2 * HOUR


def test_a_reservation_too_late_expires_with_its_reason_and_an_event(store: SqlStore) -> None:
    (reservation,) = due(store, 1)
    at = NOW + LEAD + GRACE + 1
    outcome = claim(store, at=at, holder="emma")
    assert (outcome.attempts, outcome.given_up) == ([], 1)
    expired = standing(store, reservation)
    assert (expired.state, expired.held_by, expired.due_at) == ("expired", "grace", None)
    event = store.history.of(1, reservation.id)[-1]
    assert (event.what, event.by_whom, event.happened_at) == ("expired", "dialer emma", at)
    assert msgspec.json.decode(event.detail) == {"rule": "grace", "why": expired.verdict}
    check_history(store, expired)


def test_a_reservation_too_late_expires_even_for_a_claim_that_can_dial_nothing(
    store: SqlStore,
) -> None:
    due(store, 1)
    due(store, 2, appoint_at=NOW + 2 * HOUR)
    at = NOW + 2 * HOUR
    outcome = claim(store, ids=0, at=at)
    assert (outcome.attempts, outcome.given_up) == ([], 1)
    assert reservations(claim(store, at=at)) == ["r00002"]


def test_a_claim_says_when_it_is_worth_to_ask_again_at_once(store: SqlStore) -> None:
    due(store, *range(LOOKED_AT + 20))
    assert claim(store, ids=10).more
    full = claim(store, ids=100, calls_max=20)
    assert (len(full.attempts), full.more) == (10, False)
    assert claim(store, ids=0) == Claimed([])  # without a line it would be asked in a circle
    assert claim(store, ids=0, at=NOW + HOUR) == Claimed([], given_up=LOOKED_AT, more=True)
    assert not store.due.is_any(NOW + HOUR)


def test_a_reservation_left_when_the_ids_are_used_up_is_worth_another_claim(
    store: SqlStore,
) -> None:
    due(store, *range(5))
    assert claim(store, ids=3, sweeps=False).more
    rest = claim(store, ids=3, sweeps=False)
    assert (len(rest.attempts), rest.more) == (2, False)


def test_a_claim_that_could_dial_nothing_judges_only_when_it_sweeps(store: SqlStore) -> None:
    due(store, 1)
    full: list[dict[str, Any]] = [{"ids": 0}, {"calls_max": 0}]
    for bound in full:
        assert claim(store, at=NOW + HOUR, sweeps=False, **bound) == Claimed([])
    assert claim(store, at=NOW + HOUR, calls_max=0).given_up == 1


def test_a_claim_looks_a_bounded_way_past_what_it_could_dial(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, status="paused")
    due(opened.store, *range(AHEAD + 10), campaign_id="8", appoint_at=NOW + 1)
    due(opened.store, 900)
    first = claim(opened.store, ids=5, sweeps=False)
    assert (reservations(first), first.held) == (["r00900"], 0)
    assert claim(opened.store, ids=5, sweeps=False) == Claimed([])


def test_a_held_reservation_does_not_hide_one_that_may_be_dialed(opened: Opened) -> None:
    has_campaign(opened.session, 1, 8, status="paused")
    due(opened.store, *range(LOOKED_AT), campaign_id="8", appoint_at=NOW + 1)
    due(opened.store, 900)
    first = claim(opened.store)
    assert (reservations(first), first.held) == (["r00900"], 0)


def test_the_database_refuses_a_second_live_attempt_even_when_the_code_is_wrong(
    opened: Opened, opener: Opener
) -> None:
    attempt = claimed(opened.store)
    second = msgspec.structs.replace(attempt, id="another")
    # Citus refuses it without saying that it is a duplicate.
    refusal = DatabaseFailed if opener.has_citus() else StatementFailed
    with (
        pytest.raises((sqlite3.IntegrityError, refusal)) as refused,
        opened.session.transaction(),
    ):
        opened.session.each("add_attempts", [second])
    assert not isinstance(refused.value, DatabaseLost | DatabasePartLost)
    assert opened.store.attempts.of(1, attempt.reservation_id) == [attempt]
    give_back(opened.store, attempt)
    with opened.session.transaction():
        opened.session.each("add_attempts", [second])
