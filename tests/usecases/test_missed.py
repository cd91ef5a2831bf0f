"""How many promises nobody has kept, of all VDNs, as who watches over servers counts them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.instants import DAY_MS
from callkeeper.core.reservations.changes import Cancel, Result
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.transfer import Transfer
from callkeeper.usecases.missed import MissedPromises, count_missed
from tests.store.orders import (
    HOUR,
    NOW,
    Opened,
    Opener,
    booked,
    booking,
    carry_out,
    has_campaign,
    order,
)

MINUTE = 60_000
BY = Measure(grace_ms=30 * MINUTE)


@pytest.fixture
def opened(tmp_path: Path, database: str | None) -> Iterator[Opened]:
    """A database with a campaign in two VDNs."""
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        for vdn in (1, 9999):
            has_campaign(opened.session, vdn)
        yield opened


def counted(opened: Opened, now: int) -> tuple[int, int]:
    """Return how many are overdue, and how many broken."""

    async def count() -> MissedPromises:
        return await count_missed(AsyncStore(opened.store), BY, now)

    missed = asyncio.run(count())
    return missed.overdue, missed.broken


def test_of_nothing_nothing_is_missed(opened: Opened) -> None:
    assert counted(opened, NOW) == (0, 0)


def test_a_manual_one_is_overdue_from_its_time_on_and_broken_when_the_grace_is_over(
    opened: Opened,
) -> None:
    booked(opened.store, booking(1), booking(2, vdn=9999), booking(3, appoint_at=NOW + 3 * HOUR))
    time = NOW + HOUR
    assert counted(opened, time) == (0, 0)
    assert counted(opened, time + 1) == (2, 0)
    assert counted(opened, time + BY.grace_ms) == (2, 0)
    assert counted(opened, time + BY.grace_ms + 1) == (2, 2)


def test_one_that_was_called_or_cancelled_is_not_missed(opened: Opened) -> None:
    booked(opened.store, booking(1), booking(2), booking(3))
    carry_out(
        opened.store,
        order("r00001", Result(fail_code="00000"), at=NOW + 2 * HOUR),
        order("r00002", Cancel(), at=NOW + HOUR),
    )
    assert counted(opened, NOW + 3 * HOUR) == (1, 1)


def test_an_automatic_one_that_waits_too_long_is_broken_and_no_agents_to_call(
    opened: Opened,
) -> None:
    booked(opened.store, booking(1, kind="automatic"))
    assert counted(opened, NOW + HOUR + BY.grace_ms) == (0, 0)
    assert counted(opened, NOW + HOUR + BY.grace_ms + 1) == (0, 1)


def test_what_was_missed_longer_than_a_day_ago_is_not_counted(opened: Opened) -> None:
    booked(opened.store, booking(1))
    assert counted(opened, NOW + HOUR + DAY_MS) == (1, 1)
    assert counted(opened, NOW + HOUR + DAY_MS + 1) == (0, 0)


@pytest.mark.of_one_machine("no VDN is moved")
def test_those_of_a_vdn_that_was_moved_are_kept_elsewhere(opened: Opened) -> None:
    booked(opened.store, booking(1), booking(2, vdn=9999))
    with opened.store.transaction():
        opened.store.transfers.put(Transfer(9999, "t1", "gone", NOW))
    assert counted(opened, NOW + 3 * HOUR) == (1, 1)
