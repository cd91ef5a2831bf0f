"""An attempt until it ends, on both engines: begun once, by its holder only, and never too late."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from callkeeper.core.campaigns.changes import CampaignOrder, Delete, Pause, Resume, Revision
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Begun, Progress, Withdrawn
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Claimed
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    GRACE,
    LEAD,
    adopt,
    as_it_is,
    begin,
    begun,
    claim,
    claimed,
    due,
    end,
    ending,
    give_back,
    note,
    placing,
    rearrange,
    standing,
    wish,
    word,
)
from tests.store.orders import (
    CAMPAIGN,
    HOUR,
    NOW,
    Opened,
    Opener,
    booking,
    carry_out,
    check_history,
    has_campaign,
    order,
)
from tests.store.test_campaigns import plan

TOO_LATE = NOW + LEAD + GRACE + 1

Meanwhile = Callable[[SqlStore, Attempt], object]


def test_an_attempt_is_on_record_before_anybody_is_asked(opened: Opened) -> None:
    has_campaign(
        opened.session,
        1,
        8,
        caller_numbers='[{"number":"10087","priority":2},{"number":"10086","priority":1}]',
        alerting_seconds_max=45,
        goes_to="ivr 66001",
    )
    store = opened.store
    attempt = claimed(store, campaign_id="8", call_data='{"a":1}')
    outcome = begin(store, attempt, at=NOW + 9)
    assert isinstance(outcome, Begun)
    assert (outcome.call_data, outcome.goes_to) == ('{"a":1}', "ivr 66001")
    placing_now = outcome.attempt
    assert (placing_now.state, placing_now.placing_at) == ("placing", NOW + 9)
    assert (placing_now.caller_no, placing_now.alerting_seconds) == ("10086", 45)
    assert as_it_is(store, attempt) == placing_now
    reservation = standing(store, attempt)
    assert (reservation.state, reservation.tries, reservation.look_at) == ("calling", 1, None)
    event = store.history.of(1, reservation.id)[-1]
    assert (event.what, event.by_whom, event.happened_at) == ("dialed", "dialer dora", NOW + 9)
    assert msgspec.json.decode(event.detail) == {
        "attempt": attempt.id,
        "number": 1,
        "line": "rehearsal",
        "caller_no": "10086",
    }
    check_history(store, reservation)


def test_a_reservation_whose_call_has_begun_is_held_by_nothing_any_more(store: SqlStore) -> None:
    (reservation,) = due(store, 1)
    rearrange(store, Pause())
    claim(store)
    assert standing(store, reservation).held_by == "status"
    rearrange(store, Resume())
    (attempt,) = claim(store).attempts
    assert isinstance(begin(store, attempt), Begun)
    calling = standing(store, reservation)
    assert (calling.held_by, calling.verdict) == (None, None)


def test_a_campaign_counts_as_it_is_when_the_attempt_begins(store: SqlStore) -> None:
    """Its number was changed between the claim and the call."""
    attempt = claimed(store)
    revised = plan("campaign 7", shown_number="10099", alerting_seconds_max=33)
    rearrange(store, Revision(msgspec.structs.replace(revised, workday_windows=())))
    outcome = begin(store, attempt)
    assert isinstance(outcome, Begun)
    assert (outcome.attempt.caller_no, outcome.attempt.alerting_seconds) == ("10099", 33)


@pytest.mark.parametrize(
    "fields",
    [{"holder": "emma"}, {"attempt_id": "another"}, {"reservation_id": "r00002"}, {"vdn": 2}],
)
def test_only_its_holder_begins_an_attempt_of_its_own(
    store: SqlStore, fields: dict[str, Any]
) -> None:
    attempt = claimed(store)
    due(store, 2)
    assert begin(store, attempt, **fields) == Withdrawn("it is not this dispatcher's any more")
    assert as_it_is(store, attempt) == attempt
    assert standing(store, attempt).state == "waiting"


def test_an_attempt_begins_once(store: SqlStore) -> None:
    attempt = begun(store)
    assert isinstance(begin(store, attempt), Withdrawn)
    with store.transaction():
        outcomes = store.attempts.begin([placing(each) for each in [claimed_in(store)] * 2])
    assert [type(each) for each in outcomes] == [Begun, Withdrawn]


def claimed_in(store: SqlStore) -> Attempt:
    """Claim another one in a transaction that is open already."""
    store.reservations.add([booking(2, kind="automatic", appoint_at=NOW + LEAD)])
    (outcome,) = store.due.claim([wish()])
    assert isinstance(outcome, Claimed)
    return outcome.attempts[0]


@pytest.mark.parametrize(
    ("end_it", "why"),
    [
        (give_back, "any more"),
        (lambda store, attempt: adopt(store, "emma", attempt), "any more"),
        (
            lambda store, attempt: carry_out(store, order(attempt.reservation_id, Cancel())),
            "the reservation is cancelled meanwhile",
        ),
        (
            lambda store, attempt: carry_out(
                store, order(attempt.reservation_id, Result(fail_code="00000"))
            ),
            "the reservation is done meanwhile",
        ),
    ],
    ids=["handed back", "adopted", "cancelled", "closed by a person"],
)
def test_an_attempt_whose_reservation_changed_since_the_claim_is_not_begun(
    store: SqlStore, end_it: Meanwhile, why: str
) -> None:
    attempt = claimed(store)
    end_it(store, attempt)
    before = standing(store, attempt)
    outcome = begin(store, attempt)
    assert isinstance(outcome, Withdrawn)
    assert outcome.why.endswith(why)
    assert standing(store, attempt) == before
    check_history(store, before)
    assert as_it_is(store, attempt).placing_at is None


@pytest.mark.parametrize("change", [Cancel(), Result(fail_code="00000")])
def test_the_attempt_at_what_a_person_closed_is_withdrawn(
    store: SqlStore, change: Cancel | Result
) -> None:
    attempt = claimed(store)
    carry_out(store, order(attempt.reservation_id, change))
    begin(store, attempt, at=NOW + 3)
    over = as_it_is(store, attempt)
    assert (over.state, over.outcome, over.ended_at) == ("ended", "withdrawn", NOW + 3)
    assert over.fail_code is None


def test_a_call_paused_meanwhile_is_held_and_dialed_once_it_is_resumed(store: SqlStore) -> None:
    attempt = claimed(store)
    rearrange(store, Pause())
    assert begin(store, attempt) == Withdrawn("campaign 7 is paused; resume it")
    held = standing(store, attempt)
    assert (held.state, held.tries, held.held_by) == ("waiting", 0, "status")
    assert as_it_is(store, attempt).outcome == "withdrawn"
    rearrange(store, Resume(), at=NOW + 5)
    (again,) = claim(store, at=NOW + 5).attempts
    assert again.number == 1
    assert isinstance(begin(store, again, at=NOW + 5), Begun)
    check_history(store, standing(store, attempt))


def test_a_campaign_deleted_meanwhile_makes_no_call_and_the_reservation_says_so(
    store: SqlStore,
) -> None:
    attempt = claimed(store)
    rearrange(store, Pause())
    rearrange(store, Delete())
    assert begin(store, attempt) == Withdrawn("campaign 7 was deleted")
    closed = standing(store, attempt)
    assert (closed.state, closed.held_by) == ("expired", "campaign_gone")
    event = store.history.of(1, closed.id)[-1]
    assert (event.what, event.by_whom) == ("expired", "dialer dora")
    check_history(store, closed)


def test_hours_that_have_closed_meanwhile_hold_it_until_they_open(opened: Opened) -> None:
    """NOW is 8:00."""
    has_campaign(opened.session, 1, 8, workday_windows='[{"begin":480,"end":481}]')
    attempt = claimed(opened.store, campaign_id="8")
    outcome = begin(opened.store, attempt, at=NOW + 60_000)
    assert isinstance(outcome, Withdrawn)
    held = standing(opened.store, attempt)
    tomorrow = NOW + 24 * HOUR
    assert (held.held_by, held.due_at, held.look_at) == ("hours", tomorrow, tomorrow)
    check_history(opened.store, held)


def test_a_call_too_late_meanwhile_expires(store: SqlStore) -> None:
    attempt = claimed(store)
    assert isinstance(begin(store, attempt, at=TOO_LATE), Withdrawn)
    expired = standing(store, attempt)
    assert (expired.state, expired.held_by) == ("expired", "grace")
    check_history(store, expired)


def test_a_bound_that_was_kept_when_it_was_claimed_does_not_hold_it_again(store: SqlStore) -> None:
    limits = Limits(GRACE, vdn_calls_max=1, campaign_calls_max=1)
    due(store, 1)
    (attempt,) = claim(store, limits=limits).attempts
    assert isinstance(begin(store, attempt, limits=limits), Begun)


@pytest.mark.parametrize("engine", ["postgres"])
def test_while_its_campaign_is_being_changed_it_is_handed_back(
    opener: Opener, store: SqlStore
) -> None:
    attempt = claimed(store)
    other = opener.open().store
    with other.transaction():
        other.campaigns.change([CampaignOrder(1, CAMPAIGN, Pause(), "key K", NOW)])
        assert begin(store, attempt) == Withdrawn("its campaign is just being changed")
    assert as_it_is(store, attempt).outcome == "withdrawn"
    assert standing(store, attempt).look_at == NOW


def test_the_lines_words_are_put_down(store: SqlStore) -> None:
    attempt = begun(store)
    assert note(store, word(attempt, placed_at=NOW + 1)) == [True]
    assert as_it_is(store, attempt) == msgspec.structs.replace(
        attempt, state="placed", placed_at=NOW + 1
    )
    assert note(store, word(attempt, ringing_at=NOW + 2, answered_at=NOW + 3)) == [True]
    told = as_it_is(store, attempt)
    assert (told.placed_at, told.ringing_at, told.answered_at) == (NOW + 1, NOW + 2, NOW + 3)


def test_the_first_instant_of_a_kind_stays(store: SqlStore) -> None:
    attempt = begun(store)
    words = [word(attempt, answered_at=NOW + 5), word(attempt, placed_at=NOW + 6)]
    assert note(store, *words, word(attempt, answered_at=NOW + 7)) == [True, True, True]
    note(store, word(attempt, placed_at=NOW + 8, answered_at=NOW + 9))
    told = as_it_is(store, attempt)
    assert (told.placed_at, told.answered_at) == (NOW + 6, NOW + 5)


def test_a_word_of_several_instants_keeps_the_first_of_each() -> None:
    first = Progress(1, "r", "a").at(ringing=NOW)
    both = first.at(ringing=NOW + 1).at(answered=NOW + 2).at(answered=NOW + 3)
    assert (both.ringing_at, both.answered_at) == (NOW, NOW + 2)


def test_nothing_is_put_down_of_what_never_began_or_is_over(store: SqlStore) -> None:
    only_claimed, over = claimed(store, 1), begun(store, 2)
    end(store, ending(over))
    ended = as_it_is(store, over)
    words = [word(each, answered_at=NOW) for each in (only_claimed, over)]
    nobody = msgspec.structs.replace(words[0], attempt_id="nobody")
    another = msgspec.structs.replace(words[1], reservation_id="r00001")
    assert note(store, *words, nobody, another) == [False] * 4
    assert as_it_is(store, only_claimed) == only_claimed
    assert as_it_is(store, over) == ended


def test_a_claim_is_handed_back_at_once(store: SqlStore) -> None:
    attempt = claimed(store)
    assert give_back(store, attempt, at=NOW + 4) == [True]
    over = as_it_is(store, attempt)
    assert (over.state, over.outcome, over.ended_at) == ("ended", "withdrawn", NOW + 4)
    back = standing(store, attempt)
    assert (back.state, back.tries, back.look_at, back.version) == ("waiting", 0, NOW + 4, 1)
    (again,) = claim(store, holder="emma", at=NOW + 4).attempts
    assert (again.number, again.holder) == (1, "emma")


def test_an_attempt_begun_or_handed_back_is_not_handed_back(store: SqlStore) -> None:
    attempt = begun(store, 1)
    assert give_back(store, attempt) == [False]
    assert standing(store, attempt).state == "calling"
    other = claimed(store, 2)
    assert give_back(store, other, other) == [True, False]
    stranger = msgspec.structs.replace(other, id="stranger")
    assert give_back(store, stranger) == [False]


def test_a_reservation_that_a_person_closed_is_handed_back_and_stays_closed(
    store: SqlStore,
) -> None:
    attempt = claimed(store)
    carry_out(store, order(attempt.reservation_id, Cancel()))
    before = standing(store, attempt)
    assert give_back(store, attempt) == [True]
    assert standing(store, attempt) == before
    assert not store.due.is_any(NOW + HOUR)
