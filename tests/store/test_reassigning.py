"""A sick agent's promises go to another one: those that wait, once, in batches."""

import pytest

from callkeeper.core.refusal import ParameterWrong
from callkeeper.core.reservations.changes import Result
from callkeeper.store.port.access import AgentName
from callkeeper.store.port.reservations import Sought
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases import reassigning
from callkeeper.usecases.reassigning import Reassigning
from tests.store.orders import HOUR, NOW, booked, booking, carry_out, check_history, order

BATCH = reassigning.BATCH


def name(store: SqlStore, *accounts: str) -> None:
    with store.transaction():
        store.agents.name([AgentName(1, each, each.title(), NOW) for each in accounts])


def from_ann(
    store: SqlStore, to: str = "bob", *, begin: int = NOW, end: int = NOW + 99 * HOUR
) -> Reassigning:
    return Reassigning(store, Sought(1, begin, end, "ann"), to, NOW + HOUR)


def agents(store: SqlStore, *ids: str) -> list[str | None]:
    return [each.agent for id_ in ids for each in store.reservations.with_id(id_)]


def test_what_waits_for_an_agent_goes_to_another_and_all_else_stays(store: SqlStore) -> None:
    name(store, "ann", "bob")
    made = booked(
        store,
        booking(1),
        booking(2, kind="automatic"),
        booking(3),
        booking(4, agent="cem"),
        booking(5, vdn=2),
    )
    ids = [each.id for each in made]
    carry_out(store, order(ids[2], Result(fail_code="00000")))
    moving = from_ann(store)
    assert [each.reservation.id for each in moving.first(9)] == ids[:1]
    assert agents(store, ids[0]) == ["ann"]  # to look changes nothing
    assert moving.carry_out() == 1
    assert agents(store, *ids) == ["bob", "ann", "ann", "cem", "ann"]
    check_history(store, *made)
    event = store.history.of(1, ids[0])[-1]
    assert (event.what, event.by_whom) == ("reassigned", "operator")


def test_a_second_time_there_is_nothing_left_to_do(store: SqlStore) -> None:
    name(store, "ann", "bob")
    booked(store, booking(1))
    assert (from_ann(store).carry_out(), from_ann(store).carry_out()) == (1, 0)


def test_only_what_is_promised_for_the_stretch_of_time_goes(store: SqlStore) -> None:
    name(store, "ann", "bob")
    made = booked(store, *(booking(n, appoint_at=NOW + n * HOUR) for n in (1, 2, 3)))
    assert from_ann(store, begin=NOW + 2 * HOUR, end=NOW + 3 * HOUR - 1).carry_out() == 1
    assert agents(store, *(each.id for each in made)) == ["ann", "bob", "ann"]


def test_more_than_a_batch_goes_though_all_is_for_the_same_instant(store: SqlStore) -> None:
    name(store, "ann", "bob")
    made = booked(store, *(booking(number) for number in range(BATCH + 5)))
    assert from_ann(store).carry_out() == len(made)
    assert set(agents(store, *(each.id for each in made))) == {"bob"}


@pytest.mark.parametrize(
    ("known", "to", "said"),
    [
        (["bob"], "bob", "no agent 'ann' in VDN 1.*agent list"),
        (["ann"], "bob", "no agent 'bob' in VDN 1.*agent name"),
        (["ann"], "ann", "the same agent"),
    ],
)
def test_an_agent_that_is_not_known_is_refused(
    store: SqlStore, known: list[str], to: str, said: str
) -> None:
    name(store, *known)
    with pytest.raises(ParameterWrong, match=said):
        from_ann(store, to)
