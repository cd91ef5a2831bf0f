"""Reservations that are sought: compared with plain Python over some that chance made."""

from collections import Counter
from itertools import product
from random import Random
from typing import get_args

import msgspec
import pytest

from callkeeper.core.instants import DAY_MS
from callkeeper.core.reservations.changes import Cancel, Reassign, Result, Settle
from callkeeper.core.reservations.promise import Measure, answer
from callkeeper.core.reservations.reservation import Reservation, State
from callkeeper.store.port.access import Agent, AgentName
from callkeeper.store.port.reservations import By, Choice, Sought
from callkeeper.store.rows.store import SqlStore
from tests.store.calls import claim, due
from tests.store.orders import (
    CAMPAIGN,
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

EVERY: tuple[State, ...] = ("waiting", "calling", "done", "cancelled", "expired")
TIMES = tuple(NOW + n * HOUR for n in range(1, 7))  # so few that many share one
BEGIN, END = TIMES[1], TIMES[4]


@pytest.fixture
def made(store: SqlStore, opened: Opened, request: pytest.FixtureRequest) -> list[Reservation]:
    """Two hundred reservations in two VDNs, waiting, done and cancelled, by time."""
    chance = Random(request.node.name)  # noqa: S311 - test data
    for vdn in (1, 2):
        has_campaign(opened.session, vdn, 8)
    made = booked(
        store,
        *(
            booking(
                number,
                vdn=chance.choice((1, 1, 1, 2)),
                id=f"{chance.randrange(10**8):08d}{number:04d}",
                kind=chance.choice(("manual", "automatic")),
                campaign_id=chance.choice(("7", "8")),
                agent=chance.choice((None, "ann", "bob")),
                appoint_at=chance.choice(TIMES),
            )
            for number in range(200)
        ),
    )
    changes = (Cancel(), Result(fail_code="00000"))
    for each in made[:90]:
        carry_out(store, order(each.id, chance.choice(changes), vdn=each.vdn))
    settle = Settle(before=NOW + DAY_MS, fail_code="34608", why="nobody knows")
    for each in made[90:150]:
        if each.kind == "automatic":
            carry_out(store, order(each.id, settle, vdn=each.vdn, at=settle.before))
    found = [new for each in made for new in store.reservations.with_id(each.id)]
    return sorted(found, key=lambda each: (each.appoint_at, each.id))


def within(made: list[Reservation], sought: Sought) -> list[Reservation]:
    """Return what a part of the reservations holds, as plain Python has it."""
    return [
        each
        for each in made
        if each.vdn == sought.vdn
        and sought.begin_at <= each.appoint_at <= sought.end_at
        and sought.agent in (None, each.agent)
        and sought.campaign_id in (None, each.campaign_id)
    ]


SOUGHT = [
    Sought(1, BEGIN, END, agent, campaign_id)
    for agent, campaign_id in product((None, "ann"), (None, 8))
]


@pytest.mark.parametrize("sought", SOUGHT)
@pytest.mark.parametrize(
    "choice",
    [
        Choice(EVERY),
        Choice(("waiting", "cancelled")),
        Choice(EVERY, kind="manual"),
        Choice(EVERY, outcomes=("unknown",)),
        Choice(EVERY, is_unfiled=True),
        Choice(EVERY, newest=True),
    ],
)
def test_what_is_sought_is_found_in_order(
    store: SqlStore, made: list[Reservation], sought: Sought, choice: Choice
) -> None:
    expected = [
        each
        for each in within(made, sought)
        if each.state in choice.states
        and choice.kind in (None, each.kind)
        and not (choice.is_unfiled and each.business_result)
        and (choice.outcomes is None or each.state != "done" or each.outcome in choice.outcomes)
    ]
    if choice.newest:
        expected.reverse()
    for limit in (3, 1000):
        found = store.reservations.seek(sought, choice, limit)
        assert [each.reservation for each in found] == expected[:limit]
    assert expected


def test_one_reservation_is_got_by_its_vdn_and_id_with_its_names(store: SqlStore) -> None:
    with store.transaction():
        store.agents.name([AgentName(1, "ann", "Ann Li", NOW)])
    (one, _) = booked(store, booking(1), booking(2))
    found = store.reservations.get(1, one.id)
    assert found is not None
    assert (found.reservation, found.agent_name) == (one, "Ann Li")
    assert found.campaign_name == f"campaign {CAMPAIGN}"
    (deleted,) = carry_out(store, order(one.id, Cancel()))
    found = store.reservations.get(1, one.id)
    assert found is not None
    assert found.reservation == deleted
    assert store.reservations.get(2, one.id) is None


@pytest.mark.parametrize("sought", SOUGHT)
@pytest.mark.parametrize("by", get_args(By))
def test_a_tally_counts_what_each_comes_to_cancelled_ones_too(
    store: SqlStore, made: list[Reservation], sought: Sought, by: By
) -> None:
    measure, expected, counted = Measure(HOUR // 2), Counter[object](), Counter[object]()
    for at in (BEGIN, END + HOUR // 4, END + 2 * HOUR):
        for each in within(made, sought):
            hour = (each.appoint_at - sought.begin_at) // HOUR
            part = {"hour": hour, "campaign": each.campaign_id, "agent": each.agent}[by]
            expected[at, part, measure.of(each, at), answer(each)] += 1
        for tally in store.reservations.tally(sought, by, at, measure.grace_ms):
            part = {"hour": tally.hour, "campaign": tally.campaign_id, "agent": tally.agent}[by]
            counted[at, part, measure.of(tally.promise, at), answer(tally.promise)] += tally.count
    assert counted == expected
    assert expected


@pytest.mark.parametrize("sought", SOUGHT)
def test_it_is_told_how_far_so_many_reach(
    store: SqlStore, made: list[Reservation], sought: Sought
) -> None:
    times = [each.appoint_at for each in within(made, sought)]
    reach = store.reservations.reach
    for count in (0, 5, len(times) - 1):
        assert reach(sought, count) == times[count]
        assert reach(sought, count, backwards=True) == times[-1 - count]
    assert reach(sought, len(times)) is None
    assert reach(sought, len(times), backwards=True) is None


def test_ids_are_found_by_their_first_digits_in_the_whole_vdn(
    store: SqlStore, made: list[Reservation]
) -> None:
    of_vdn = [each for each in made if each.vdn == 1]
    wanted = of_vdn[0].id[:5]
    found = store.reservations.beginning_with(1, wanted, 9)
    expected = sorted(each.id for each in of_vdn if each.id.startswith(wanted))
    assert [each.id for each in found] == expected
    assert store.reservations.beginning_with(3, wanted, 9) == []
    assert len(store.reservations.beginning_with(1, "", 9)) == 9


def test_ids_are_found_by_their_last_digits_within_what_is_sought(
    store: SqlStore, made: list[Reservation]
) -> None:
    within_it = within(made, Sought(1, BEGIN, END))
    beyond = next(each for each in made if each.vdn == 1 and each.appoint_at > END)
    digits = within_it[-1].id[-2:]
    expected = [each for each in within_it if each.id.endswith(digits)]
    assert store.reservations.ending_with(Sought(1, BEGIN, END), digits, 99) == expected
    assert store.reservations.ending_with(Sought(1, BEGIN, END), beyond.id[-8:], 9) == []


def test_a_campaigns_calls_to_come_are_counted_and_those_that_are_due(store: SqlStore) -> None:
    due(store, 1, 2, 3)
    due(store, 4, appoint_at=NOW + 2 * HOUR)
    booked(store, booking(5))  # manual, and not counted
    assert store.due.awaited(1, CAMPAIGN, 100) == 4
    assert store.due.awaited(1, CAMPAIGN, 100, NOW) == 3
    assert store.due.awaited(1, CAMPAIGN, 2) == store.due.awaited(1, CAMPAIGN, 2, NOW) == 2
    assert store.due.awaited(2, CAMPAIGN, 100) == 0


def test_what_a_rule_holds_for_a_minute_is_due_all_the_same(
    store: SqlStore, opened: Opened
) -> None:
    has_campaign(opened.session, 1, 8, status="paused")
    due(store, 1, campaign_id="8")
    assert claim(store).attempts == []
    assert store.due.awaited(1, 8, 100, NOW) == 1


def test_agents_are_listed_by_account_page_after_page(store: SqlStore) -> None:
    booked(store, booking(1, agent="bob"), booking(2, agent="ann"), booking(3, vdn=2, agent="eve"))
    with store.transaction():
        store.agents.name([AgentName(1, "cem", "Cem Ö", NOW)])
    ann, bob, cem = (
        Agent(1, account, name, NOW)
        for account, name in (("ann", None), ("bob", None), ("cem", "Cem Ö"))
    )
    assert store.agents.of(1, "", 2) == [ann, bob]
    assert store.agents.of(1, "bob", 2) == [cem]
    assert store.agents.get(1, "cem") == cem
    assert store.agents.get(1, "eve") is None


def test_a_reassigned_reservation_has_its_event_and_stands_in_the_other_agents_list(
    store: SqlStore,
) -> None:
    (one,) = booked(store, booking(1, agent="ann"))
    (new,) = carry_out(store, order(one.id, Reassign("bob", "ann")))
    check_history(store, one)
    event = store.history.of(1, one.id)[-1]
    assert event.what == "reassigned"
    assert msgspec.json.decode(event.detail) == {"agent": "bob", "from_agent": "ann"}
    of_bob = Sought(1, NOW, NOW + 9 * HOUR, agent="bob")
    assert [x.reservation for x in store.reservations.seek(of_bob, Choice(EVERY), 9)] == [new]
    assert store.agents.get(1, "bob") is not None
