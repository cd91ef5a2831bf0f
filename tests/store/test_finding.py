"""find_reservations, compared with a filter in plain Python over reservations made by chance."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from random import Random

import pytest

from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.access import AgentName
from callkeeper.store.port.reservations import Listed, Wanted
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import (
    HOUR,
    NOW,
    Opened,
    Opener,
    book,
    booked,
    booking,
    carry_out,
    has_campaign,
    order,
)

AGENTS = (None, "ann", "bob", "cem")
CAMPAIGNS = ("7", "8", "9")
NUMBERS = ("111", "222", "333")
TIMES = tuple(NOW + n * HOUR for n in range(1, 7))  # so few that many share one


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """The same draws on every run, others in every test."""
    return Random(request.node.name)  # noqa: S311 - test data


@pytest.fixture
def made(store: SqlStore, opened: Opened, chance: Random) -> list[Reservation]:
    """Three hundred reservations in two VDNs: waiting, done and cancelled."""
    for vdn in (1, 2):
        for campaign in (8, 9):
            has_campaign(opened.session, vdn, campaign)
    made = booked(
        store,
        *(
            booking(
                number,
                vdn=chance.choice((1, 1, 2)),
                id=f"{chance.choice('aBZ_-09')}{number}",
                kind=chance.choice(("manual", "automatic")),
                campaign_id=chance.choice(CAMPAIGNS),
                called_no=chance.choice(NUMBERS),
                agent=chance.choice(AGENTS),
                appoint_at=chance.choice(TIMES),
            )
            for number in range(300)
        ),
    )
    chosen = chance.sample(made, 120)
    changes = [Cancel()] * 40 + [Result(agent="cem", fail_code="1")] * 80
    after = carry_out(
        store, *(order(r.id, c, vdn=r.vdn) for r, c in zip(chosen, changes, strict=True))
    )
    latest = {(r.vdn, r.id): r for r in chain(made, after)}
    return list(latest.values())


def expected(made: Sequence[Reservation], wanted: Wanted) -> list[Reservation]:
    found = [
        r
        for r in made
        if r.vdn == wanted.vdn
        and r.state != "cancelled"
        and wanted.called_no in (None, r.called_no)
        and wanted.campaign_id in (None, r.campaign_id)
        and (wanted.agents is None or r.agent in wanted.agents)
        and (wanted.begin_at is None or r.appoint_at >= wanted.begin_at)
        and (wanted.end_at is None or r.appoint_at <= wanted.end_at)
    ]
    return sorted(found, key=lambda r: (r.appoint_at, r.id))


def found(store: SqlStore, wanted: Wanted) -> list[Reservation]:
    page = store.reservations.find(wanted)
    assert page.total >= len(page.listed)
    return [each.reservation for each in page.listed]


def filters(chance: Random) -> Iterator[Wanted]:
    """Every combination of the five filters, each with values by chance."""
    fields = ("called_no", "agents", "begin_at", "end_at", "campaign_id")
    for names in chain.from_iterable(combinations(fields, n) for n in range(6)):
        for _ in range(3):
            values = {
                "called_no": chance.choice((*NUMBERS, "444")),
                "agents": chance.sample(("ann", "bob", "cem", "nobody"), chance.randint(1, 4)),
                "begin_at": chance.choice(TIMES) + chance.choice((-1, 0, 1)),
                "end_at": chance.choice(TIMES) + chance.choice((-1, 0, 1)),
                "campaign_id": chance.choice((7, 8, 9, 10)),
            }
            yield Wanted(
                chance.choice((1, 2, 3)),
                0,
                1000,
                **{name: values[name] for name in names},  # type: ignore[arg-type]
            )


def test_every_combination_of_filters_finds_what_plain_python_finds(
    store: SqlStore, made: list[Reservation], chance: Random
) -> None:
    for wanted in filters(chance):
        right = expected(made, wanted)
        page = store.reservations.find(wanted)
        assert [each.reservation for each in page.listed] == right, wanted
        assert page.total == len(right), wanted


def test_pages_put_together_are_the_whole_list(
    store: SqlStore, made: list[Reservation], chance: Random
) -> None:
    whole = expected(made, Wanted(1, 0, 1000))
    size = chance.randint(3, 30)
    pages = [
        store.reservations.find(Wanted(1, offset, size))
        for offset in range(0, len(whole) + size, size)
    ]
    assert [each.reservation for page in pages for each in page.listed] == whole
    assert {page.total for page in pages} == {len(whole)}


def test_a_page_past_the_end_is_empty_and_knows_the_total(
    store: SqlStore, made: list[Reservation]
) -> None:
    page = store.reservations.find(Wanted(1, 10_000, 10))
    assert (page.listed, page.total) == ([], len(expected(made, Wanted(1, 0, 1))))


def test_no_agents_at_all_find_nothing(store: SqlStore, made: list[Reservation]) -> None:
    assert made
    page = store.reservations.find(Wanted(1, 0, 10, agents=[]))
    assert (page.total, page.listed) == (0, [])


def test_a_cancelled_one_is_never_listed_and_stays_findable_by_its_id(store: SqlStore) -> None:
    booked(store, booking(1))
    (cancelled,) = carry_out(store, order("r00001", Cancel()))
    assert store.reservations.find(Wanted(1, 0, 10)).total == 0
    assert store.reservations.with_id("r00001") == [cancelled]


def test_a_moved_one_is_listed_where_it_was_moved_to(store: SqlStore) -> None:
    booked(store, booking(1), booking(2, appoint_at=NOW + 2 * HOUR))
    carry_out(store, order("r00001", Move(appoint_at=NOW + 3 * HOUR)))
    assert [each.id for each in found(store, Wanted(1, 0, 10))] == ["r00002", "r00001"]


def test_a_list_names_campaign_and_agent_beside_each(opened: Opened) -> None:
    store = opened.store
    has_campaign(opened.session, 1, 8, name="gone", status="paused")
    named, other = booked(store, booking(1), booking(2, campaign_id="8", agent=None))
    with store.transaction():
        store.agents.name([AgentName(1, "ann", "Ann", NOW)])
    ends = NOW + 1000 * HOUR
    assert store.reservations.find(Wanted(1, 0, 10)).listed == [
        Listed(named, "campaign 7", "started", ends, None, "Ann"),
        Listed(other, "gone", "paused", ends, None, None),
    ]


def test_ids_are_ordered_as_bytes_on_either_engine(store: SqlStore) -> None:
    ids = ["-", "0", "9", "A", "Z", "_", "a", "z"]
    booked(store, *(booking(n, id=each) for n, each in enumerate(reversed(ids))))
    assert [each.id for each in found(store, Wanted(1, 0, 10))] == ids


def test_an_id_is_found_whatever_its_vdn(opener: Opener, opened: Opened) -> None:
    has_campaign(opened.session, 9999)
    book(opened.store, *(booking(1, vdn=vdn) for vdn in (9999, 1)))
    with opener.open().store.transaction():
        assert [r.vdn for r in opened.store.reservations.with_id("r00001")] == [1, 9999]
    assert opened.store.reservations.with_id("r00002") == []
