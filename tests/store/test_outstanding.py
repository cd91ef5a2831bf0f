"""What is outstanding, as triggers keep it: whoever writes, it is what the rule would find."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Evidence
from callkeeper.core.reservations.changes import (
    Cancel,
    Change,
    Move,
    Reassign,
    Result,
    Seen,
    Settle,
)
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Reservation, State
from callkeeper.store.port.reservations import Sought
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import BUSY, GRACE, begin, claim, end, ending, give_back
from tests.store.orders import HOUR, NOW, Opened, booked, booking, carry_out, has_campaign, order

AGENTS = (None, "ann", "bob")
EVERY: tuple[State, ...] = ("waiting", "calling", "done", "expired")
EVIDENCE: tuple[Evidence, ...] = ("silence", "refused", "down", BUSY)
LAST = 2**62
MEASURE = Measure(GRACE)


def sought(**fields: Any) -> Sought:
    return Sought(**{"vdn": 1, "begin_at": 0, "end_at": LAST} | fields)


def ids(store: SqlStore, *states: State, **fields: Any) -> list[str]:
    """Return the ids of what is outstanding, and insist that it is what the rule finds."""
    assert store.outstanding.miskept(1, 0, LAST, 9) == []
    found = store.outstanding.seek(sought(**fields), states or EVERY, 1000)
    return [each.reservation.id for each in found]


def some_change(chance: Random, at: int) -> Change:
    agent = chance.choice(AGENTS)
    return chance.choice(
        (
            Cancel(),
            Move(appoint_at=at + chance.randint(1, 9) * HOUR, agent=agent),
            Move(remark="slowly"),
            Reassign("cem", agent or "ann"),
            Result(agent=agent),
            Result(fail_code="00000"),
            Result(business_result="10"),
            Result(business_result=""),
            Settle(before=at, fail_code="34608", why="nobody knows"),
            Seen(),
        )
    )


def dialed_by_chance(store: SqlStore, chance: Random, at: int) -> None:
    """Claim what is due, and let each claim come to something."""
    endings = []
    for attempt in claim(store, at=at, ids=3).attempts:
        if chance.random() < 0.2:
            give_back(store, attempt, at=at)
            continue
        begin(store, attempt, at=at)
        if chance.random() < 0.8:
            evidence = chance.choice(EVIDENCE)
            endings.append(ending(attempt, evidence, at=at + 3_000))
    end(store, *endings)


def test_after_hundreds_of_changes_by_chance_it_is_what_the_rule_finds(
    store: SqlStore, opened: Opened
) -> None:
    chance = Random(1)  # noqa: S311 - test data
    has_campaign(opened.session, 1, 8)
    made = booked(
        store,
        *(
            booking(
                number,
                kind=chance.choice(("manual", "automatic")),
                campaign_id=chance.choice(("7", "8")),
                agent=chance.choice(AGENTS),
                appoint_at=NOW + chance.randint(1, 20) * HOUR // 4,
            )
            for number in range(150)
        ),
    )
    for step in range(60):
        at = NOW + step * HOUR // 8
        chosen = chance.sample(made, 4)
        carry_out(store, *(order(each.id, some_change(chance, at), at=at) for each in chosen))
        if step % 6 == 0:  # so seldom that some expire
            dialed_by_chance(store, chance, at)
        assert store.outstanding.miskept(1, 0, LAST, 9) == [], step
    found = {each.reservation for each in store.outstanding.seek(sought(), EVERY, 1000)}
    assert {each.state for each in found} == set(EVERY)
    stands = {new for each in made for new in store.reservations.with_id(each.id)}
    assert found == {each for each in stands if wants_somebody(each)}


def wants_somebody(each: Reservation) -> bool:
    """Say the rule in plain Python."""
    if each.state in ("waiting", "calling"):
        return True
    return each.wants_a_look and each.seen_at is None


@pytest.mark.of_one_machine("Citus lets no row change its VDN")
def test_operators_may_write_too(store: SqlStore, run: Callable[[str], None]) -> None:
    booked(store, booking(1), booking(2), booking(3))
    run("UPDATE reservation SET state = 'done' WHERE id = 'r00001'")
    run("UPDATE reservation SET appoint_at = appoint_at + 60000 WHERE id = 'r00002'")
    assert ids(store) == ["r00003", "r00002"]
    run("DELETE FROM reservation WHERE id = 'r00002'")
    run("UPDATE reservation SET id = 'r00009', vdn = 2 WHERE id = 'r00003'")
    assert ids(store) == []
    assert store.outstanding.miskept(2, 0, LAST, 9) == []
    run("UPDATE reservation SET vdn = 1 WHERE id = 'r00009'")
    assert ids(store) == ["r00009"]


def test_what_is_kept_wrongly_is_told(store: SqlStore, run: Callable[[str], None]) -> None:
    booked(store, booking(1), booking(2), booking(3))
    run("DELETE FROM outstanding WHERE id = 'r00002'")
    run("UPDATE outstanding SET version = 7 WHERE id = 'r00003'")
    assert store.outstanding.miskept(1, 0, LAST, 9) == ["r00002", "r00003"]
    assert store.outstanding.miskept(1, 0, LAST, 1) == ["r00002"]
    assert store.outstanding.miskept(1, NOW + 2 * HOUR, LAST, 9) == []
    run("UPDATE reservation SET state = 'done', version = 2 WHERE id = 'r00003'")
    run("INSERT INTO outstanding SELECT 1, 5, 'r00003', 2, 'manual', 'waiting', 7, 'ann', 0, NULL")
    assert store.outstanding.miskept(1, 0, LAST, 9) == ["r00002", "r00003"]


def test_a_verdict_leaves_it_alone_unless_it_puts_off_the_call(store: SqlStore) -> None:
    booked(store, booking(1, kind="automatic", appoint_at=NOW + HOUR))
    claim(store, at=NOW + HOUR, calls_max=0)
    (found,) = store.outstanding.seek(sought(), EVERY, 9)
    assert found.reservation.version == 1
    assert ids(store) == ["r00001"]


def ended(store: SqlStore, number: int, evidence: Any) -> Attempt:
    """Return the attempt at a reservation, which ended so."""
    booked(store, booking(number, kind="automatic", appoint_at=NOW + HOUR))
    (attempt,) = claim(store, at=NOW + HOUR).attempts
    begin(store, attempt, at=NOW + HOUR)
    end(store, ending(attempt, evidence, at=NOW + HOUR))
    return attempt


@pytest.mark.parametrize(
    ("evidence", "is_outstanding"),
    [("silence", True), ("refused", True), (BUSY, False)],
)
def test_a_call_that_kept_no_promise_wants_somebody_until_that_person_files_what_is_known(
    store: SqlStore, evidence: Any, *, is_outstanding: bool
) -> None:
    id_ = ended(store, 1, evidence).reservation_id
    assert ids(store, "done") == [id_] * is_outstanding
    carry_out(store, order(id_, Result(business_result="")))
    assert ids(store, "done") == [id_] * is_outstanding
    carry_out(store, order(id_, Result(business_result="10")))
    assert ids(store, "done") == []


@pytest.mark.parametrize("evidence", ["silence", "refused"])
def test_a_call_that_kept_no_promise_wants_nobody_once_it_was_seen(
    store: SqlStore, evidence: Any
) -> None:
    id_ = ended(store, 1, evidence).reservation_id
    assert ids(store, "done") == [id_]
    carry_out(store, order(id_, Seen()))
    assert ids(store, "done") == []


def test_they_are_sought_by_agent_and_campaign_and_whether_they_were_tried(
    store: SqlStore, opened: Opened
) -> None:
    has_campaign(opened.session, 1, 8)
    booked(
        store,
        booking(1, agent="ann", appoint_at=NOW + 3 * HOUR),
        booking(2, agent="bob", appoint_at=NOW + HOUR, campaign_id="8"),
        booking(3, agent="ann", appoint_at=NOW + 2 * HOUR, campaign_id="8"),
    )
    assert ids(store) == ["r00002", "r00003", "r00001"]
    assert ids(store, agent="ann") == ["r00003", "r00001"]
    assert ids(store, campaign_id=8) == ["r00002", "r00003"]
    assert ids(store, end_at=NOW + 2 * HOUR, agent="ann") == ["r00003"]
    assert ids(store, "done") == []
    untried = store.outstanding.seek(sought(), EVERY, 2, is_tried=False)
    assert [each.reservation.id for each in untried] == ["r00002", "r00003"]
    assert store.outstanding.seek(sought(), EVERY, 9, is_tried=True) == []


def test_those_of_which_the_same_is_told_are_counted(store: SqlStore) -> None:
    booked(
        store,
        booking(1, appoint_at=NOW + HOUR),
        booking(2, appoint_at=NOW + HOUR + 1),
        booking(3, appoint_at=NOW + 2 * HOUR, agent=None),
    )
    now = NOW + HOUR + GRACE + 1
    alike = store.outstanding.count(sought(), now, now - GRACE)
    told = [(each.agent, MEASURE.of(each.promise, now), each.count) for each in alike]
    assert sorted(map(repr, told)) == sorted(
        map(repr, [("ann", "broken", 1), ("ann", "late", 1), (None, "waiting", 1)])
    )
    assert store.outstanding.count(sought(end_at=NOW), now, now) == []
