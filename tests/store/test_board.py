"""The board of a VDN: what is outstanding, who has it, and what holds automatic calls back."""

from typing import Any

import pytest

from callkeeper.core.campaigns.changes import Delete, Pause
from callkeeper.core.people.changes import Away, PersonOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, Renewal, There
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.core.reservations.promise import KEEPINGS, Measure
from callkeeper.store.port.access import AgentName
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.board import Board, board
from callkeeper.usecases.promises import Whose
from tests.store.calls import GRACE, begun, end, ending, rearrange, renew
from tests.store.orders import HOUR, NOW, Opened, booked, booking, carry_out, has_campaign, order
from tests.store.test_staff import added

MINUTE = 60_000
MEASURE = Measure(GRACE)
LATER = NOW + 10 * HOUR


def look(store: SqlStore, limit: int = 9) -> Board:
    return board(store, MEASURE, Whose(1), LATER, limit)


def book(store: SqlStore, number: int, in_ms: int, **fields: Any) -> str:
    """Book a call for so long from LATER, and return its id."""
    (made,) = booked(store, booking(number, appoint_at=LATER + in_ms, **fields))
    return made.id


def test_a_vdn_that_has_nothing_to_do_has_an_empty_board(store: SqlStore) -> None:
    found = look(store)
    assert (found.at, found.counts, found.campaigns, found.agents) == (LATER, {}, [], [])
    assert (found.hindrances, found.missed.promises) == ([], [])


def test_what_is_due_late_broken_and_called_is_counted_whose_it_is_and_the_worst_come_first(
    store: SqlStore, opened: Opened
) -> None:
    has_campaign(opened.session, 1, 8)
    with store.transaction():
        store.agents.name([AgentName(1, "bob", "Bob Meyer", NOW)])
    broken = book(store, 1, -HOUR, agent="bob")
    late = book(store, 2, -MINUTE, agent="ann", campaign_id="8")
    book(store, 3, HOUR, agent="ann")
    book(store, 4, HOUR + 1, agent="ann")  # further ahead than a board looks
    done, gone = book(store, 5, -HOUR), book(store, 6, -HOUR)
    carry_out(store, order(done, Result(fail_code="00000")), order(gone, Cancel()))
    begun(store, 7)
    found = look(store)
    assert found.counts == {"waiting": 1, "late": 1, "broken": 1, "calling": 1}
    assert [(each.account, each.name, each.counts) for each in found.agents] == [
        ("bob", "Bob Meyer", {"broken": 1}),
        ("ann", None, {"waiting": 1, "late": 1}),
    ]
    assert [(each.id, each.name, each.counts) for each in found.campaigns] == [
        (7, "campaign 7", {"waiting": 1, "broken": 1, "calling": 1}),
        (8, "campaign 8", {"late": 1}),
    ]
    assert [each.listed.reservation.id for each in found.missed.promises] == [broken, late]
    few = look(store, limit=1)
    assert (len(few.missed.promises), few.missed.has_more) == (1, True)


def test_the_rows_of_one_thing_are_as_many_as_are_counted(store: SqlStore) -> None:
    book(store, 1, MINUTE)
    book(store, 2, -MINUTE)
    book(store, 3, -HOUR)
    begun(store, 4)
    end(store, ending(begun(store, 5), "silence"), ending(begun(store, 6), "refused"))
    for keeping in KEEPINGS:
        found = board(store, MEASURE, Whose(1), LATER, 9, keeping)
        assert {each.keeping for each in found.missed.promises} <= {keeping}
        assert len(found.missed.promises) == found.counts.get(keeping, 0), keeping
    expected = {"waiting": 1, "late": 1, "broken": 2, "calling": 1, "unknown": 1}
    assert found.counts == expected


def obstacles(store: SqlStore) -> list[tuple[str, str, int]]:
    return [(each.obstacle, each.subject, each.calls) for each in look(store).hindrances]


def test_what_holds_automatic_calls_back_is_told_with_how_many(store: SqlStore) -> None:
    assert obstacles(store) == []
    book(store, 1, MINUTE, kind="automatic")
    book(store, 2, MINUTE)  # an agent's: nothing holds it
    assert obstacles(store) == [("no_dialer", "", 1)]
    rearrange(store, Pause())
    renew(store, "dora", LATER + 10_000)
    assert obstacles(store) == [("paused", "7", 1)]


@pytest.mark.parametrize(
    ("lease", "obstacle"),
    [
        ({"is_up": False}, "line_down"),
        ({"trouble": "no trunk"}, "line_refuses"),
    ],
)
def test_a_line_that_makes_no_calls_is_told_unless_another_dispatcher_of_it_does(
    store: SqlStore, lease: dict[str, Any], obstacle: str
) -> None:
    book(store, 1, MINUTE, kind="automatic")
    renew(store, "dora", LATER + 10_000, **lease)
    assert obstacles(store) == [(obstacle, "rehearsal", 1)]
    renew(store, "dave", LATER + 10_000)
    assert obstacles(store) == []


def test_a_campaign_that_ended_or_was_deleted_is_told(store: SqlStore, opened: Opened) -> None:
    renew(store, "dora", LATER + 10_000)
    has_campaign(opened.session, 1, 8, end_at=LATER)
    has_campaign(opened.session, 1, 9, status="draft", end_at=LATER + HOUR)
    has_campaign(opened.session, 1, 10, status="paused")
    for number, campaign in enumerate((8, 9, 10), 1):
        book(store, number, MINUTE, kind="automatic", campaign_id=str(campaign))
    rearrange(store, Delete(), campaign_id=10)
    assert sorted(obstacles(store)) == [
        ("deleted", "10", 1),
        ("draft", "9", 1),
        ("ended", "8", 1),
    ]


def test_of_each_agent_it_is_known_whether_one_who_is_them_is_there(store: SqlStore) -> None:
    for number, (account, calls) in enumerate((("ann", 1), ("bob", 2), ("cem", 1), ("nil", 1))):
        for call in range(calls):
            book(store, 10 * number + call, HOUR, agent=account)
    book(store, 50, -MINUTE, agent="dan")
    for login, account in (("ann", "ann"), ("al", "ann"), ("bob", "bob"), ("cem", "cem")):
        added(store, login, Role("agent", 1, account))
    added(store, "dan", Role("agent", 1, "dan"))

    def renew(until: int, *logins: str) -> None:
        with store.transaction():
            there = tuple(There(each, 1) for each in logins)
            store.presence.renew([Renewal(there, until)])

    def told() -> dict[str | None, tuple[str | None, int | None]]:
        return {each.account: (each.presence, each.seen_at) for each in look(store).agents}

    renew(LATER, "ann", "bob")
    assert told() == {
        "ann": ("absent", LATER - PRESENT_MS),
        "bob": ("absent", LATER - PRESENT_MS),
        "cem": ("absent", None),
        "dan": ("absent", None),
        "nil": (None, None),
    }
    absent = [(each.account, each.counts["waiting"]) for each in look(store).absent]
    assert absent == [("bob", 2), ("ann", 1), ("cem", 1)]
    renew(LATER + 1, "al", "bob", "cem")
    with store.transaction():
        store.people.change([PersonOrder("cem", Away(is_so=True), "person cem", LATER)])
    found = told()
    assert [found[each] for each in ("ann", "bob", "cem")] == [
        ("present", None),
        ("present", None),
        ("away", None),
    ]
    assert [each.account for each in look(store).absent] == ["cem"]
