"""Settling what was due before an instant, on both engines: all of it, once, and nothing else."""

import pytest

from callkeeper.core.campaigns.changes import Arrange, Pause, Resume
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Unsettled
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.settling import Settling, SettlingRefused
from tests.store.calls import (
    RETRIES,
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
from tests.store.orders import (
    HOUR,
    NOW,
    Opened,
    booked,
    booking,
    carry_out,
    check_history,
    has_campaign,
    order,
)

LATER = NOW + 60_000


def settling(store: SqlStore, *, before: int = LATER, vdn: int | None = None) -> Settling:
    return Settling(store, before, vdn, LATER, FailCodes())


def settled(store: SqlStore, subject: Reservation) -> bool:
    now = standing(store, subject)
    return (now.state, now.held_by, now.fail_code) == ("done", "settled", "34608")


def test_more_than_a_batch_is_settled_and_a_second_time_nothing(store: SqlStore) -> None:
    first = due(store, *range(700))
    other = due(store, *range(700, 900), vdn=2)
    assert settling(store).carry_out() == 900
    assert settling(store).carry_out() == 0
    assert all(settled(store, each) for each in (first[0], first[-1], other[0], other[-1]))
    check_history(store, first[0], other[-1])
    (event,) = store.history.of(1, first[0].id)[1:]
    assert (event.what, event.by_whom, event.happened_at) == ("settled", "operator", LATER)
    assert claim(store, at=LATER).attempts == []


def test_a_call_due_at_the_instant_or_later_waits_on(store: SqlStore) -> None:
    (at,) = due(store, 1)
    assert settling(store, before=NOW).carry_out() == 0
    assert settling(store, before=NOW).first(10) == []
    assert settling(store, before=NOW + 1).carry_out() == 1
    assert settled(store, at)


def test_a_call_claimed_and_not_yet_dialed_when_the_backup_was_taken_is_settled_too(
    store: SqlStore,
) -> None:
    attempt = claimed(store)
    assert settling(store).carry_out() == 1
    # Another dispatcher finds the claim of one that is gone, and hands it back.
    assert give_back(store, attempt, at=LATER) == [True]
    found = standing(store, attempt)
    assert (found.state, found.look_at) == ("done", None)
    assert claim(store, at=LATER).attempts == []


def test_one_that_waits_for_its_next_try_gets_no_other_try(store: SqlStore) -> None:
    rearrange(store, Arrange(retries=RETRIES.retries))
    attempt = begun(store)
    end(store, ending(attempt))
    old = standing(store, attempt)
    assert (old.state, old.call_id) == ("waiting", attempt.id)
    again_at = old.due_at or 0
    soon = Settling(store, again_at + 1, None, again_at + 1, FailCodes())
    assert soon.carry_out() == 1
    new = standing(store, attempt)
    # What is known of the first try is not what came of the second.
    assert (new.fail_code, new.call_id, new.begin_at, new.tries) == ("34608", None, None, 1)
    assert len(store.attempts.of(1, new.id)) == 1


def test_a_call_that_a_paused_campaign_held_is_settled_for_it_may_have_been_resumed(
    store: SqlStore,
) -> None:
    rearrange(store, Pause())
    (one,) = due(store, 1)
    assert claim(store).held == 1
    assert settling(store).carry_out() == 1
    rearrange(store, Resume(), at=LATER)
    assert settled(store, one)
    assert claim(store, at=LATER).attempts == []


def test_a_call_due_at_the_next_opening_waits_for_it(opened: Opened) -> None:
    store = opened.store
    begin = NOW + HOUR
    has_campaign(opened.session, 1, 8, begin_at=begin)
    (one,) = due(store, 1, campaign_id="8")
    assert claim(store).held == 1
    assert settling(store).carry_out() == 0
    assert (standing(store, one).state, standing(store, one).due_at) == ("waiting", begin)


def test_calls_in_progress_manual_and_closed_ones_are_left_as_they_are(store: SqlStore) -> None:
    calling = begun(store, 1)
    (manual,) = booked(store, booking(2, appoint_at=NOW))
    (closed,) = due(store, 3)
    carry_out(store, order(closed.id, Result(fail_code="00000")))
    kept = [standing(store, each) for each in (calling, manual, closed)]
    assert settling(store).carry_out() == 0
    assert [standing(store, each) for each in (calling, manual, closed)] == kept


def test_it_counts_what_there_is_in_each_vdn(opened: Opened) -> None:
    store = opened.store
    begun(store, 3, vdn=2)
    due(store, 1, 2)
    booked(store, booking(4, appoint_at=NOW, vdn=2), booking(5, vdn=2))
    assert settling(store).count() == [
        Unsettled(1, 2, 0, 0, NOW),
        Unsettled(2, 0, 1, 1, NOW),
    ]
    assert [each.vdn for each in settling(store, vdn=2).count()] == [2]


def test_one_that_a_person_closed_meanwhile_is_left_to_him(store: SqlStore) -> None:
    (one,) = due(store, 1)
    seen = settling(store)
    assert [each.id for each in seen.first(10)] == [one.id]
    carry_out(store, order(one.id, Result(fail_code="00000")))
    assert seen.carry_out() == 0
    assert standing(store, one).fail_code == "00000"


def test_a_person_may_still_file_how_a_settled_call_ended(store: SqlStore) -> None:
    (one,) = due(store, 1)
    settling(store).carry_out()
    carry_out(store, order(one.id, Result(fail_code="00000", call_id="c"), at=LATER))
    found = standing(store, one)
    assert (found.state, found.fail_code, found.call_id) == ("done", "00000", "c")


def test_neither_an_instant_to_come_nor_a_line_that_is_dialed_is_taken(store: SqlStore) -> None:
    due(store, 1)
    with pytest.raises(ParameterWrong, match="until now"):
        settling(store, before=LATER + 1)
    renew(store, "dora", LATER + 1)
    with pytest.raises(SettlingRefused, match="dispatcher dora dials over line rehearsal"):
        settling(store).carry_out()
    renew(store, "dora", LATER)
    assert settling(store).carry_out() == 1
