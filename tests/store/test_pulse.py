"""The pulse of a VDN: whatever changes moves it, a verdict does not, and time alone does."""

from collections.abc import Callable

import msgspec
import pytest

from callkeeper.core.campaigns.changes import Pause
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.instants import DAY_MS
from callkeeper.core.reservations.changes import Cancel, Change, Move, Reassign, Result, Seen
from callkeeper.store.port.outstanding import Pulse
from callkeeper.store.port.reservations import Sought
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import (
    GRACE,
    begun,
    claim,
    due,
    end,
    ending,
    note,
    rearrange,
    word,
)
from tests.store.orders import HOUR, NOW, booked, booking, carry_out, order

MINUTE = 60_000


def pulse(store: SqlStore, now: int = NOW) -> Pulse:
    return store.outstanding.pulse(1, now, (now + HOUR, now + DAY_MS), GRACE)


def book(store: SqlStore, number: int, in_ms: int = HOUR, agent: str | None = "ann") -> str:
    id_ = f"{NOW}{number:017d}"
    (made,) = booked(store, booking(number, id=id_, agent=agent, appoint_at=NOW + in_ms))
    return made.id


CHANGES: list[Change] = [
    Cancel(),
    Move(remark="slowly"),
    Move(appoint_at=NOW + 2 * HOUR),
    Reassign("bob", "ann"),
    Result(fail_code="00000"),
]


@pytest.mark.parametrize("change", CHANGES, ids=repr)
def test_every_change_moves_the_part_of_its_agent_and_no_other(
    store: SqlStore, change: Change
) -> None:
    id_ = book(store, 1)
    book(store, 2, agent="carl")
    before = pulse(store)
    carry_out(store, order(id_, change))
    after = pulse(store)
    assert before.agents.get("ann") != after.agents.get("ann")
    assert before.agents["carl"] == after.agents["carl"]
    assert ("bob" in after.agents) == isinstance(change, Reassign)


def test_one_for_another_moves_it_although_there_are_as_many(store: SqlStore) -> None:
    first = book(store, 1)
    before = pulse(store)
    carry_out(store, order(first, Result(fail_code="00000")))
    book(store, 2)
    after = pulse(store)
    assert before.agents["ann"][:2] == after.agents["ann"][:2]
    assert before != after


def test_what_is_seen_or_booked_and_every_step_of_a_call_moves_it(store: SqlStore) -> None:
    attempt, silent = begun(store, 1), begun(store, 3)
    steps: list[Callable[[], object]] = [
        lambda: note(store, word(attempt, ringing_at=NOW + 1)),
        lambda: note(store, word(attempt, answered_at=NOW + 2)),
        lambda: end(store, ending(attempt)),
        lambda: end(store, ending(silent, "silence")),
        lambda: carry_out(store, order(silent.reservation_id, Seen())),
        lambda: book(store, 2),
        lambda: rearrange(store, Pause()),
    ]
    for place, step in enumerate(steps):
        before = pulse(store)
        step()
        assert before != pulse(store), place


def test_a_verdict_does_not_move_it(store: SqlStore) -> None:
    due(store, 1)
    rearrange(store, Pause())
    before = pulse(store)
    limits = Limits(grace_ms=GRACE)
    at = NOW + 6 * MINUTE
    assert claim(store, at=at, limits=limits).attempts == []
    (found,) = store.outstanding.seek(Sought(1, 0, 2**62), ("waiting",), 1)
    assert found.reservation.verdict is not None
    assert pulse(store) == before


@pytest.mark.parametrize("at", [0, 1, HOUR + 1, HOUR + GRACE + 1], ids=str)
def test_time_alone_moves_it_where_a_promise_becomes_due_late_or_broken(
    store: SqlStore, at: int
) -> None:
    book(store, 1, HOUR + HOUR)
    begin = NOW + HOUR - 1 if at == 0 else NOW + HOUR + at - 1
    assert (pulse(store, begin) == pulse(store, begin + 1)) is (at == 1)


def test_what_is_coming_waits_for_an_agent_to_ring(store: SqlStore) -> None:
    first = book(store, 1, 3 * MINUTE)
    second = book(store, 2, 2 * MINUTE, agent="bob")
    book(store, 3, HOUR + 1)
    due(store, 5)  # which the system dials
    carry_out(store, order(book(store, 6, MINUTE), Cancel()))
    coming = store.outstanding.coming
    ids = [(each.id, each.agent) for each in coming(1, (NOW, NOW + HOUR))]
    assert ids == [(second, "bob"), (first, "ann")]
    at = NOW + 3 * MINUTE
    assert [each.id for each in coming(1, (at, at))] == [first]
    assert coming(2, (NOW, NOW + HOUR)) == []


def test_what_is_promised_for_later_and_other_vdns_is_left_out(store: SqlStore) -> None:
    book(store, 1, DAY_MS + MINUTE)
    empty = pulse(store)
    assert empty.agents == {}
    assert msgspec.structs.astuple(empty) == ({}, {}, (0, 0))
