"""Which promises are open, how a day's were kept, and which were broken and why."""

from typing import Any

import pytest

from callkeeper.core.instants import DAY_MS
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.port.access import AgentName
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases import promises
from callkeeper.usecases.promises import Found, Promises, Whose
from tests.store.calls import begun, claim
from tests.store.orders import HOUR, NOW, Opened, booked, booking, carry_out, has_campaign, order

MINUTE = 60_000
MEASURE = Measure(grace_ms=30 * MINUTE)
LATER = NOW + 10 * HOUR  # by when what was promised an hour from NOW is broken


def book(store: SqlStore, number: int, in_ms: int, **fields: Any) -> str:
    """Book a call for so long from LATER, and return its id."""
    (made,) = booked(store, booking(number, appoint_at=LATER + in_ms, **fields))
    return made.id


def of(store: SqlStore, now: int = LATER, **whose: Any) -> Promises:
    return Promises(store, MEASURE, Whose(1, **whose), now)


def ids(found: Found) -> list[str]:
    return [each.listed.reservation.id for each in found.promises]


def told(found: Found) -> list[tuple[str, str, str]]:
    return [(each.listed.reservation.id, each.keeping, each.why) for each in found.promises]


def test_overdue_ones_come_first_the_oldest_of_them_first_and_then_what_is_next(
    store: SqlStore,
) -> None:
    late = book(store, 1, -5 * MINUTE)
    older = book(store, 2, -2 * HOUR)
    third = book(store, 3, 3 * HOUR)
    next_ = book(store, 4, 5 * MINUTE)
    cancelled, done = book(store, 5, HOUR), book(store, 6, -HOUR)
    carry_out(store, order(cancelled, Cancel()), order(done, Result(fail_code="00000")))
    found = of(store).open(9)
    assert ids(found) == [older, late, next_, third]
    assert [each.keeping for each in found.promises] == ["broken", "late", "waiting", "waiting"]
    assert (found.has_more, found.from_at, found.to_at) == (False, None, None)


@pytest.mark.parametrize(("limit", "has_more"), [(2, True), (3, False), (9, False)])
def test_no_more_than_asked_for_are_told_and_whether_there_are_more(
    store: SqlStore, limit: int, *, has_more: bool
) -> None:
    book(store, 1, -HOUR)
    ordered = [book(store, 2, HOUR), book(store, 3, 2 * HOUR)]
    found = of(store).open(limit)
    assert (len(found.promises), found.has_more) == (min(limit, 3), has_more)
    assert ids(found)[1:] == ordered[: limit - 1]


def test_they_are_of_an_agent_or_a_campaign(store: SqlStore, opened: Opened) -> None:
    has_campaign(opened.session, 1, 8)
    anns = book(store, 1, HOUR, agent="ann")
    eighth = book(store, 2, HOUR, agent="bob", campaign_id="8")
    assert ids(of(store, agent="ann").open(9)) == [anns]
    assert ids(of(store, campaign_id=8).open(9)) == [eighth]


def test_a_call_that_is_being_made_is_open_and_not_overdue(store: SqlStore) -> None:
    calling = begun(store).reservation_id  # for five minutes from NOW
    overdue = book(store, 2, -MINUTE)
    assert ids(of(store).overdue(9)) == [overdue]
    assert ids(of(store).open(9)) == [overdue, calling]


def test_what_is_closed_comes_latest_first_cut_in_order_of_time(store: SqlStore) -> None:
    done = [book(store, number, number * MINUTE) for number in range(1, 5)]
    carry_out(store, *(order(each, Result(fail_code="00000")) for each in done))
    found = of(store).closed(3, ("done",))
    assert (ids(found), found.has_more) == (done[:0:-1], True)


def test_what_was_broken_is_told_with_its_reason(store: SqlStore) -> None:
    with store.transaction():
        store.agents.name([AgentName(1, "ann", "Ann Li", NOW)])
    nobodys = book(store, 1, -3 * HOUR, agent=None)
    anns = book(store, 2, -2 * HOUR, agent="ann")
    automatic = book(store, 3, -HOUR, kind="automatic")
    book(store, 4, -MINUTE)  # late
    assert told(of(store).broken(9)) == [
        (nobodys, "broken", "no agent has it"),
        (anns, "broken", "agent Ann Li has not called yet"),
        (automatic, "broken", "no dialer has looked at it"),
    ]


def test_what_the_dialer_gave_up_is_told_as_the_dialer_said_it(store: SqlStore) -> None:
    expired = book(store, 1, -3 * HOUR, kind="automatic")
    claim(store, at=LATER)
    ((id_, keeping, why),) = told(of(store).broken(9))
    assert (id_, keeping) == (expired, "broken")
    assert ids(of(store).open(9)) == ids(of(store).overdue(9)) == []  # nothing is left to do for it
    assert why == "it is 3 h late, and the grace is 30 min"


def test_a_day_tells_how_its_promises_were_kept_and_lists_them(store: SqlStore) -> None:
    begin = LATER - LATER % DAY_MS + DAY_MS
    day = (begin, begin + DAY_MS - 1)

    def at(number: int, hour: int) -> str:
        (made,) = booked(store, booking(number, appoint_at=begin + hour * HOUR))
        return made.id

    kept, late, cancelled, broken = at(1, 0), at(2, 1), at(3, 2), at(4, 23)
    at(5, 24)  # of the next day
    carry_out(
        store,
        order(kept, Result(fail_code="00537", begin_at=begin)),
        order(late, Result(fail_code="00000", begin_at=begin + 2 * HOUR)),
        order(cancelled, Cancel()),
    )
    told_day = of(store, day[1] + HOUR).of_day(day, 9)
    assert told_day.counts == {"kept": 1, "kept_late": 1, "cancelled": 1, "broken": 1}
    assert ids(told_day.found) == [kept, late, broken]
    assert told_day.counted_to is None
    assert ids(of(store, day[1] + HOUR).broken(9, day)) == [broken]


def test_it_is_told_until_when_was_judged_where_too_many_may_be_broken(store: SqlStore) -> None:
    broken = [book(store, number, number * MINUTE - 3 * HOUR) for number in range(4)]
    few = Promises(store, MEASURE, Whose(1), LATER, judged=2)
    found = few.broken(9, (0, LATER))
    assert ids(found) == broken[:2]
    assert found.to_at == found.promises[-1].listed.reservation.appoint_at
    assert ids(few.broken(9)) == ids(few.overdue(9)) == broken  # of these only a few are stored


def test_it_is_told_from_when_to_when_was_looked_where_there_are_too_many(
    store: SqlStore,
) -> None:
    past = [book(store, number, -number * MINUTE) for number in range(1, 5)]
    ahead = [book(store, 10 + number, number * MINUTE) for number in range(1, 5)]
    few = Promises(store, MEASURE, Whose(1), LATER, looked_through=2)
    everything = few.open(9)
    assert ids(everything) == [*reversed(past), *ahead]
    assert (everything.from_at, everything.to_at) == (None, None)
    carry_out(store, *(order(each, Result(fail_code="00000")) for each in past + ahead))
    found = few.closed(9, ("done",))
    assert ids(found) == [ahead[1], ahead[0], past[0], past[1]]
    assert (found.from_at, found.to_at) == (LATER - 3 * MINUTE + 1, LATER + 3 * MINUTE - 1)
    day = few.of_day((LATER, LATER + HOUR), 9)
    assert (day.counts, day.counted_to) == ({"kept": 2}, LATER + 3 * MINUTE)


def test_one_promise_is_told_with_its_names(store: SqlStore) -> None:
    id_ = book(store, 1, HOUR)
    one = of(store).one(id_)
    assert (one.listed.campaign_name, one.keeping) == ("campaign 7", "waiting")
    assert promises.LOOKED_THROUGH >= 100_000
